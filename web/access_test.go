package web_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
)

// open are the addresses that show or do the same for everybody, or that check something other than who is signed in: a
// signature, a token, a cookie of their own. Every other address lies below one that this test has a rule for.
var open = []string{
	"GET /", "GET /static/*", "GET /robots.txt", "GET /sitemap.xml", "GET /sitemaps/:part",
	"GET /favicon.ico", "GET /apple-touch-icon.png", "GET /apple-touch-icon-precomposed.png",
	"GET /manifest.webmanifest",
	"GET /.well-known/security.txt", "GET /.well-known/change-password",
	"POST /preferences",
	"GET /videos", "GET /search", "GET /c/:category", "GET /creators/:creator", "GET /v/:slug", "GET /v/:slug/reviews",
	"GET /sales", "GET /sales/:id", "GET /sales/:id/events", "GET /queue/:name", "POST /queue/:name/leave",
	"GET /sell", "GET /sign-in", "POST /sign-in", "GET /sign-up", "POST /sign-up", "POST /sign-out",
	"GET /sign-in/passkey", "POST /sign-in/passkey", "POST /sign-in/passkey/ask",
	"GET /sign-in/step", "POST /sign-in/step", "POST /sign-in/step/ask",
	"GET /forgot-password", "POST /forgot-password", "GET /reset-password", "POST /reset-password",
	"GET /setup", "POST /setup", // of a mall without operators, by a code
	"GET /verify-email", "POST /verify-email",
	"GET /unsubscribe/:token", "POST /unsubscribe/:token", "POST /api/v1/mail/events", // signed
	"GET /creators/:creator/follow", "GET /creators/:creator/unfollow", // lead to the creator
	"GET /mailbox", "GET /mailbox/:id", "GET /mailbox/:id/html", "GET /mailbox/:id/files/:n", // of a demo
	"GET /series/:slug", "GET /bundles/:id", "GET /terms", "GET /privacy", "GET /refunds", "GET /contact", "POST /seen",
	"POST /seen/:spuId",
	"GET /try/:slug", "GET /try/:slug/auth", "POST /try/:slug/auth",
	// Of partners: a link that was signed, and requests that are.
	"GET /buy/:token", "GET /api/v1/mall/partner/key", "GET /api/v1/mall/partner/videos",
	"GET /api/v1/mall/partner/videos/:skuId", "POST /api/v1/mall/partner/links", "GET /api/v1/mall/partner/orders",
	"GET /cart", "POST /v/:slug/free", "POST /cart/items", "POST /cart/items/:sku", "POST /cart/items/:sku/remove",
	"GET /media/trailers/:video/:file", "GET /media/covers/:file", "GET /media/avatars/:file",
	"GET /p/:token/:video/master.m3u8", "GET /p/:token/:video/:rendition/index.m3u8", "GET /k/:token/:video/:number",
	"GET /s/:exp/:session/:sig/:video/:folder/:file", "POST /api/v1/mall/play/heartbeat",
	"GET /sandbox/pay/:token", "POST /sandbox/pay/:token/pay", "POST /sandbox/pay/:token/fail",
	"POST /sandbox/pay/:token/dispute",
	"GET /api/openapi.json", "GET /api/v1/mall/videos", "GET /api/v1/mall/videos/:skuId", "GET /api/v1/mall/campaigns",
	"POST /api/v1/mall/payments/callback", "POST /api/v1/mall/payments/callback/:provider",
	"POST /api/v1/mall/auth/token", "DELETE /api/v1/mall/auth/token",
}

// own are the addresses of a person's things. Their parameters name what is Sam's, which others must not learn of.
var own = []string{
	"/account", "/change-email", "/checkout", "/orders", "/library", "/watch", "/v/:slug/reviews", "/sales/:id/buy",
	"/bundles/:id/buy", "/preview", "/creators/:creator/follow", "/creators/:creator/unfollow",
	"/api/v1/mall/orders", "/api/v1/mall/payments/:orderNo", "/api/v1/mall/me", "/api/v1/mall/play",
}

// shared are addresses of a person's things whose parameters name something public, or something of the requester.
var shared = []string{
	"POST /v/:slug/reviews", "POST /sales/:id/buy", "GET /watch/:slug",
	"POST /bundles/:id/buy", "GET /preview/:assetId/auth", "POST /preview/:assetId/auth",
	"GET /studio/earnings/statements/:month",
	"GET /studio/earnings/statements/:month/csv", "GET /studio/earnings/statements/:month/pdf",
	"POST /account/devices/:number/end", "POST /creators/:creator/follow", "POST /creators/:creator/unfollow",
	"GET /account/following/:creator",
	// OPTIONS describes the protocol of uploads, whether or not an upload has that id.
	"OPTIONS /studio/uploads/tus/:id",
	"GET /api/v1/mall/play/auth/:videoId", "POST /api/v1/mall/play/auth/:videoId",
}

// early are addresses that answer every creator alike, before they check the owner. Files lie in a folder here, so no
// addresses of a bucket are signed; OPTIONS describes the protocol of uploads.
var early = map[string]int{
	addressPost:          409,
	"OPTIONS " + tusPath: 204,
}

// doors are the first pages of areas that redirect people without the role to the page that explains how to get it.
var doors = map[string]string{"GET /studio": "/sell"}

// TestAccess_others_get_404 requests every address of the server as everybody who must not have it, with the ids of
// somebody else's things, and checks that no table changes.
func TestAccess_others_get_404(t *testing.T) {
	m := newMatrix(t)
	guest, tim, bob, operator := m.visitor("", ""), m.visitor("tim", account.RoleShopper), m.visitor("bob",
		account.RoleCreator), m.visitor("olga", account.RoleOperator)
	asked := 0
	for _, c := range []struct {
		who    string
		client *client
		may    func(method, path string) (status []int, asks bool)
	}{
		{"a guest", guest, func(_, path string) ([]int, bool) { return []int{303, 401}, true }},
		{"another shopper", tim, func(method, path string) ([]int, bool) {
			return []int{404}, below(path, "/studio") || below(path, "/admin") || foreign(method, path)
		}},
		{"another creator", bob, func(method, path string) ([]int, bool) {
			return []int{404}, below(path, "/admin") || foreign(method, path) ||
				(below(path, "/studio") && strings.Contains(path, ":") && !slices.Contains(shared, method+" "+path))
		}},
		{"an operator", operator, func(method, path string) ([]int, bool) {
			return []int{404}, below(path, "/studio") || foreign(method, path)
		}},
	} {
		before := m.digest()
		for _, r := range m.routes {
			want, asks := c.may(r.Method, r.Path)
			if slices.Contains(open, r.Method+" "+r.Path) || !asks {
				continue
			}
			headers := []string{"Content-Type", kind(r), "Tus-Resumable", "1.0.0", "Upload-Offset", "0"}
			if r.Method+" "+r.Path == tusPost {
				headers = append(headers, "X-HTTP-Method-Override", http.MethodPatch)
			}
			a := c.client.ask(r.Method, m.address(r), body(r), headers...)
			asked++
			if status, known := early[r.Method+" "+r.Path]; known && c.who == "another creator" {
				want = []int{status}
			}
			location := a.header.Get("Location")
			if lead, is := doors[r.Method+" "+r.Path]; is {
				if a.status != 303 || location != lead {
					t.Errorf("%s: %s %s: got %d to %q, want 303 to %s", c.who, r.Method, r.Path, a.status, location,
						lead)
				}
				continue
			}
			if !slices.Contains(want, a.status) || (a.status == 303 && !strings.HasPrefix(location, "/sign-in")) {
				t.Errorf("%s: %s %s: got %d to %q, want one of %v", c.who, r.Method, r.Path, a.status, location, want)
			}
		}
		if after := m.digest(); !maps.Equal(before, after) {
			for table := range after {
				if before[table] != after[table] {
					t.Errorf("requests of %s changed table %s", c.who, table)
				}
			}
		}
	}
	if asked < len(m.routes) {
		t.Errorf("got only %d requests for %d addresses", asked, len(m.routes))
	}
}

// Addresses that check the body before they check the owner, so the body has to be valid.
const (
	tusPath      = "/studio/uploads/tus/:id"
	tusPost      = "POST /studio/uploads/tus/:id"
	captionsPost = "POST /studio/videos/:id/captions"
	addressPost  = "POST /studio/uploads/parts/:id/addresses"
)

// body returns a body that the route can parse.
func body(r echo.Route) string {
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return ""
	case r.Method+" "+r.Path == captionsPost:
		return "--x\r\nContent-Disposition: form-data; name=\"language\"\r\n\r\nen\r\n" +
			"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"en.vtt\"\r\n\r\nWEBVTT\n\n00:00.000 " +
			"--> 00:01.000\nHello\n\r\n--x--\r\n"
	case r.Method+" "+r.Path == addressPost:
		return `{"numbers": [1]}`
	case kind(r) == echo.MIMEApplicationJSON:
		return `{"provider": "sandbox"}`
	}
	return "version=1"
}

func kind(r echo.Route) string {
	switch name := r.Method + " " + r.Path; {
	case name == captionsPost:
		return "multipart/form-data; boundary=x"
	case r.Method == http.MethodPatch, name == tusPost:
		return "application/offset+octet-stream"
	case below(r.Path, "/api"), name == addressPost:
		return echo.MIMEApplicationJSON
	}
	return echo.MIMEApplicationForm
}

// below reports whether an address is that area or in it.
func below(path, area string) bool { return path == area || strings.HasPrefix(path, area+"/") }

// foreign reports whether an address names something of Sam's.
func foreign(method, path string) bool {
	return strings.Contains(path, ":") && !slices.Contains(shared, method+" "+path) &&
		slices.ContainsFunc(own, func(area string) bool { return below(path, area) })
}

// TestAccess_every_route_has_a_rule compares the lists above with the routes of the server.
func TestAccess_every_route_has_a_rule(t *testing.T) {
	m := newMatrix(t)
	known := map[string]bool{}
	for _, r := range m.routes {
		name := r.Method + " " + r.Path
		known[name] = true
		isOpen := slices.Contains(open, name)
		ruled := below(r.Path, "/studio") || below(r.Path, "/admin") ||
			slices.ContainsFunc(own, func(area string) bool {
				return below(r.Path, area)
			})
		if isOpen && (below(r.Path, "/studio") || below(r.Path, "/admin")) {
			t.Errorf("%s is listed as open but belongs to the studio or the console", name)
		}
		if !isOpen && !ruled {
			t.Errorf("%s: no rule says who may request it", name)
		}
	}
	for _, name := range slices.Concat(open, shared, slices.Collect(maps.Keys(doors))) {
		if !known[name] {
			t.Errorf("%s is in a list but not a route of the server", name)
		}
	}
}
