// Package library draws what a person may watch: the library, a video with its player, the devices that play. It
// takes entitlements, cards and positions as their modules hand them out and decides how they read.
package library

import (
	"strconv"
	"strings"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/views/address"
	"videomall/views/text"
	"videomall/views/ui"
)

func title(t *text.Printer, c catalog.Card) string { return t.Of(c.Title) }

// Title is a video's title in the reader's language.
func Title(t *text.Printer, c catalog.Card) string { return title(t, c) }

func creator(t *text.Printer, c catalog.Card) string { return t.Of(c.Creator) }

func cover(name string) ui.Image { return ui.Image{URL: address.CoverSet(name)} }

// standing is how an entitlement stands, for the line below a title.
func standing(t *text.Printer, e entitlement.Entitlement, now time.Time) string {
	switch {
	case e.RevokedAt != nil:
		return t.T("library.refunded")
	case e.Kind == entitlement.KindOwn:
		return t.T("library.owned")
	case e.ExpiresAt == nil:
		return t.N("library.rent_unstarted", e.RentHours)
	case !now.Before(*e.ExpiresAt):
		return t.T("library.rent_over")
	}
	return t.T("library.rent_ends", "When", t.Relative(*e.ExpiresAt, now))
}

// deviceName reads a label of the form browser/system.
func deviceName(t *text.Printer, label string) string {
	browser, system, _ := strings.Cut(label, "/")
	switch {
	case browser == "" && system == "":
		return t.T("library.device_unknown")
	case system == "":
		return browser
	case browser == "":
		return system
	}
	return t.T("library.device_on", "Browser", browser, "System", system)
}

func id(n int64) string { return strconv.FormatInt(n, 10) }
