package order_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/inventory"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// outcomes lists the outcomes of the notices, in the order of their arrival.
func (s *shop) outcomes() string {
	s.t.Helper()
	return strings.Join(query[string](s, `select outcome from payment_notice order by id`), " ")
}

func (s *shop) history(orderNo string) string {
	s.t.Helper()
	moves, err := s.orders.History(s.ctx, orderNo)
	s.ok(err)
	var words []string
	for _, m := range moves {
		words = append(words, fmt.Sprintf("%s:%s", m.To, m.Cause))
	}
	return strings.Join(words, " ")
}

func TestOrders_Deliver_grants_and_sells_the_stock(t *testing.T) {
	s := open(t)
	video := s.sells(990, 5)
	o := s.bought(alice, one(video))
	if got := s.history(o.OrderNo); got != "PENDING_PAY:placed PAID:notice DELIVERED:granted" {
		t.Errorf("history %s", got)
	}
	if s.stock(video) != (inventory.Counts{
		Total:     5,
		Available: 4,
		Sold:      1,
	}) || !s.watches(alice, o, 0) || s.watches(bob, o, 0) {
		t.Errorf("stock %+v", s.stock(video))
	}
	s.whole()
}

func TestOrders_ApplyNotice_hundred_copies_pay_once(t *testing.T) {
	s := open(t)
	video := s.sells(990, 5)
	o := s.place(alice, one(video))
	s.pay(o, sandbox.PayOptions{Copies: 100})
	s.is(o.OrderNo, order.Paid)
	if got := query[int32](s, `select replays from payment_notice`); len(got) != 1 || got[0] != 99 {
		t.Errorf("replays %v", got)
	}
	if jobs := query[int64](s, `select count(*) from river_job where kind = 'order_deliver'`)[0]; jobs != 1 {
		t.Errorf("%d grants were enqueued", jobs)
	}
	s.whole()
}

func TestOrders_Deliver_races_with_the_sweeper(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	o := s.place(alice, one(video))
	s.pay(o, sandbox.PayOptions{})
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			if n%2 == 0 {
				if _, err := s.orders.SweepUndelivered(s.ctx, 0); err != nil {
					t.Error(err)
				}
			} else if err := s.orders.Deliver(s.ctx, o.OrderNo); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s.is(o.OrderNo, order.Delivered)
	s.whole()
}

func TestOrders_SweepUndelivered_after_the_grace(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, -1)))
	s.pay(o, sandbox.PayOptions{})
	if n, err := s.orders.SweepUndelivered(s.ctx, 5*time.Second); err != nil || n != 0 {
		t.Errorf("before the grace was over: swept %d, %v", n, err)
	}
	s.advance(6 * time.Second)
	if n, err := s.orders.SweepUndelivered(s.ctx, 5*time.Second); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	s.is(o.OrderNo, order.Delivered)
}

func TestOrders_ApplyNotice_paid_after_close_revives_the_order(t *testing.T) {
	s := open(t)
	video := s.sells(990, 1)
	o := s.place(alice, one(video))
	page := s.page(o)
	s.payAt(page, sandbox.PayOptions{HoldNotice: true}) // the bank has the money and holds its notice back
	s.closeUnasked(o)
	if got := s.stock(video); got.Available != 1 {
		t.Fatalf("stock after close %+v", got)
	}
	s.releaseNotices()
	if got := s.outcomes(); got != order.OutcomeRevived {
		t.Fatalf("outcome %s", got)
	}
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Delivered)
	if got := s.stock(video); got.Sold != 1 || got.Available != 0 {
		t.Errorf("stock %+v", got)
	}
	s.whole()
}

func TestOrders_ApplyNotice_paid_after_close_sold_out(t *testing.T) {
	s := open(t)
	video, plenty := s.sells(990, 1), s.sells(100, 5)
	o := s.place(alice, one(video, plenty))
	page := s.page(o)
	s.payAt(page, sandbox.PayOptions{HoldNotice: true})
	s.closeUnasked(o)
	winner := s.bought(bob, one(video))
	s.releaseNotices()
	if got := s.outcomes(); !strings.HasSuffix(got, order.OutcomePaidAfterClose) {
		t.Fatalf("outcomes %s", got)
	}
	s.is(o.OrderNo, order.Closed)
	s.refunds()
	if got := s.is(o.OrderNo, order.Refunded); got.Refunded != got.Total || s.watches(alice, o, 0) {
		t.Errorf("after the refund %+v", got)
	}
	s.is(winner.OrderNo, order.Delivered)
	if got := s.stock(plenty); got.Available != 5 {
		t.Errorf("the failed revival kept a unit of another video: %+v", got)
	}
	s.whole()
}

func TestOrders_ApplyNotice_paid_after_close_price_changed(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	o := s.place(alice, one(video))
	page := s.page(o)
	s.payAt(page, sandbox.PayOptions{HoldNotice: true})
	s.closeUnasked(o)
	s.ok(s.catalog.SetPrice(s.ctx, video, catalog.NewPrice{Amount: 1990, Currency: "CNY"}))
	s.advance(time.Second)
	s.releaseNotices()
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	s.whole()
}

func TestOrders_ApplyNotice_paid_twice(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, 3)))
	s.pay(o, sandbox.PayOptions{Twice: true})
	if got := s.outcomes(); got != "paid paid_twice" {
		t.Fatalf("outcomes %s", got)
	}
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.refunds()
	if got := s.is(o.OrderNo, order.Delivered); !got.Refunded.IsZero() || !s.watches(alice, o, 0) {
		t.Errorf("the order lost something: %+v", got)
	}
	if got := query[int64](s,
		`select coalesce(sum(amount), 0)::bigint from ledger_line where account = 'unapplied'`)[0]; got != 0 {
		t.Errorf("the account of unapplied money holds %d", got)
	}
	s.whole()
}

func TestOrders_ApplyNotice_wrong_sum(t *testing.T) {
	for name, c := range map[string]struct {
		options sandbox.PayOptions
		outcome string
	}{
		"less":             {sandbox.PayOptions{Amount: 989}, order.OutcomeAmountMismatch},
		"more":             {sandbox.PayOptions{Amount: 991}, order.OutcomeAmountMismatch},
		"another currency": {sandbox.PayOptions{Currency: "JPY"}, order.OutcomeCurrencyMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			video := s.sells(990, 3)
			o := s.place(alice, one(video))
			s.pay(o, c.options)
			s.is(o.OrderNo, order.PendingPay)
			if got := s.outcomes(); got != c.outcome {
				t.Errorf("outcome %s", got)
			}
			if cases, err := s.orders.CasesOf(s.ctx, o.OrderNo); err != nil || len(cases) != 1 ||
				cases[0].Kind != c.outcome {
				t.Errorf("cases %+v, %v", cases, err)
			}
			s.advance(16 * time.Minute) // the order closes all the same
			s.ok(s.orders.Expire(s.ctx, o.OrderNo))
			s.is(o.OrderNo, order.Closed)
			if s.stock(video).Available != 3 {
				t.Errorf("stock %+v", s.stock(video))
			}
			s.whole()
		})
	}
}

// notify signs a notice with the given body and applies it.
func (s *shop) notify(body string, at time.Time, secret string) (string, int, error) {
	h := http.Header{}
	h.Set(sandbox.SignatureHeader, sandbox.Sign(secret, at, []byte(body)))
	outcome, ack, err := s.orders.ApplyNotice(s.ctx, sandbox.Name, h, []byte(body))
	return outcome, ack.Status, err
}

func noticeBody(event, attempt, txn string, amount int64, at time.Time) string {
	return fmt.Sprintf(
		`{"eventId":%q,"type":"payment.succeeded","outTradeNo":%q,"channelTxnNo":%q,"amount":%d,"currency":"CNY","occurredAt":%q}`,
		event, attempt, txn, amount, at.Format(time.RFC3339))
}

func TestOrders_ApplyNotice_unknown_order(t *testing.T) {
	s := open(t)
	now := s.now()
	outcome, status, err := s.notify(noticeBody("e1", "01UNKNOWNATTEMPT0000000000", "T1", 990, now), now,
		"sandbox-secret")
	if outcome != order.OutcomeUnknownOrder || status != http.StatusOK || err != nil {
		t.Fatalf("%s, %d, %v", outcome, status, err)
	}
	if got := query[int64](s,
		`select amount from payment_capture where state = 'suspense'`); !slices.Equal(got, []int64{990}) {
		t.Errorf("suspense %v", got)
	}
}

func TestOrders_ApplyNotice_bad_or_stale_signature(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, -1)))
	s.page(o)
	attempt := query[string](s, `select attempt_no from video_payment`)[0]
	now := s.now()
	body := noticeBody("e1", attempt, "T1", 990, now)
	for name, c := range map[string]struct {
		at     time.Time
		secret string
	}{
		"bad":    {now, "another secret"},
		"stale":  {now.Add(-301 * time.Second), "sandbox-secret"},
		"future": {now.Add(302 * time.Second), "sandbox-secret"},
	} {
		if outcome, status, err := s.notify(body, c.at, c.secret); outcome != order.OutcomeRejected ||
			status != http.StatusUnauthorized || err == nil {
			t.Errorf("%s: %s, %d, %v", name, outcome, status, err)
		}
	}
	if n := query[int64](s, `select count(*) from payment_notice`)[0]; n != 0 {
		t.Errorf("%d notices were written", n)
	}
	s.is(o.OrderNo, order.PendingPay)
}

func TestOrders_ApplyNotice_same_transaction_in_another_notice(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, -1)))
	s.page(o)
	attempt := query[string](s, `select attempt_no from video_payment`)[0]
	now := s.now()
	for n, want := range []string{order.OutcomePaid, order.OutcomeDuplicate} {
		if outcome, _, err := s.notify(noticeBody(fmt.Sprint("e", n), attempt, "T1", 990, now), now,
			"sandbox-secret"); err != nil || outcome != want {
			t.Errorf("notice %d: %s, %v", n, outcome, err)
		}
	}
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	if outcome, _, err := s.notify(noticeBody("e9", attempt, "T1", 990, now), now, "sandbox-secret"); err != nil ||
		outcome != order.OutcomeDuplicate {
		t.Errorf("after delivery: %s, %v", outcome, err)
	}
	s.is(o.OrderNo, order.Delivered)
}

// hasty is a bank whose customer pays, and whose notice arrives, before it answers the prepay request.
type hasty struct {
	payment.Provider
	s *shop
}

func (h hasty) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	created, err := h.Provider.Create(ctx, r)
	if err == nil {
		h.s.payAt(created.Action.URL[strings.LastIndex(created.Action.URL, "/")+1:], sandbox.PayOptions{})
		h.s.deliverNotices()
	}
	return created, err
}

func TestOrders_ApplyNotice_before_the_prepay_answer(t *testing.T) {
	s := open(t, func(s *shop, p payment.Provider) payment.Provider { return hasty{p, s} })
	o := s.place(alice, one(s.sells(990, 1)))
	a, err := s.orders.Prepay(s.ctx, order.PrepayRequest{
		UserID:    alice,
		OrderNo:   o.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: "http://127.0.0.1/",
	})
	if err != nil && !errors.Is(err, payment.ErrAlreadyPaid) {
		t.Fatalf("prepay: %+v, %v", a, err)
	}
	s.is(o.OrderNo, order.Paid)
	if got := query[string](s, `select status from video_payment`); !slices.Equal(got, []string{"succeeded"}) {
		t.Errorf("the late answer moved the attempt to %v", got)
	}
	s.whole()
}

func TestOrders_Prepay_not_payable(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	paid, late := s.bought(alice, one(video)), s.place(bob, one(video))
	s.advance(15*time.Minute + time.Second)
	for name, o := range map[string]order.Order{"delivered": paid, "late": late} {
		if _, err := s.orders.Prepay(s.ctx, order.PrepayRequest{
			UserID:    o.UserID,
			OrderNo:   o.OrderNo,
			Provider:  sandbox.Name,
			ReturnURL: "http://127.0.0.1/",
		}); !errors.Is(err, order.ErrNotPayable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.orders.Prepay(s.ctx, order.PrepayRequest{
		UserID:    alice,
		OrderNo:   late.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: "http://127.0.0.1/",
	}); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
}

// closeUnasked closes an order without asking the bank, as if the bank took the money just after it was asked.
func (s *shop) closeUnasked(o order.Order) {
	s.t.Helper()
	s.ok(s.orders.CloseUnasked(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Closed)
}

// releaseNotices delivers the notices that the bank held back.
func (s *shop) releaseNotices() {
	s.t.Helper()
	_, err := s.pool.Exec(s.ctx, `update sandbox_notice set held = false`)
	s.ok(err)
	s.deliverNotices()
}
