// Package shed keeps a busy mall useful: it bounds how many requests of each class are answered at once, lets the bound
// follow how fast answers are, and refuses what is over it at once, by an answer that costs nothing. What earns gets more
// room than what only informs: notices of payment, then playing, ordering, pages, reports.
package shed

import (
	"strings"

	"videomall/static"
	"videomall/web/api"
	"videomall/web/mailhook"
	"videomall/web/play"
	"videomall/web/studio/uploads"
	"videomall/web/studio/videos"
)

// Class is a kind of request that shares a bound, from what is refused first to what is refused last.
type Class int

// The classes.
const (
	Report  Class = iota // exports and maps of the site, for programs that come again
	Page                 // whatever is looked at
	Order                // what leads to an order: sales, cart, checkout, sign-in
	Pay                  // what asks a payment provider, which may take seconds
	Play                 // keys, playlists, tokens and the player's page for people who watch
	Payment              // notices of payment providers
	classes
)

// String returns the name of the class in metrics.
func (c Class) String() string {
	return [classes]string{"report", "page", "order", "pay", "play", "payment"}[c]
}

// Of returns the class of a route, by its pattern. bounded is false for what is not bounded: static files and the parts
// of videos, which cost little and last as long as their reader's line is slow, and streams and uploads, which last as
// long as somebody looks or sends.
func Of(route string) (class Class, bounded bool) {
	under := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if route == p || strings.HasPrefix(route, strings.TrimSuffix(p, "/")+"/") {
				return true
			}
		}
		return false
	}
	switch {
	case route == "", strings.HasPrefix(route, static.Prefix), under("/media", "/s"),
		strings.HasPrefix(route, "/apple-touch-icon"), route == "/robots.txt", route == "/favicon.ico",
		route == "/manifest.webmanifest", route == "/sales/:id/events", uploads.TakesFiles(route),
		videos.TakesCaptions(route):
		return 0, false
	case under(api.Prefix + "/payments/callback"):
		return Payment, true
	case under("/k", "/p", "/watch", "/library", api.Prefix+"/play"), strings.HasPrefix(route, "/preview/"),
		route == play.FreeRoute:
		return Play, true
	case under(api.Prefix+"/payments", "/orders/:orderNo/pay"), route == "/orders/:orderNo/ask",
		strings.HasSuffix(route, "/orders/:orderNo/cancel"):
		return Pay, true
	case strings.HasSuffix(route, "csv"), strings.HasSuffix(route, "pdf"), under("/sitemap.xml", "/sitemaps"),
		strings.HasPrefix(route, "/admin/reconciliation"), strings.HasPrefix(route, "/admin/providers"):
		return Report, true
	case under("/cart", "/checkout", "/orders", "/sandbox", "/sales", "/queue", "/buy", "/sign-in", "/sign-up", "/sign-out",
		"/forgot-password", "/reset-password", "/setup", "/unsubscribe", api.Prefix+"/orders", api.Prefix+"/auth"),
		route == "/v/:slug/free", route == "/bundles/:id/buy", route == mailhook.Route:
		return Order, true
	}
	return Page, true
}
