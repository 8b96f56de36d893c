// Package address knows the addresses that pages of several areas lead to: a product, its player, its cover. It refuses
// to know who may go there. Each address begins at the mall's root; where an absolute one is needed, PUBLIC_URL goes
// before it.
package address

import (
	"net/url"
	"strconv"

	"videomall/mall/media"
)

// Product is a product's page.
func Product(slug string) string { return "/v/" + url.PathEscape(slug) }

// Watch is where a video plays for those who hold it.
func Watch(slug string) string { return "/watch/" + url.PathEscape(slug) }

// Start is Watch of a rental that has just been given, whose time begins with the press that led there.
func Start(slug string) string { return Watch(slug) + "?start=new" }

// Try is where the free minutes of a video play.
func Try(slug string) string { return "/try/" + url.PathEscape(slug) }

// AnyWidth stands in the address of a picture where one of media.CoverWidths goes.
const AnyWidth = "{w}"

// CoverHeight is the height of a cover that is media.CoverLarge wide, in pixels.
const CoverHeight = media.CoverLarge * 9 / 16

// Cover is a cover at one of media.CoverWidths; empty without a cover. name is what a listing keeps of it.
func Cover(name string, width int) string { return cover(name, strconv.Itoa(width)) }

// CoverSet is Cover with AnyWidth in the place of the width.
func CoverSet(name string) string { return cover(name, AnyWidth) }

func cover(name, width string) string {
	if name == "" {
		return ""
	}
	return "/media/covers/" + url.PathEscape(name) + "-" + width + ".webp"
}
