package order_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// other is a second provider: the same bank, under another name.
type other struct {
	*sandbox.Sandbox
	down *atomic.Bool
}

func (other) Name() string { return "other" }

func (o other) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	if o.down.Load() {
		return payment.Created{}, errors.New("connection refused")
	}
	return o.Sandbox.Create(ctx, r)
}

func (o other) Close(ctx context.Context, c payment.ChargeRef) error {
	if o.down.Load() {
		return errors.New("connection refused")
	}
	return o.Sandbox.Close(ctx, c)
}

func (o other) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	if o.down.Load() {
		return payment.Charge{}, errors.New("connection refused")
	}
	return o.Sandbox.Query(ctx, c)
}

// twoProviders opens a shop with two providers.
func twoProviders(t *testing.T) (*shop, *atomic.Bool) {
	s, down := open(t), new(atomic.Bool)
	s.payments = payment.New(payment.Deps{
		Pool:      s.pool,
		Now:       s.now,
		Providers: []payment.Provider{s.sandbox, other{s.sandbox, down}},
	})
	s.deps.Payments = s.payments
	s.orders = order.New(s.deps)
	return s, down
}

func (s *shop) prepay(o order.Order, provider string) (payment.Attempt, error) {
	return s.orders.Prepay(s.ctx, order.PrepayRequest{
		UserID:    o.UserID,
		OrderNo:   o.OrderNo,
		Provider:  provider,
		ReturnURL: "http://127.0.0.1/",
	})
}

func (s *shop) attemptsOf(o order.Order) (statuses []string) {
	return query[string](s, "select provider || ' ' || status from video_payment where reference = $1 order by id", o.OrderNo)
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for n := range got {
		if got[n] != want[n] {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// Whoever turns to another provider can't pay at the first one any more.
func TestOrders_Prepay_at_another_provider(t *testing.T) {
	s, _ := twoProviders(t)
	o := s.place(alice, one(s.sells(990, -1)))
	first := s.page(o)
	if _, err := s.prepay(o, "other"); err != nil {
		t.Fatal(err)
	}
	same(t, s.attemptsOf(o), "sandbox closed", "other pending")
	if _, err := s.sandbox.Pay(s.ctx, first, sandbox.PayOptions{}); !errors.Is(err, sandbox.ErrNotPayable) {
		t.Errorf("the page that was left: %v", err)
	}
	if _, err := s.prepay(o, "sandbox"); err != nil { // and back
		t.Fatal(err)
	}
	same(t, s.attemptsOf(o), "sandbox closed", "other closed", "sandbox pending")
	s.whole()
}

// Whoever turns to a provider that can't take the sum can still pay at the first one.
func TestOrders_Prepay_at_another_provider_that_takes_no_such_sum(t *testing.T) {
	s, down := open(t), new(atomic.Bool)
	s.payments = payment.New(payment.Deps{
		Pool:      s.pool,
		Now:       s.now,
		Providers: []payment.Provider{s.sandbox, inTens{other{s.sandbox, down}}},
	})
	s.deps.Payments = s.payments
	s.orders = order.New(s.deps)
	o := s.place(alice, one(s.sells(995, -1)))
	first := s.page(o)
	if _, err := s.prepay(o, "other"); !errors.Is(err, payment.ErrSumNotTaken) {
		t.Errorf("9.95 in tens: %v", err)
	}
	if _, err := s.prepay(o, "no such"); !errors.Is(err, payment.ErrUnknownProvider) {
		t.Errorf("at a provider that does not exist: %v", err)
	}
	same(t, s.attemptsOf(o), "sandbox pending")
	s.payAt(first, sandbox.PayOptions{})
	s.deliverNotices()
	s.is(o.OrderNo, order.Paid)
	s.whole()
}

// The first page was paid while the shopper turned away: the order is paid, and no second payment is opened.
func TestOrders_Prepay_at_another_provider_after_paying(t *testing.T) {
	s, _ := twoProviders(t)
	o := s.place(alice, one(s.sells(990, -1)))
	s.payAt(s.page(o), sandbox.PayOptions{}) // no notice yet
	if _, err := s.prepay(o, "other"); !errors.Is(err, payment.ErrAlreadyPaid) {
		t.Fatalf("a second payment: %v", err)
	}
	s.is(o.OrderNo, order.Paid)
	same(t, s.attemptsOf(o), "sandbox succeeded")
	s.whole()
}

func TestOrders_Prepay_at_another_provider_while_processing(t *testing.T) {
	s, _ := twoProviders(t)
	o := s.place(alice, one(s.sells(990, -1)))
	s.payAt(s.page(o), sandbox.PayOptions{Processing: true, Delay: 1e9})
	if _, err := s.prepay(o, "other"); !errors.Is(err, payment.ErrProcessing) {
		t.Fatalf("a second payment: %v", err)
	}
	same(t, s.attemptsOf(o), "sandbox pending")
}

// The provider that the shopper leaves gives no answer. That is often why they leave it: they can pay elsewhere, and a
// job closes the first attempt later.
func TestOrders_Prepay_at_another_provider_since_the_first_is_down(t *testing.T) {
	s, down := twoProviders(t)
	o := s.place(alice, one(s.sells(990, -1)))
	if _, err := s.prepay(o, "other"); err != nil {
		t.Fatal(err)
	}
	down.Store(true)
	if _, err := s.prepay(o, "sandbox"); err != nil {
		t.Fatal(err)
	}
	same(t, s.attemptsOf(o), "other pending", "sandbox pending")
	if n := query[int](s, "select count(*)::int from river_job where kind = 'order_close_others'"); n[0] != 1 {
		t.Fatalf("%d jobs", n[0])
	}
	if err := s.orders.CloseOthers(s.ctx, o.OrderNo, "sandbox"); err == nil {
		t.Fatal("closed at a provider that is down")
	}
	down.Store(false)
	s.ok(s.orders.CloseOthers(s.ctx, o.OrderNo, "sandbox"))
	same(t, s.attemptsOf(o), "other closed", "sandbox pending")
	s.whole()
}
