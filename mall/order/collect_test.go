package order_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// agreed is a provider at which the payer agrees and the mall takes the money: what is paid at the sandbox counts as
// approved until it is captured.
type agreed struct {
	*sandbox.Sandbox
	mu       sync.Mutex
	captured map[string]bool
	captures atomic.Int32
	refuse   error                // of Capture
	status   payment.ChargeStatus // of a capture, if it isn't paid
	during   func()               // runs while a capture is under way
}

func (*agreed) Name() string { return "agreed" }

func (a *agreed) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	charge, err := a.Sandbox.Query(ctx, c)
	a.mu.Lock()
	defer a.mu.Unlock()
	if charge.Status == payment.ChargePaid && !a.captured[c.AttemptNo] {
		return payment.Charge{Status: payment.ChargeApproved}, err
	}
	return charge, err
}

func (a *agreed) Close(ctx context.Context, c payment.ChargeRef) error {
	charge, err := a.Query(ctx, c)
	if err == nil && charge.Status == payment.ChargePaid {
		return payment.ErrAlreadyPaid
	}
	return err // what was not captured can't be closed there
}

func (a *agreed) Capture(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	a.captures.Add(1)
	if a.during != nil {
		a.during()
	}
	if a.refuse != nil {
		return payment.Charge{}, a.refuse
	}
	if a.status != "" {
		return payment.Charge{Status: a.status}, nil
	}
	a.mu.Lock()
	a.captured[c.AttemptNo] = true
	a.mu.Unlock()
	return a.Query(ctx, c)
}

func (a *agreed) ParseNotice(h http.Header, body []byte) (payment.Notice, error) {
	n, err := a.Sandbox.ParseNotice(h, body)
	n.Provider = a.Name()
	return n, err
}

// told has the provider say that the payer of an order's first attempt has agreed, and returns the outcome.
func (a *agreed) told(s *shop, o order.Order, event string) string {
	s.t.Helper()
	attempt := query[string](s, "select attempt_no from video_payment where reference = $1 order by id", o.OrderNo)[0]
	body := fmt.Appendf(nil, `{"eventId":%q,"type":%q,"outTradeNo":%q,"amount":990,"currency":"CNY","occurredAt":%q}`,
		event, payment.PaymentApproved, attempt, s.now().Format(time.RFC3339))
	h := http.Header{}
	h.Set(sandbox.SignatureHeader, sandbox.Sign("sandbox-secret", s.now(), body))
	outcome, ack, err := s.orders.ApplyNotice(s.ctx, a.Name(), h, body)
	if err != nil || ack.Status != http.StatusOK {
		s.t.Fatalf("notice %s: %v, %+v", body, err, ack)
	}
	return outcome
}

// capturing opens a shop with a provider at which payers only agree, and the sandbox.
func capturing(t *testing.T) (*shop, *agreed) {
	s := open(t)
	bank := &agreed{Sandbox: s.sandbox, captured: map[string]bool{}}
	s.payments = payment.New(payment.Deps{
		Pool:      s.pool,
		Now:       s.now,
		Providers: []payment.Provider{bank, s.sandbox},
	})
	s.deps.Payments = s.payments
	s.orders = order.New(s.deps)
	return s, bank
}

// approves places an order whose buyer agrees to pay at the provider that has to be asked for the money.
func (s *shop) approves(userID int64, l []order.Line) order.Order {
	s.t.Helper()
	o := s.place(userID, l)
	a, err := s.prepay(o, "agreed")
	s.ok(err)
	s.payAt(path.Base(a.Action.URL), sandbox.PayOptions{})
	return o
}

// The buyer comes back, or the provider says that the buyer has agreed: the money is taken once, however many ask.
func TestOrders_Collect_many_at_once(t *testing.T) {
	s, bank := capturing(t)
	o := s.approves(alice, one(s.sells(990, -1)))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.orders.Collect(s.ctx, o.OrderNo); err != nil && !errors.Is(err, order.ErrAwaitsProvider) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s.is(o.OrderNo, order.Paid)
	s.ok(s.orders.Collect(s.ctx, o.OrderNo))
	if n := query[int](s, "select count(*)::int from payment_capture where reference = $1", o.OrderNo)[0]; n != 1 {
		t.Errorf("%d captures", n)
	}
	if n := bank.captures.Load(); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// The page of the order, to which the buyer returns, has the money taken without any notice.
func TestOrders_Ask_takes_what_was_approved(t *testing.T) {
	s, _ := capturing(t)
	o := s.approves(alice, one(s.sells(990, -1)))
	s.is(o.OrderNo, order.PendingPay)
	s.ok(s.orders.Ask(s.ctx, alice, o.OrderNo))
	s.is(o.OrderNo, order.Paid)
	same(t, s.attemptsOf(o), "agreed succeeded")
}

// The buyer agreed in time: the close takes the money, since the stock is still held.
func TestOrders_Expire_takes_what_was_approved(t *testing.T) {
	s, bank := capturing(t)
	o := s.approves(alice, one(s.sells(990, 1)))
	s.advance(20 * time.Minute)
	s.ok(s.orders.Expire(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Paid)
	if n := bank.captures.Load(); n != 1 {
		t.Errorf("captured %d times", n)
	}
}

// Whoever cancels, or turns to another provider, has not paid: what was approved is never captured.
func TestOrders_Collect_never_what_was_left(t *testing.T) {
	for name, leave := range map[string]func(*shop, order.Order) (after order.Status){
		"cancelled": func(s *shop, o order.Order) order.Status {
			_, err := s.orders.Cancel(s.ctx, o.UserID, o.OrderNo)
			s.ok(err)
			return order.Closed
		},
		"another provider": func(s *shop, o order.Order) order.Status {
			_, err := s.prepay(o, "sandbox")
			s.ok(err)
			return order.PendingPay
		},
		"paid elsewhere": func(s *shop, o order.Order) order.Status {
			// Both pages were opened at once, so that neither attempt was closed.
			a, err := s.payments.Prepay(s.ctx, payment.PrepayRequest{
				Reference: o.OrderNo,
				Provider:  "sandbox",
				Device:    payment.DeviceDesktop,
				Subject:   "Film",
				ReturnURL: "http://127.0.0.1/",
				Amount:    o.Total,
				ExpiresAt: o.PayBefore,
			})
			s.ok(err)
			s.payAt(path.Base(a.Action.URL), sandbox.PayOptions{})
			s.deliverNotices()
			return order.Paid
		},
		"being processed elsewhere": func(s *shop, o order.Order) order.Status {
			a, err := s.payments.Prepay(s.ctx, payment.PrepayRequest{
				Reference: o.OrderNo,
				Provider:  "sandbox",
				Device:    payment.DeviceDesktop,
				Subject:   "Film",
				ReturnURL: "http://127.0.0.1/",
				Amount:    o.Total,
				ExpiresAt: o.PayBefore,
			})
			s.ok(err)
			s.payAt(path.Base(a.Action.URL), sandbox.PayOptions{Processing: true, Delay: 1e9})
			if err := s.orders.Collect(s.ctx, o.OrderNo); !errors.Is(err, order.ErrAwaitsProvider) {
				s.t.Errorf("collect: %v", err)
			}
			s.advance(time.Hour)
			s.deliverNotices()
			return order.Paid
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, bank := capturing(t)
			o := s.approves(alice, one(s.sells(990, 1)))
			after := leave(s, o)
			if outcome := bank.told(s, o, "evt-1"); outcome != order.OutcomeIgnored {
				t.Errorf("told that the payer agreed: %s", outcome)
			}
			s.ok(s.orders.Collect(s.ctx, o.OrderNo))
			s.ok(s.orders.Ask(s.ctx, o.UserID, o.OrderNo))
			s.ok(s.orders.CloseSiblings(s.ctx, o.OrderNo))
			s.advance(2 * time.Hour)
			_, err := s.orders.AskSilent(s.ctx)
			s.ok(err)
			s.is(o.OrderNo, after)
			if n := bank.captures.Load(); n != 0 {
				t.Errorf("captured %d times", n)
			}
		})
	}
}

// An attempt can't be closed while its money is being taken: a buyer who turns to another provider at that moment is
// told that the payment is on its way.
func TestOrders_Collect_races_with_a_close(t *testing.T) {
	s, bank := capturing(t)
	o := s.approves(alice, one(s.sells(990, 1)))
	bank.during = func() {
		if _, err := s.prepay(o, "sandbox"); !errors.Is(err, payment.ErrProcessing) {
			t.Errorf("another provider: %v", err)
		}
		if _, err := s.orders.Cancel(s.ctx, alice, o.OrderNo); !errors.Is(err, order.ErrBeingPaid) {
			t.Errorf("cancel: %v", err)
		}
	}
	s.ok(s.orders.Collect(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Paid)
	same(t, s.attemptsOf(o), "agreed succeeded")
}

func TestOrders_Collect_refused(t *testing.T) {
	for name, c := range map[string]struct {
		refuse   error
		status   payment.ChargeStatus
		want     error
		attempts string
		later    order.Status // once its time is over
	}{
		"never":      {payment.ErrRejected, "", nil, "agreed failed", order.Closed},
		"later":      {payment.ErrRetryLater, "", order.ErrAwaitsProvider, "agreed pending", order.PendingPay},
		"no answer":  {errors.New("timeout"), "", order.ErrAwaitsProvider, "agreed pending", order.PendingPay},
		"declined":   {nil, payment.ChargeOpen, nil, "agreed pending", order.Closed},
		"processing": {nil, payment.ChargeProcessing, order.ErrAwaitsProvider, "agreed pending", order.PendingPay},
	} {
		t.Run(name, func(t *testing.T) {
			s, bank := capturing(t)
			bank.refuse, bank.status = c.refuse, c.status
			o := s.approves(alice, one(s.sells(990, -1)))
			if err := s.orders.Collect(s.ctx, o.OrderNo); !errors.Is(err, c.want) {
				t.Errorf("collect: %v, want %v", err, c.want)
			}
			same(t, s.attemptsOf(o), c.attempts)
			s.advance(time.Hour)
			if err := s.orders.Expire(s.ctx, o.OrderNo); err != nil && !errors.Is(err, order.ErrAwaitsProvider) {
				t.Error(err)
			}
			s.is(o.OrderNo, c.later)
			s.ok(s.orders.Collect(s.ctx, o.OrderNo)) // too late to be tried again by this job
		})
	}
}

// A notice that the buyer has agreed enqueues the job in the transaction that records it, once.
func TestOrders_ApplyNotice_approved(t *testing.T) {
	s, bank := capturing(t)
	o := s.approves(alice, one(s.sells(990, -1)))
	for _, want := range []string{order.OutcomeApproved, order.OutcomeDuplicate} {
		if outcome := bank.told(s, o, "evt-1"); outcome != want {
			t.Errorf("outcome %s, want %s", outcome, want)
		}
	}
	if n := query[int](s, "select count(*)::int from river_job where kind = 'order_collect'")[0]; n != 1 {
		t.Errorf("%d jobs", n)
	}
	s.is(o.OrderNo, order.PendingPay)
}
