// Package webtest opens a small mall behind a real HTTP server, on a PostgreSQL and a Redis of the test's own, for
// tests of handlers. It knows how modules are joined and nothing of what a page should say.
package webtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall"
	"videomall/mall/account"
	"videomall/mall/cart"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/entitlement"
	"videomall/mall/exchange"
	"videomall/mall/inventory"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
	"videomall/mall/tax"
	"videomall/telemetry"
	"videomall/views"
	"videomall/web/page"
)

// Mall is the business with its server. Its clock runs, and jumps when a test says so.
type Mall struct {
	Pool         *pgxpool.Pool
	Jobs         *river.Client[pgx.Tx] // inserts and looks up; no worker runs
	Sessions     *account.Sessions
	Accounts     *account.Accounts
	Site         *page.Site
	Carts        *cart.Carts
	Catalog      *catalog.Catalog
	Listings     *listing.Listings
	Inventory    *inventory.Inventory
	Entitlements *entitlement.Entitlements
	Payments     *payment.Payments
	Promotions   *promotion.Promotions
	Sandbox      *sandbox.Sandbox
	Outbox       *outbox.Outbox
	Orders       *order.Orders
	Exchange     *exchange.Exchange // of CNY; it offers nothing else until a test adds a currency
	Taxes        *tax.Taxes         // of a shop in Germany; it has no rates until a test adds some
	URL          string             // the server's address, without a trailing slash

	t        testing.TB
	ahead    atomic.Int64
	videos   int
	category int64
	signIn   string // a path nobody else knows
}

// Options choose what a test's mall does differently.
type Options struct {
	// Routes registers the pages under test.
	Routes func(*echo.Group, *Mall)
	// CartCount, Awaiting, OnSignIn and Notice are handed on as the program does; nil leaves them out.
	CartCount func(*Mall) func(context.Context, *page.Ctx) (int, error)
	Awaiting  func(*Mall) func(context.Context, *page.Ctx) (views.Awaiting, error)
	OnSignIn  func(*Mall) func(context.Context, *page.Ctx, int64) error
	Notice    func(*Mall) func(context.Context, *page.Ctx) (*views.Notice, error)
	// Suspended reports whether operators have suspended the account; nil suspends nobody.
	Suspended func(ctx context.Context, userID int64) bool
	// Listing is what listings need of videos, stock and the review desk; Open adds the rest.
	Listing listing.Deps
	// Device names the browser that asks, as the program's own does; nil knows of no devices.
	Device func(echo.Context) []byte
	// Redis is used instead of the test's own, such as one that is away.
	Redis *redis.Client
	// Provider can wrap the mall's payment provider.
	Provider func(*Mall, payment.Provider) payment.Provider
}

// Now is the mall's clock.
func (m *Mall) Now() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) }

// Advance lets time pass.
func (m *Mall) Advance(by time.Duration) { m.ahead.Add(int64(by)) }

// Open builds the mall and serves it until the test ends.
func Open(t testing.TB, o Options) *Mall {
	t.Helper()
	pool, rdb := dbtest.New(t), o.Redis
	if rdb == nil {
		rdb = dbtest.Redis(t)
	}
	pools := db.Pools{Primary: pool, Replica: pool}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	m := &Mall{
		t:      t,
		Pool:   pool,
		signIn: "/" + rand.Text(),
	}
	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	m.must(err)
	e := echo.New()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	m.URL, m.Jobs = server.URL, jobs

	m.Accounts = account.New(account.Deps{
		Pool:  pool,
		Redis: rdb,
		Log:   log,
		Now:   m.Now,

		Suspended: o.Suspended,
	})
	m.Carts = cart.New(cart.Deps{
		Pool: pool,
		Now:  m.Now,
	})
	m.Catalog, m.Inventory = catalog.New(catalog.Deps{
		Pools: pools,
		Now:   m.Now,
	}), inventory.New(inventory.Deps{
		Pool: pool,
		Now:  m.Now,
	})
	o.Listing.Pools = pools
	o.Listing.Now = m.Now
	o.Listing.Catalog = m.Catalog
	m.Listings = listing.New(o.Listing)
	m.Exchange = exchange.New(exchange.Deps{
		Pool: pool,
		Now:  m.Now,
		Base: listing.Currency,
	})
	m.Promotions = mall.Promotions(mall.PromotionsDeps{
		Pool:      pool,
		Catalog:   m.Catalog,
		Inventory: m.Inventory,
		Now:       m.Now,
	})
	m.Entitlements, m.Outbox = entitlement.New(entitlement.Deps{
		Pools: pools,
		Now:   m.Now,
	}), outbox.New(outbox.Deps{
		Pool: pool,
		Now:  m.Now,
	})
	m.Sandbox = sandbox.New(sandbox.Deps{
		Pool:  pool,
		River: jobs,
		Options: sandbox.Options{
			Secret:    "sandbox-secret",
			PublicURL: m.URL,
			NotifyURL: m.URL + "/notices",
			Now:       m.Now,
		},
	})
	var provider payment.Provider = m.Sandbox
	if o.Provider != nil {
		provider = o.Provider(m, provider)
	}
	m.Payments = payment.New(payment.Deps{
		Pool:      pool,
		Now:       m.Now,
		Providers: []payment.Provider{provider},
	})
	m.Taxes = tax.New(tax.Deps{
		Pool: pool,
		Now:  m.Now,
		Shop: tax.Shop{Country: "DE", VATID: "DE136695976"},
	})
	m.Orders = order.New(order.Deps{
		Pool:         pool,
		Catalog:      m.Catalog,
		Promotions:   m.Promotions,
		Inventory:    m.Inventory,
		Payments:     m.Payments,
		Entitlements: m.Entitlements,
		Ledger: ledger.New(ledger.Deps{
			Pool: pool,
			Now:  m.Now,
		}),
		Taxes:     m.Taxes,
		Exchange:  m.Exchange,
		Outbox:    m.Outbox,
		River:     jobs,
		Metrics:   telemetry.NewMetrics(),
		Now:       m.Now,
		PayWindow: 15 * time.Minute,
		Policy:    order.Policy{Within: 7 * 24 * time.Hour, Watched: 10, ByRule: true},
	})

	m.Sessions = account.NewSessions(account.SessionsDeps{
		Pool:  pool,
		Redis: rdb,
		Log:   log,
		Now:   m.Now,
	})
	options := page.Options{
		Accounts:  m.Accounts,
		Sessions:  m.Sessions,
		PublicURL: m.URL,
		Log:       log,
		Now:       m.Now,
		Device:    o.Device,
		Rates:     m.Exchange.Table,
	}
	if o.CartCount != nil {
		options.CartCount = o.CartCount(m)
	}
	if o.Awaiting != nil {
		options.Awaiting = o.Awaiting(m)
	}
	if o.Notice != nil {
		options.Notice = o.Notice(m)
	}
	m.Site = page.New(options)
	m.Site.Use(e)
	g := e.Group("")
	g.POST("/notices", m.takeNotice)
	g.POST(m.signIn, m.Site.Handle(func(c *page.Ctx) error { return m.takeSignIn(c, o) }))
	o.Routes(g, m)

	m.category, err = m.Catalog.CreateCategory(t.Context(), catalog.NewCategory{
		Slug: "films",
		Name: locale.Text{Zh: "电影", En: "Films"},
	})
	m.must(err)
	m.must(m.Catalog.CreateCreator(t.Context(), catalog.NewCreator{
		UserID: 1,
		Slug:   "creator",
		Name:   locale.Text{Zh: "作者", En: "Creator"},
	}))
	return m
}

// takeNotice is what the program's callback route does with a notice.
func (m *Mall) takeNotice(c echo.Context) error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	_, ack, err := m.Orders.ApplyNotice(c.Request().Context(), sandbox.Name, c.Request().Header, body)
	if err != nil {
		m.t.Logf("notice refused: %v", err)
	}
	return c.Blob(ack.Status, ack.ContentType, []byte(ack.Body))
}

// takeSignIn signs in the account that the test names, by the same session as every sign-in.
func (m *Mall) takeSignIn(c *page.Ctx, o Options) error {
	id, err := strconv.ParseInt(c.FormValue("user"), 10, 64)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	u, err := m.Accounts.User(ctx, id)
	if err != nil {
		return err
	}
	if err := c.SignIn(u); err != nil {
		return err
	}
	if o.OnSignIn != nil {
		if err := o.OnSignIn(m)(ctx, c, u.ID); err != nil {
			return err
		}
	}
	return c.NoContent(http.StatusNoContent)
}

// Person makes an account with that role.
func (m *Mall) Person(name, role string) account.User {
	m.t.Helper()
	u, err := m.Accounts.Provision(m.t.Context(), account.User{
		Email: name + "@example.test",
		Name:  name,
		Roles: account.RolesOf(role),
	}, "a password of "+name)
	m.must(err)
	return u
}

// Video lists a video and returns its SKU: to own in HD for that many fen, stock without limit, unless adjust says
// otherwise. With StockLimited it has stock units.
func (m *Mall) Video(amount, stock int64, adjust ...func(*catalog.NewSKU)) int64 {
	m.t.Helper()
	m.videos++
	sku := catalog.NewSKU{
		Kind:         catalog.KindOwn,
		Quality:      catalog.QualityHD,
		StockLimited: stock >= 0,
		Price:        catalog.NewPrice{Amount: amount, Currency: "CNY"},
	}
	for _, a := range adjust {
		a(&sku)
	}
	made, err := m.Catalog.CreateProduct(m.t.Context(), catalog.NewProduct{
		Slug:       fmt.Sprintf("film-%d", m.videos),
		CreatorID:  1,
		CategoryID: m.category,
		Title:      locale.Text{Zh: fmt.Sprintf("影片%d", m.videos), En: fmt.Sprintf("Film %d", m.videos)},
		SKUs:       []catalog.NewSKU{sku},
	})
	m.must(err)
	m.must(m.Catalog.Publish(m.t.Context(), made.SPUID))
	if stock >= 0 {
		_, err := m.Inventory.SetStock(m.t.Context(), made.SKUIDs[0], stock)
		m.must(err)
	}
	return made.SKUIDs[0]
}

// DeliverNotices sends everything that the bank has to say until it is acknowledged.
func (m *Mall) DeliverNotices() {
	m.t.Helper()
	for range 5 {
		ids := Query[int64](m, `select id from sandbox_notice where acked_at is null order by id`)
		if len(ids) == 0 {
			return
		}
		for _, id := range ids {
			if err := m.Sandbox.Deliver(m.t.Context(), id); err != nil {
				m.t.Logf("notice %d: %v", id, err)
			}
		}
	}
}

// Bought places an order, pays it at the bank and grants it.
func (m *Mall) Bought(userID int64, skuIDs ...int64) order.Order {
	m.t.Helper()
	ctx := m.t.Context()
	var lines []order.Line
	for _, id := range skuIDs {
		lines = append(lines, order.Line{SKUID: id, Quantity: 1})
	}
	o, _, err := m.Orders.Place(ctx, order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: rand.Text(),
		Items:          lines,
	})
	m.must(err)
	if !o.Total.IsZero() {
		a, err := m.Orders.Prepay(ctx, order.PrepayRequest{
			UserID:    userID,
			OrderNo:   o.OrderNo,
			Provider:  sandbox.Name,
			ReturnURL: m.URL,
		})
		m.must(err)
		m.PayAt(a.Action.URL)
	}
	m.must(m.Orders.Deliver(ctx, o.OrderNo))
	o, err = m.Orders.GetAny(ctx, o.OrderNo)
	m.must(err)
	return o
}

// PayAt pays on the bank's page of that address, and has its notices delivered.
func (m *Mall) PayAt(url string) {
	m.t.Helper()
	_, err := m.Sandbox.Pay(m.t.Context(), path.Base(url), sandbox.PayOptions{})
	m.must(err)
	m.DeliverNotices()
}

// Query reads one column.
func Query[T any](m *Mall, sql string, args ...any) []T {
	m.t.Helper()
	rows, err := m.Pool.Query(m.t.Context(), sql, args...)
	m.must(err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	m.must(err)
	return values
}

func (m *Mall) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}
