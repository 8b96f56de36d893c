package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/config"
	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/ledger"
	"videomall/mall/malltest"
	"videomall/mall/media"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/promotion"
	"videomall/mall/webhook"
	"videomall/web"
)

// open are the addresses that show or do the same for everybody, or judge by something else than who is signed in: a
// signature, a token, a cookie of their own. Every other address stands below one that this test knows a rule for.
var open = []string{
	"GET /", "GET /static/*", "GET /robots.txt", "GET /sitemap.xml", "GET /sitemaps/:part",
	"GET /favicon.ico", "GET /apple-touch-icon.png", "GET /apple-touch-icon-precomposed.png",
	"GET /manifest.webmanifest",
	"GET /.well-known/security.txt", "GET /.well-known/change-password",
	"POST /preferences",
	"GET /videos", "GET /search", "GET /c/:category", "GET /creators/:creator", "GET /v/:slug", "GET /v/:slug/reviews",
	"GET /sales", "GET /sales/:id", "GET /sales/:id/events", "GET /queue/:name", "POST /queue/:name/leave",
	"GET /sell", "GET /sign-in", "POST /sign-in", "GET /sign-up", "POST /sign-up", "POST /sign-out",
	"GET /series/:slug", "GET /bundles/:id", "GET /terms", "GET /privacy", "GET /refunds", "GET /contact", "POST /seen",
	"POST /seen/:spuId",
	"GET /try/:slug", "GET /try/:slug/auth", "POST /try/:slug/auth",
	"GET /cart", "POST /v/:slug/free", "POST /cart/items", "POST /cart/items/:sku", "POST /cart/items/:sku/remove",
	"GET /media/trailers/:video/:file", "GET /media/covers/:file", "GET /media/avatars/:file",
	"GET /p/:token/:video/master.m3u8", "GET /p/:token/:video/:rendition/index.m3u8", "GET /k/:token/:video/:number",
	"GET /s/:exp/:session/:sig/:video/:folder/:file", "POST /api/v1/mall/play/heartbeat",
	"GET /sandbox/pay/:token", "POST /sandbox/pay/:token/pay", "POST /sandbox/pay/:token/fail",
	"GET /api/openapi.json", "GET /api/v1/mall/videos", "GET /api/v1/mall/videos/:skuId", "GET /api/v1/mall/campaigns",
	"POST /api/v1/mall/payments/callback", "POST /api/v1/mall/payments/callback/:provider",
	"POST /api/v1/mall/auth/token", "DELETE /api/v1/mall/auth/token",
}

// own are the addresses of a person's things. With parameters they name what is Sam's: for others it does not exist.
var own = []string{"/account", "/checkout", "/orders", "/library", "/watch", "/v/:slug/reviews", "/sales/:id/buy",
	"/bundles/:id/buy", "/preview",
	"/api/v1/mall/orders", "/api/v1/mall/payments/:orderNo", "/api/v1/mall/me", "/api/v1/mall/play"}

// shared are addresses of a person's things whose parameters name something public, or the one who asks.
var shared = []string{"POST /v/:slug/reviews", "POST /sales/:id/buy", "GET /watch/:slug",
	"POST /bundles/:id/buy", "GET /preview/:assetId/auth", "POST /preview/:assetId/auth",
	"GET /studio/earnings/statements/:month",
	"GET /studio/earnings/statements/:month/csv", "GET /studio/earnings/statements/:month/pdf",
	"POST /account/devices/:number/end",
	// What an address of uploads is capable of is the same whether or not there is an upload by that id.
	"OPTIONS /studio/uploads/tus/:id",
	"GET /api/v1/mall/play/auth/:videoId", "POST /api/v1/mall/play/auth/:videoId"}

// early are addresses that answer every creator alike before they look for whose it is: where files lie in a folder, as
// here, no addresses of a bucket are signed, and OPTIONS says what the protocol of uploads offers.
var early = map[string]int{
	addressPost:          409,
	"OPTIONS " + tusPath: 204,
}

// doors are first pages of a room that lead whoever may not enter to the page that says how one comes in.
var doors = map[string]string{"GET /studio": "/sell"}

// matrix is a mall in which Ann makes and Sam buys, Bob makes too and Tim buys too.
type matrix struct {
	*house
	echo   *echo.Echo
	routes []echo.Route // without HEAD where it is GET's shadow
	// things are what the parameters of an address name, by the address up to the parameter: Ann's in the studio, Sam's
	// elsewhere.
	things map[string]string
}

// TestNobodyReachesWhatIsAnothers asks for every address that the server knows as everybody who must not, with the ids
// of what is another's. It fails for a route that it has no rule for, so that nobody adds one without saying whose it
// is.
func TestNobodyReachesWhatIsAnothers(t *testing.T) {
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
					t.Errorf("%s: %s %s: %d %s, want to be led to %s", c.who, r.Method, r.Path, a.status, location,
						lead)
				}
				continue
			}
			if !slices.Contains(want, a.status) || (a.status == 303 && !strings.HasPrefix(location, "/sign-in")) {
				t.Errorf("%s: %s %s: %d %s, want one of %v", c.who, r.Method, r.Path, a.status, location, want)
			}
		}
		if after := m.digest(); !maps.Equal(before, after) {
			for table := range after {
				if before[table] != after[table] {
					t.Errorf("%s has changed %s", c.who, table)
				}
			}
		}
	}
	if asked < len(m.routes) {
		t.Errorf("only %d requests at %d addresses", asked, len(m.routes))
	}
}

// Addresses that look at what was sent before they look for whose it is, so that it has to be right.
const (
	tusPath      = "/studio/uploads/tus/:id"
	tusPost      = "POST /studio/uploads/tus/:id"
	captionsPost = "POST /studio/videos/:id/captions"
	addressPost  = "POST /studio/uploads/parts/:id/addresses"
)

// body is something that a route can read.
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

// below says whether an address is that room or in it.
func below(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }

// foreign says that an address names something of Sam's.
func foreign(method, path string) bool {
	return strings.Contains(path, ":") && !slices.Contains(shared, method+" "+path) &&
		slices.ContainsFunc(own, func(room string) bool { return below(path, room) })
}

// TestEveryAddressHasARuleOfAccess holds the lists above against the server.
func TestEveryAddressHasARuleOfAccess(t *testing.T) {
	m := newMatrix(t)
	known := map[string]bool{}
	for _, r := range m.routes {
		name := r.Method + " " + r.Path
		known[name] = true
		isOpen := slices.Contains(open, name)
		ruled := below(r.Path, "/studio") || below(r.Path, "/admin") ||
			slices.ContainsFunc(own, func(room string) bool {
				return below(r.Path, room)
			})
		if isOpen && (below(r.Path, "/studio") || below(r.Path, "/admin")) {
			t.Errorf("%s is said to be open", name)
		}
		if !isOpen && !ruled {
			t.Errorf("nothing says who may ask for %s", name)
		}
	}
	for _, name := range slices.Concat(open, shared, slices.Collect(maps.Keys(doors))) {
		if !known[name] {
			t.Errorf("%s is no address of the server", name)
		}
	}
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	t.Parallel()
	m := malltest.Open(t, "")
	cfg := &config.Config{
		Proxies:   []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		PublicURL: "http://mall.example",
	}
	handler := web.New(web.Deps{
		Mall:    m.Mall,
		Config:  cfg,
		Log:     m.Log,
		Metrics: m.Metrics,
		Now:     m.Now,
		Covers:  fstest.MapFS{},
		Avatars: fstest.MapFS{},
	})
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	x := &matrix{house: &house{m, server.URL}, echo: handler.(*echo.Echo)}
	for _, r := range x.echo.Routes() {
		if r.Method == echo.RouteNotFound {
			t.Errorf("a group's guard answers for every address below %q: page.Guarded has none", r.Path)
		}
		if r.Method != http.MethodHead || r.Path == tusPath {
			x.routes = append(x.routes, *r)
		}
	}
	slices.SortFunc(x.routes, func(a, b echo.Route) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	x.fill()
	return x
}

// fill makes what Ann and Sam have.
func (m *matrix) fill() {
	ann, sam := m.person("ann", account.RoleCreator), m.person("sam", account.RoleShopper)
	sku := m.Sells(990, -1)
	placed, _, err := m.Orders.Place(m.Ctx, order.PlaceRequest{
		UserID:         sam.ID,
		IdempotencyKey: "k",
		Items:          []order.Line{{SKUID: sku, Quantity: 1}},
	})
	m.OK(err)
	sold := m.Place(sam.ID, m.Sells(0, -1)) // costs nothing, so that no bank is asked
	m.OK(m.Orders.Deliver(m.Ctx, sold.OrderNo))
	m.OK(db.InTx(m.Ctx, m.Pool, func(tx pgx.Tx) error {
		return m.Orders.CountCustomersTx(m.Ctx, tx, order.Event{
			UserID: sam.ID,
			Items:  []order.EventItem{{CreatorID: ann.ID}},
		})
	}))
	review, err := m.Catalog.AddReview(m.Ctx, catalog.NewReview{
		SPUID:  sold.Items[0].SPUID,
		UserID: sam.ID,
		Owned:  true,
		Author: "Sam",
		Rating: 5,
		Locale: "en",
	})
	m.OK(err)
	sale, err := m.Promotions.Create(m.Ctx, promotion.Actor{UserID: ann.ID, Operator: true}, promotion.Draft{
		NameZh:   "抢购",
		NameEn:   "Sale",
		StartsAt: m.Now().Add(time.Hour),
		EndsAt:   m.Now().Add(2 * time.Hour),
		Items: []promotion.Item{{
			SKUID:   sku,
			Amount:  money.Of(490, "CNY"),
			Units:   5,
			PerUser: 1,
		}},
	})
	m.OK(err)
	anns := promotion.Actor{UserID: ann.ID}
	coupon, err := m.Promotions.CreateCoupon(m.Ctx, anns, "SUMMER", promotion.Terms{
		Currency:   "CNY",
		PercentOff: 10,
		ValidFrom:  m.Now(),
		ValidUntil: m.Now().Add(time.Hour),
		TotalLimit: 5,
		PerUser:    1,
	})
	m.OK(err)
	bundle, err := m.Promotions.CreateBundle(m.Ctx, ann.ID, promotion.BundleTerms{
		NameZh:     "套装",
		NameEn:     "Bundle",
		Currency:   "CNY",
		PercentOff: 10,
		SKUIDs:     []int64{sku, m.Sells(500, -1)},
	})
	m.OK(err)
	upload, err := m.Media.BeginUpload(m.Ctx, ann.ID, media.NewUpload{
		Name: "film.mp4",
		Type: "video/mp4",
		Size: 100,
	})
	m.OK(err)
	video := malltest.Query[int64](m.Mall, `insert into media_video (owner_id, name, original, size, created_at,
		updated_at)
		values (1, 'film.mp4', 'originals/x', 100, now(), now()) returning id`)[0]
	hook, _, err := m.Webhooks.Add(m.Ctx, ann.ID, webhook.Draft{URL: "https://hooks.shop.com/", Types: webhook.Types()})
	m.OK(err)
	delivery := malltest.Query[int64](m.Mall, `insert into webhook_delivery (endpoint_id, message_id, type, aggregate,
		body, next_at, created_at)
		select id, 'msg_1', 'order.paid', 'order:1', '{}', now(), now() from webhook_endpoint returning id`)[0]
	m.Credit(ann.ID, 5000)
	m.OK(m.Ledger.SetDestination(m.Ctx, ann.ID, ledger.Destination{Name: "Ann", Account: "6222 0000 1111 2222"}))
	payout, err := m.Ledger.RequestPayout(m.Ctx, ann.ID, money.Of(2000, "CNY"), "k")
	m.OK(err)
	m.things = map[string]string{
		"/orders/:orderNo":                          placed.OrderNo,
		"/checkout/:orderNo":                        placed.OrderNo,
		"/api/v1/mall/orders/:orderNo":              placed.OrderNo,
		"/api/v1/mall/payments/:orderNo":            placed.OrderNo,
		"/studio/sales/:id":                         fmt.Sprint(sale.ID),
		"/studio/listings/:id":                      fmt.Sprint(sold.Items[0].SPUID),
		"/studio/listings/:id/prices/:price":        "1",
		"/studio/offers/coupons/:id":                fmt.Sprint(coupon.ID),
		"/studio/offers/bundles/:id":                fmt.Sprint(bundle.ID),
		"/studio/uploads/tus/:id":                   upload.ID,
		"/studio/uploads/parts/:id":                 upload.ID,
		"/studio/videos/:id":                        fmt.Sprint(video),
		"/studio/videos/:id/posters/:n":             "0",
		"/studio/insight/:spuId":                    fmt.Sprint(sold.Items[0].SPUID),
		"/studio/webhooks/:id":                      fmt.Sprint(hook.ID),
		"/studio/webhooks/:id/deliveries/:delivery": fmt.Sprint(delivery),
		"/studio/earnings/payouts/:id":              fmt.Sprint(payout.ID),
		"/studio/orders/:orderNo":                   sold.OrderNo,
		"/studio/customers/:user":                   fmt.Sprint(sam.ID),
		"/studio/reviews/:id":                       fmt.Sprint(review.ID),
		"/admin/orders/:orderNo":                    placed.OrderNo,
		"/admin/pages/:page":                        "terms",
	}
}

// address puts names of things in the place of parameters. What is no thing of somebody's gets a name that leads
// nowhere.
func (m *matrix) address(r echo.Route) string {
	steps := strings.Split(r.Path, "/")
	for prefix, thing := range m.things {
		if below(r.Path, prefix) {
			steps[strings.Count(prefix, "/")] = thing
		}
	}
	for n, step := range steps {
		if strings.HasPrefix(step, ":") {
			if below(r.Path, "/studio") && !slices.Contains(shared, r.Method+" "+r.Path) {
				m.T.Errorf("nothing of Ann's is known for %s", r.Path)
			}
			steps[n] = "1"
		}
	}
	return strings.Join(steps, "/")
}

// visitor is a browser with somebody signed in, or nobody.
func (m *matrix) visitor(name, role string) *client {
	c := m.at("192.0.2.1")
	if name != "" {
		c.signIn(m.person(name, role))
	}
	return c
}

// restless are tables that remember who was there, and what the job queue does by itself.
var restless = []string{"account_session", "river_job", "river_leader", "river_queue", "river_client",
	"river_client_queue"}

// digest is a sum of each table's rows.
func (m *matrix) digest() map[string]string {
	rows, err := m.Pool.Query(m.Ctx, `select tablename from pg_tables where schemaname = 'public'
		and tablename <> all($1)`, restless)
	m.OK(err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	m.OK(err)
	sums := map[string]string{}
	for _, table := range tables {
		var sum string
		m.OK(m.Pool.QueryRow(m.Ctx, fmt.Sprintf(`select coalesce(md5(string_agg(t::text, '|' order by t::text)), '')
			from %s t`,
			pgx.Identifier{table}.Sanitize())).Scan(&sum))
		sums[table] = sum
	}
	return sums
}
