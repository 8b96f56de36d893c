// Package malltest opens a complete mall on a PostgreSQL and a Redis of the test's own, with a clock that tests advance
// and helpers that list and buy videos. Only tests use it.
package malltest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall"
	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/invoice"
	"videomall/mall/locale"
	"videomall/mall/mail"
	"videomall/mall/media"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/payment/settings"
	"videomall/mall/playback"
	"videomall/mall/tax"
	"videomall/telemetry"
	"videomall/test/invariant"
	"videomall/views/text"
	"videomall/web/mailing"
)

// Mall is a mall under test.
type Mall struct {
	*mall.Mall
	T        testing.TB
	Ctx      context.Context
	Pool     *pgxpool.Pool
	Redis    *redis.Client
	Log      *slog.Logger
	Metrics  *telemetry.Metrics
	PDF      func(*text.Printer, invoice.Document) ([]byte, error) // draws the receipts in mails; nil draws none
	ahead    atomic.Int64
	category int64
	videos   int
	options  mall.Options
}

// Secret signs the sandbox's notices.
const Secret = "sandbox-secret-of-a-test"

// Now returns the time of the business clock, which is that of the machine moved by Advance.
func (m *Mall) Now() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) }

// Advance moves the clock forward.
func (m *Mall) Advance(by time.Duration) { m.ahead.Add(int64(by)) }

// Open opens a mall. notifyURL is where the sandbox posts its notices, or "" for nowhere.
func Open(t testing.TB, notifyURL string) *Mall {
	t.Helper()
	m := &Mall{
		T:       t,
		Ctx:     context.Background(),
		Pool:    dbtest.New(t),
		Redis:   dbtest.Redis(t),
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: telemetry.NewMetrics(),
	}
	dir := t.TempDir()
	storage, err := media.OpenStorage("file://"+dir, dir)
	m.OK(err)
	t.Cleanup(func() { _ = storage.Close() })
	key := make([]byte, 32) // a test's secret is no secret
	m.options = mall.Options{
		Pools:     db.Pools{Primary: m.Pool, Replica: m.Pool},
		Redis:     m.Redis,
		Storage:   storage,
		Log:       m.Log,
		Metrics:   m.Metrics,
		Now:       m.Now,
		PayWindow: 15 * time.Minute,
		PublicURL: "http://mall.example",
		Tax:       tax.Shop{Country: "DE", VATID: "DE136695976"},
		Refunds:   order.Policy{Within: 7 * 24 * time.Hour, Watched: 10, ByRule: true},
		MediaKey:  key,
		PlaySecrets: playback.Secrets{
			Token:   key,
			Segment: key,
			Device:  key,
		},
		BrowserKey:      key,
		QueueKey:        key,
		AuditKey:        key,
		InsightKey:      key,
		PayoutKey:       key,
		FactorKey:       key,
		WebhookKey:      key,
		PartnerKey:      key,
		ProviderKey:     key,
		ProviderKinds:   []settings.Kind{m.stripeKind()},
		WebhookLoopback: true,
		Mail: mall.Mail{
			Transport: mail.NewMailbox(m.Pool),
			From:      "no-reply@mall.example",
			Key:       key,
			Compose: mailing.New(mailing.Deps{
				PublicURL: "http://127.0.0.1",
				Now:       m.Now,
				Mall:      func() *mall.Mall { return m.Mall },
				PDF:       m.draw,
			}).Compose,
			TopicOf: mailing.TopicOf,
		},
		Sandbox: &sandbox.Options{
			Secret:    Secret,
			PublicURL: "http://127.0.0.1",
			NotifyURL: notifyURL,
			Now:       m.Now,
		},
	}
	m.Mall, err = mall.New(m.options)
	m.OK(err)
	m.category, err = m.Catalog.CreateCategory(m.Ctx, catalog.NewCategory{
		Slug: "films",
		Name: locale.Text{Zh: "电影", En: "Films"},
	})
	m.OK(err)
	m.OK(m.Catalog.CreateCreator(m.Ctx, catalog.NewCreator{
		UserID: 1,
		Slug:   "creator",
		Name:   locale.Text{Zh: "作者", En: "Creator"},
	}))
	return m
}

// draw draws a receipt, if the test has said how.
func (m *Mall) draw(t *text.Printer, d invoice.Document) ([]byte, error) {
	if m.PDF == nil {
		return nil, errors.New("nothing draws")
	}
	return m.PDF(t, d)
}

// Post sends every mail that waits, and returns what the mailbox then holds for an address, the oldest first.
func (m *Mall) Post(to string) (kept []mail.Kept) {
	m.T.Helper()
	for _, id := range Query[int64](m, `select id from mail where state = 'waiting' order by id`) {
		if err := m.Mails.Send(m.Ctx, id); err != nil && !errors.Is(err, mail.ErrNotYet) {
			m.T.Fatal(err)
		}
	}
	all, err := m.Mailbox.List(m.Ctx, 0, 1000)
	m.OK(err)
	for _, k := range slices.Backward(all) {
		if k.To == to {
			kept = append(kept, k)
		}
	}
	return kept
}

// stripeKind is a provider to configure in the console: the sandbox under another name.
func (m *Mall) stripeKind() settings.Kind {
	return settings.Kind{
		Provider: "stripe",
		Fields: []settings.Field{
			{Name: "secret_key", Secret: true},
			{Name: "webhook_secrets", Secret: true, Lines: true},
			{Name: "payment_methods", Optional: true},
		},
		Open: func(values map[string]string) (payment.Provider, error) {
			if !strings.HasPrefix(values["secret_key"], "sk_") {
				return nil, errors.New("the key is not one of Stripe")
			}
			return renamed{m.Sandbox}, nil
		},
	}
}

type renamed struct{ payment.Provider }

func (renamed) Name() string { return "stripe" }

// Another opens the mall as another process would, on the same database and Redis.
func (m *Mall) Another() *mall.Mall {
	m.T.Helper()
	another, err := mall.New(m.options)
	m.OK(err)
	return another
}

// Silent opens the mall as another process would that has no mail server.
func (m *Mall) Silent() *mall.Mall {
	m.T.Helper()
	options := m.options
	options.Mail = mall.Mail{}
	silent, err := mall.New(options)
	m.OK(err)
	return silent
}

// OrdersWith returns other Orders on the same mall, with adjusted dependencies.
func (m *Mall) OrdersWith(adjust func(*order.Deps)) *order.Orders {
	d := order.Deps{
		Pool:         m.Pool,
		Catalog:      m.Catalog,
		Promotions:   m.Promotions,
		Inventory:    m.Inventory,
		Payments:     m.Payments,
		Entitlements: m.Entitlements,
		Ledger:       m.Ledger,
		Outbox:       m.Outbox,
		River:        m.River,
		Redis:        m.Redis,
		Metrics:      m.Metrics,
		Now:          m.Now,
		PayWindow:    m.options.PayWindow,
		Policy:       m.options.Refunds,
		Watched:      m.Playback.Watched,
		Ended:        m.Reviews.EndedAccessTx,
		Audit:        backoffice.Audit(m.Accounts, m.Audit),
	}
	adjust(&d)
	return order.New(d)
}

// Listening is Open with a server that receives the sandbox's notices.
func Listening(t testing.TB) *Mall {
	t.Helper()
	var m *Mall
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, ack, err := m.Orders.ApplyNotice(r.Context(), sandbox.Name, r.Header, body)
		if err != nil {
			t.Log(err)
		}
		w.WriteHeader(ack.Status)
		fmt.Fprint(w, ack.Body)
	}))
	t.Cleanup(callback.Close)
	m = Open(t, callback.URL)
	return m
}

// Sells lists a video to own in HD for that many fen, and returns its SKU. A stock below 0 is unlimited.
func (m *Mall) Sells(amount, stock int64) int64 {
	m.T.Helper()
	m.videos++
	made, err := m.Catalog.CreateProduct(m.Ctx, catalog.NewProduct{
		Slug:       fmt.Sprintf("film-%d", m.videos),
		CreatorID:  1,
		CategoryID: m.category,
		Title:      locale.Text{Zh: "影片", En: fmt.Sprintf("Film %d", m.videos)},
		SKUs: []catalog.NewSKU{{
			Kind:         catalog.KindOwn,
			Quality:      catalog.QualityHD,
			StockLimited: stock >= 0,
			Price:        catalog.NewPrice{Amount: amount, Currency: "CNY"},
		}},
	})
	m.OK(err)
	m.OK(m.Catalog.Publish(m.Ctx, made.SPUID))
	if stock >= 0 {
		_, err := m.Inventory.SetStock(m.Ctx, made.SKUIDs[0], stock)
		m.OK(err)
	}
	return made.SKUIDs[0]
}

// Credit gives money to a creator by a manual credit, which takes two operators.
func (m *Mall) Credit(creatorID, amount int64) {
	m.T.Helper()
	c, err := m.Ledger.ProposeCredit(m.Ctx, 98, creatorID, money.Of(amount, "CNY"), "a gift", rand.Text())
	m.OK(err)
	m.OK(m.Ledger.ConfirmCredit(m.Ctx, 99, c.ID))
}

// Place orders one unit of each SKU for a person, under a new idempotency key.
func (m *Mall) Place(userID int64, skuIDs ...int64) order.Order {
	m.T.Helper()
	var lines []order.Line
	for _, id := range skuIDs {
		lines = append(lines, order.Line{SKUID: id, Quantity: 1})
	}
	o, _, err := m.Orders.Place(m.Ctx, order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: fmt.Sprint("key-", time.Now().UnixNano()),
		Items:          lines,
	})
	m.OK(err)
	return o
}

// PayPage opens the sandbox's page for an order and returns its token.
func (m *Mall) PayPage(o order.Order) string {
	m.T.Helper()
	a, err := m.Orders.Prepay(m.Ctx, order.PrepayRequest{
		UserID:    o.UserID,
		OrderNo:   o.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: "http://127.0.0.1/orders/" + o.OrderNo,
	})
	m.OK(err)
	return path.Base(a.Action.URL)
}

// Pay pays an order on the sandbox's page. The notice waits for DeliverNotices.
func (m *Mall) Pay(o order.Order, options sandbox.PayOptions) {
	m.T.Helper()
	_, err := m.Sandbox.Pay(m.Ctx, m.PayPage(o), options)
	m.OK(err)
}

// DeliverNotices makes the sandbox post all its notices.
func (m *Mall) DeliverNotices() {
	m.T.Helper()
	for _, id := range Query[int64](m, `select id from sandbox_notice where acked_at is null order by id`) {
		m.OK(m.Sandbox.Deliver(m.Ctx, id))
	}
}

// Becomes waits until an order is in that state, and fails after a minute.
func (m *Mall) Becomes(orderNo string, want order.Status) order.Order {
	m.T.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		o, err := m.Orders.GetAny(m.Ctx, orderNo)
		m.OK(err)
		if o.Status == want {
			return o
		}
		if time.Now().After(deadline) {
			m.T.Fatalf("order %s stays %s, want %s", orderNo, o.Status, want)
		}
	}
}

// Relayed relays every event to its subscribers, and fails after a minute. The horizon below which the relay reads
// belongs to the whole server, so a transaction of another test may delay it for a moment.
func (m *Mall) Relayed() {
	m.T.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		_, err := m.Outbox.Relay(m.Ctx)
		m.OK(err)
		if Query[int64](m, `select (select count(*) from outbox_event e, outbox_cursor c
			where (e.xid, e.id) > (c.xid, c.event_id))
			+ (select count(*) from outbox_delivery where state = 'pending')`)[0] == 0 {
			return
		}
		if time.Now().After(deadline) {
			m.T.Fatal("an event was never delivered")
		}
	}
}

// Whole fails the test for every invariant that the database breaks.
func (m *Mall) Whole() {
	m.T.Helper()
	invariant.Check(m.T, m.Pool, true)
}

// OK fails the test on an error.
func (m *Mall) OK(err error) {
	m.T.Helper()
	if err != nil {
		m.T.Fatal(err)
	}
}

// Query returns the one column of a query.
func Query[T any](m *Mall, sql string, args ...any) []T {
	m.T.Helper()
	rows, err := m.Pool.Query(m.Ctx, sql, args...)
	m.OK(err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	m.OK(err)
	return values
}
