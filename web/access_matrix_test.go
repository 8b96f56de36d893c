package web_test

import (
	"fmt"
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
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/media"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/promotion"
	"videomall/mall/webhook"
	"videomall/web"
)

// matrix is a mall with two creators, Ann and Bob, and two shoppers, Sam and Tim.
type matrix struct {
	*house
	echo   *echo.Echo
	routes []echo.Route // without HEAD, except for the one that is not derived from GET
	// things are the values of parameters, by the address up to the parameter. They are Ann's in the studio, and Sam's
	// elsewhere.
	things map[string]string
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
			t.Errorf("the guard of a group answers every address below %q: use page.Guarded", r.Path)
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

// fill creates what Ann and Sam have.
func (m *matrix) fill() {
	ann, sam := m.person("ann", account.RoleCreator), m.person("sam", account.RoleShopper)
	sku := m.Sells(990, -1)
	placed, _, err := m.Orders.Place(m.Ctx, order.PlaceRequest{
		UserID:         sam.ID,
		IdempotencyKey: "k",
		Items:          []order.Line{{SKUID: sku, Quantity: 1}},
	})
	m.OK(err)
	sold := m.Place(sam.ID, m.Sells(0, -1)) // free, so that no provider is asked
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
		Name:     locale.Text{Zh: "抢购", En: "Sale"},
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
		Name:       locale.Text{Zh: "套装", En: "Bundle"},
		Currency:   "CNY",
		PercentOff: 10,
		SKUIDs:     []int64{sku, m.Sells(500, -1)},
	})
	m.OK(err)
	upload, err := m.Media.Uploads.Begin(m.Ctx, ann.ID, media.NewUpload{
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

// address replaces the parameters of a route by the names of things. A parameter that names nobody's thing becomes "1".
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
				m.T.Errorf("the matrix has nothing of Ann's for %s", r.Path)
			}
			steps[n] = "1"
		}
	}
	return strings.Join(steps, "/")
}

// visitor returns a client that is signed in, or a guest if name is empty.
func (m *matrix) visitor(name, role string) *client {
	c := m.at("192.0.2.1")
	if name != "" {
		c.signIn(m.person(name, role))
	}
	return c
}

// restless are the tables that change by themselves: the sessions and those of the job queue.
var restless = []string{
	"account_session", "river_job", "river_leader", "river_queue", "river_client",
	"river_client_queue",
}

// digest returns a checksum of each table's rows.
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
