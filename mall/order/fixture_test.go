package order_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/inventory"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
	"videomall/mall/tax"
	"videomall/telemetry"
	"videomall/test/invariant"
)

const (
	alice = int64(101)
	bob   = int64(102)
	carol = int64(103)
)

// shop is the business on a database of its own, with the sandbox as its bank and a clock that tests set.
type shop struct {
	t            *testing.T
	ctx          context.Context
	pool         *pgxpool.Pool
	redis        *redis.Client
	orders       *order.Orders
	deps         order.Deps // to build further processes on the same database
	catalog      *catalog.Catalog
	inventory    *inventory.Inventory
	promotions   *promotion.Promotions
	payments     *payment.Payments
	sandbox      *sandbox.Sandbox
	entitlements *entitlement.Entitlements
	taxes        *tax.Taxes
	ahead        atomic.Int64 // nanoseconds that the clock is ahead of the machine's
	watched      sync.Map     // percent, by "user/SPU"
	category     int64
	products     int
	told         int // notices that tests have invented
	callback     *httptest.Server
}

func (s *shop) now() time.Time             { return time.Now().Add(time.Duration(s.ahead.Load())) }
func (s *shop) advance(by time.Duration)   { s.ahead.Add(int64(by)) }
func cny(amount int64) money.Money         { return money.Of(amount, "CNY") }
func one(skuIDs ...int64) (l []order.Line) { return lines(1, skuIDs...) }
func lines(n int, ids ...int64) []order.Line {
	var l []order.Line
	for _, id := range ids {
		l = append(l, order.Line{SKUID: id, Quantity: n})
	}
	return l
}

// open builds a shop; wrap may put something between the order book and the bank.
func open(t *testing.T, wrap ...func(*shop, payment.Provider) payment.Provider) *shop {
	t.Helper()
	t.Parallel()
	s := &shop{
		t:    t,
		ctx:  context.Background(),
		pool: dbtest.New(t),
	}
	jobs, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s.callback = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, ack, err := s.orders.ApplyNotice(r.Context(), sandbox.Name, r.Header, body)
		if err != nil {
			t.Logf("notice refused: %v", err)
		}
		w.Header().Set("Content-Type", ack.ContentType)
		w.WriteHeader(ack.Status)
		fmt.Fprint(w, ack.Body)
	}))
	t.Cleanup(s.callback.Close)
	s.sandbox = sandbox.New(sandbox.Deps{
		Pool:  s.pool,
		River: jobs,
		Options: sandbox.Options{
			Secret:    "sandbox-secret",
			PublicURL: "http://127.0.0.1",
			NotifyURL: s.callback.URL,
			Now:       s.now,
		},
	})
	var provider payment.Provider = s.sandbox
	for _, w := range wrap {
		provider = w(s, provider)
	}
	pools := db.Pools{Primary: s.pool, Replica: s.pool}
	s.redis = dbtest.Redis(t)
	gate := inventory.NewGate(inventory.GateDeps{
		Pool:    s.pool,
		Redis:   s.redis,
		Log:     slog.New(slog.DiscardHandler),
		Metrics: telemetry.NewMetrics(),
		Now:     s.now,
	})
	s.catalog, s.inventory = catalog.New(catalog.Deps{
		Pools: pools,
		Now:   s.now,
	}), inventory.New(inventory.Deps{
		Pool: s.pool,
		Gate: gate,
		Now:  s.now,
	})
	s.promotions = mall.Promotions(mall.PromotionsDeps{
		Pool:      s.pool,
		Catalog:   s.catalog,
		Inventory: s.inventory,
		Now:       s.now,
	})
	s.payments, s.entitlements = payment.New(payment.Deps{
		Pool:      s.pool,
		Now:       s.now,
		Providers: []payment.Provider{provider},
	}), entitlement.New(entitlement.Deps{
		Pools: pools,
		Now:   s.now,
	})
	s.taxes = tax.New(tax.Deps{
		Pool: s.pool,
		Now:  s.now,
		Shop: tax.Shop{Country: "DE"},
	})
	s.deps = order.Deps{
		Taxes:        s.taxes,
		Pool:         s.pool,
		Catalog:      s.catalog,
		Promotions:   s.promotions,
		Inventory:    s.inventory,
		Payments:     s.payments,
		Entitlements: s.entitlements,
		Ledger: ledger.New(ledger.Deps{
			Pool: s.pool,
			Now:  s.now,
		}),
		Outbox: outbox.New(outbox.Deps{
			Pool: s.pool,
			Now:  s.now,
		}),
		River:     jobs,
		Redis:     s.redis,
		Metrics:   telemetry.NewMetrics(),
		Now:       s.now,
		PayWindow: 15 * time.Minute,
		Policy:    order.Policy{Within: 7 * 24 * time.Hour, Watched: 10, ByRule: true},
		Watched: func(_ context.Context, userID int64, spuIDs []int64) (map[int64]int, error) {
			m := map[int64]int{}
			for _, id := range spuIDs {
				if percent, ok := s.watched.Load(fmt.Sprint(userID, "/", id)); ok {
					m[id] = percent.(int)
				}
			}
			return m, nil
		},
	}
	s.orders = order.New(s.deps)
	if s.category, err = s.catalog.CreateCategory(s.ctx, catalog.NewCategory{
		Slug: "films",
		Name: locale.Text{Zh: "电影", En: "Films"},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.catalog.CreateCreator(s.ctx, catalog.NewCreator{
		UserID: 1,
		Slug:   "creator",
		Name:   locale.Text{Zh: "作者", En: "Creator"},
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// sells lists a video to own for amount fen and returns its SKU; a stock below 0 is unlimited.
func (s *shop) sells(amount, stock int64, adjust ...func(*catalog.NewSKU)) int64 {
	s.t.Helper()
	s.products++
	sku := catalog.NewSKU{
		Kind:         catalog.KindOwn,
		Quality:      catalog.QualityHD,
		StockLimited: stock >= 0,
		Price:        catalog.NewPrice{Amount: amount, Currency: "CNY"},
	}
	for _, a := range adjust {
		a(&sku)
	}
	made, err := s.catalog.CreateProduct(s.ctx, catalog.NewProduct{
		Slug:       fmt.Sprintf("film-%d", s.products),
		CreatorID:  1,
		CategoryID: s.category,
		Title:      locale.Text{Zh: "影片", En: fmt.Sprintf("Film %d", s.products)},
		SKUs:       []catalog.NewSKU{sku},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.catalog.Publish(s.ctx, made.SPUID); err != nil {
		s.t.Fatal(err)
	}
	if stock >= 0 {
		if _, err := s.inventory.SetStock(s.ctx, made.SKUIDs[0], stock); err != nil {
			s.t.Fatal(err)
		}
	}
	return made.SKUIDs[0]
}

// place places an order of a person with a new key.
func (s *shop) place(userID int64, l []order.Line) order.Order {
	s.t.Helper()
	o, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: fmt.Sprint("key-", time.Now().UnixNano()),
		Items:          l,
	})
	if err != nil {
		s.t.Fatalf("place: %v", err)
	}
	return o
}

// page opens the bank's page for an order and returns its token.
func (s *shop) page(o order.Order) string {
	s.t.Helper()
	a, err := s.orders.Prepay(s.ctx, order.PrepayRequest{
		UserID:    o.UserID,
		OrderNo:   o.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: "http://127.0.0.1/orders/" + o.OrderNo,
	})
	if err != nil {
		s.t.Fatalf("prepay: %v", err)
	}
	return path.Base(a.Action.URL)
}

// pay pays at the bank and has its notices delivered.
func (s *shop) pay(o order.Order, options sandbox.PayOptions) {
	s.t.Helper()
	s.payAt(s.page(o), options)
	s.deliverNotices()
}

func (s *shop) payAt(page string, options sandbox.PayOptions) {
	s.t.Helper()
	if _, err := s.sandbox.Pay(s.ctx, page, options); err != nil {
		s.t.Fatalf("pay: %v", err)
	}
}

// deliverNotices sends the bank's notices until all of them are acknowledged, five times at most.
func (s *shop) deliverNotices() {
	s.t.Helper()
	for range 5 {
		ids := query[int64](s, `select id from sandbox_notice where acked_at is null and not held order by id`)
		if len(ids) == 0 {
			return
		}
		for _, id := range ids {
			if err := s.sandbox.Deliver(s.ctx, id); err != nil {
				s.t.Logf("notice %d: %v", id, err)
			}
		}
	}
}

// bought places, pays and delivers an order.
func (s *shop) bought(userID int64, l []order.Line) order.Order {
	s.t.Helper()
	o := s.place(userID, l)
	if !o.Total.IsZero() {
		s.pay(o, sandbox.PayOptions{})
	}
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	return s.is(o.OrderNo, order.Delivered)
}

// refunds submits every pending refund and delivers the bank's notices of them.
func (s *shop) refunds() {
	s.t.Helper()
	for _, no := range query[string](s, `select refund_no from order_refund where status = 'pending'
		order by created_at`) {
		if err := s.orders.Refunds().Submit(s.ctx, no); err != nil &&
			!strings.Contains(err.Error(), order.ErrAwaitsProvider.Error()) {
			s.t.Fatalf("submit refund: %v", err)
		}
	}
	s.deliverNotices()
}

// is reads an order and fails unless it is in the wanted state.
func (s *shop) is(orderNo string, want order.Status) order.Order {
	s.t.Helper()
	o, err := s.orders.GetAny(s.ctx, orderNo)
	if err != nil {
		s.t.Fatal(err)
	}
	if o.Status != want {
		s.t.Fatalf("order %s is %s, want %s", orderNo, o.Status, want)
	}
	return o
}

func (s *shop) stock(skuID int64) inventory.Counts {
	s.t.Helper()
	c, _, err := s.inventory.Counts(s.ctx, skuID)
	s.ok(err)
	return c
}

func (s *shop) watches(userID int64, o order.Order, item int) bool {
	s.t.Helper()
	_, err := s.entitlements.Find(s.ctx, userID, o.Items[item].SPUID)
	return err == nil
}

func (s *shop) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// whole fails for every invariant that the database violates.
func (s *shop) whole() {
	s.t.Helper()
	invariant.Check(s.t, s.pool, true)
}

func query[T any](s *shop, sql string, args ...any) []T {
	s.t.Helper()
	rows, err := s.pool.Query(s.ctx, sql, args...)
	s.ok(err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	s.ok(err)
	return values
}

// refundAtBank makes a refund at the bank itself, without the mall.
func (s *shop) refundAtBank(attempt, txn string, amount int64) {
	s.t.Helper()
	_, err := s.sandbox.Refund(s.ctx, payment.RefundRequest{
		RefundRef: payment.RefundRef{
			RefundNo:     "BANK" + attempt,
			Charge:       payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: attempt}},
			ChannelTxnNo: txn,
			Amount:       cny(amount),
		},
		Reason: "at the counter",
	})
	s.ok(err)
}
