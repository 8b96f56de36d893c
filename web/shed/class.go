// Package shed keeps a busy mall useful: it bounds how many requests of each class are answered at once, lets the bound
// follow how fast answers are, and refuses what is over it at once, by an answer that costs nothing. What earns gets more
// room than what only informs: notices of payment, then playing, ordering, pages, reports.
package shed

import (
	"net/http"
	"strings"

	"videomall/static"
	"videomall/web/api"
	"videomall/web/studio/uploads"
)

// Class is a kind of request that shares a bound, from what is refused first to what is refused last.
type Class int

// The classes.
const (
	Report  Class = iota // exports and maps of the site, for programs that come again
	Page                 // whatever is looked at
	Order                // what leads to a paid order: cart, checkout, sign-in
	Play                 // keys, playlists and tokens of people who watch
	Payment              // notices of payment providers
	classes
)

// String returns the name of the class in metrics.
func (c Class) String() string {
	return [classes]string{"report", "page", "order", "play", "payment"}[c]
}

// Of returns the class of a route, by its pattern. bounded is false for what is not bounded: static files and the parts
// of videos, which cost little and last as long as their reader's line is slow, and streams and uploads, which last as
// long as somebody looks or sends.
func Of(method, route string) (class Class, bounded bool) {
	under := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if route == p || strings.HasPrefix(route, strings.TrimSuffix(p, "/")+"/") {
				return true
			}
		}
		return false
	}
	switch {
	case route == "", strings.HasPrefix(route, static.Prefix), under("/media", "/s"), strings.HasPrefix(route, "/apple-touch-icon"),
		route == "/robots.txt", route == "/favicon.ico", route == "/manifest.webmanifest",
		strings.HasSuffix(route, "/events"), method == http.MethodPost && uploads.TakesFiles(route):
		return 0, false
	case under(api.Prefix + "/payments/callback"):
		return Payment, true
	case under("/k", "/p", api.Prefix+"/play"), strings.HasPrefix(route, "/preview/"):
		return Play, true
	case strings.HasSuffix(route, ".csv"), strings.HasSuffix(route, ".zip"), under("/sitemap.xml", "/sitemaps"):
		return Report, true
	case under("/cart", "/buy", "/checkout", "/orders", "/sandbox", "/sign-in", "/sign-up", "/queue", api.Prefix+"/orders",
		api.Prefix+"/payments", api.Prefix+"/auth", "/sales/:id/buy", "/v/:slug/free"):
		return Order, true
	}
	return Page, true
}
