package order_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// dispute moves the dispute of an order's payment on at the bank; its notices are not delivered yet.
func (s *shop) dispute(o order.Order, steps ...string) {
	s.t.Helper()
	attempts, err := s.payments.Attempts(s.ctx, o.OrderNo)
	s.ok(err)
	for _, step := range steps {
		s.ok(s.sandbox.Dispute(s.ctx, attempts[0].AttemptNo, step))
	}
}

// account returns the balance of an account of the ledger.
func (s *shop) account(name string) int64 {
	s.t.Helper()
	return query[int64](s, "select coalesce(sum(amount), 0)::bigint from ledger_line where account = $1", name)[0]
}

func (s *shop) cases(kind string) int {
	s.t.Helper()
	return query[int](s, "select count(*)::int from order_case where kind = $1", kind)[0]
}

func TestRefunds_dispute_lost(t *testing.T) {
	s := open(t)
	video, other := s.sells(990, 3), s.sells(500, -1)
	o := s.bought(alice, one(video, other))
	s.dispute(o, payment.DisputeOpened)
	s.deliverNotices()
	if s.watches(alice, o, 0) || s.watches(alice, o, 1) {
		t.Error("what is disputed can be watched")
	}
	s.is(o.OrderNo, order.Delivered)
	if held := s.account("disputed"); held != -1490 {
		t.Errorf("disputed holds %d", held)
	}
	if share := s.account("creator_held:1") + s.account("fees"); share != 0 {
		t.Errorf("creator and mall still have %d of it", share)
	}
	// The same sum can't be refunded as well.
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo, Actor: "operator:2", Key: "k",
	}); !errors.Is(err, order.ErrNothingLeft) {
		t.Errorf("a refund beside the dispute: %v", err)
	}
	s.whole()
	s.dispute(o, payment.DisputeFundsWithdrawn, payment.DisputeLost)
	s.deliverNotices()
	if got := s.is(o.OrderNo, order.Refunded); got.Refunded != cny(1490) || s.stock(video).Available != 3 {
		t.Errorf("after: %+v, stock %+v", got, s.stock(video))
	}
	if held, at := s.account("disputed"), s.account("channel:sandbox"); held != 0 || at != 0 {
		t.Errorf("disputed holds %d, the bank %d", held, at)
	}
	list, err := s.payments.Disputes(s.ctx, o.OrderNo)
	if err != nil || len(list) != 1 || list[0].Status != payment.DisputeIsLost || list[0].EvidenceDue == nil {
		t.Errorf("%+v, %v", list, err)
	}
	if n := s.cases("dispute"); n != 1 {
		t.Errorf("%d cases", n)
	}
	s.whole()
}

// The events of a dispute are told separately: in whatever order they arrive, and however often, the end is the same.
func TestRefunds_dispute_events_in_any_order(t *testing.T) {
	s := open(t)
	video := s.sells(1000, -1)
	for name, steps := range map[string][]string{
		"won": {
			payment.DisputeOpened, payment.DisputeFundsWithdrawn, payment.DisputeWon, payment.DisputeFundsReinstated,
		},
		"lost": {payment.DisputeOpened, payment.DisputeFundsWithdrawn, payment.DisputeLost},
	} {
		for n, order := range permutations(len(steps)) {
			o := s.bought(alice+int64(1000*len(steps)+n), one(video))
			s.dispute(o, steps...)
			ids := query[int64](s, `select id from sandbox_notice where out_trade_no = (
				select attempt_no from video_payment where reference = $1) and type like 'dispute.%' order by id`, o.OrderNo)
			if len(ids) != len(steps) {
				t.Fatalf("%d notices", len(ids))
			}
			for _, at := range order {
				s.ok(s.sandbox.Deliver(s.ctx, ids[at]))
			}
			got, err := s.orders.GetAny(s.ctx, o.OrderNo)
			s.ok(err)
			d, err := s.payments.Disputes(s.ctx, o.OrderNo)
			s.ok(err)
			if len(d) != 1 || d[0].Status != name || s.watches(o.UserID, o, 0) != (name == "won") ||
				(got.Refunded.Amount == 1000) != (name == "lost") {
				t.Fatalf("%s in the order %v: order %+v, dispute %+v", name, order, got, d)
			}
			if held := s.account("disputed"); held != 0 {
				t.Fatalf("%s in the order %v: disputed holds %d", name, order, held)
			}
		}
	}
	if at := s.account("channel:sandbox"); at != 24*1000 {
		t.Errorf("the bank holds %d", at)
	}
	if n := s.cases("dispute_unmatched"); n != 0 {
		t.Errorf("%d cases of disputes that contradict themselves", n)
	}
	s.whole()
}

// permutations lists all orders of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, rest := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(rest), at, n-1))
		}
	}
	return all
}

// A refund is on its way when the dispute is opened: its sum can't be held twice. When it fails, the bank takes it too.
func TestRefunds_dispute_after_a_refund(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(700, -1), s.sells(300, -1)))
	_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo, ItemIDs: []int64{o.Items[0].ID}, Actor: "operator:2", Key: "k",
	})
	s.ok(err)
	s.dispute(o, payment.DisputeOpened) // over all of the 1000: the bank knows nothing of the refund yet
	s.deliverNotices()
	s.whole()
	s.refunds() // is refused, because the payment is disputed
	if !s.watches(alice, o, 0) || s.watches(alice, o, 1) {
		t.Error("the item of the refused refund is not back, or the disputed one is")
	}
	s.whole()
	s.dispute(o, payment.DisputeLost)
	s.deliverNotices()
	got := s.is(o.OrderNo, order.Refunded)
	if got.Refunded != cny(1000) {
		t.Errorf("refunded %s", got.Refunded)
	}
	if left := s.account("creator_held:1") + s.account("fees"); left != 0 {
		t.Errorf("%d of the sale is left", left)
	}
	if s.cases("dispute_unmatched") != 0 || s.watches(alice, o, 0) {
		t.Error("a case, though all was there to take; or access is left")
	}
	s.whole()
}

func TestRefunds_dispute_warning(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, -1)))
	s.pay(o, sandbox.PayOptions{})
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.dispute(o, payment.DisputeWarning)
	s.deliverNotices()
	if !s.watches(alice, o, 0) || s.cases("dispute_warning") != 1 {
		t.Errorf("a warning moved something, or is no case: %d", s.cases("dispute_warning"))
	}
	s.whole()
}

// A refund that comes back is owed again: it is booked back, and an operator pays it in another way, once.
func TestRefunds_Transfer(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, 3)))
	s.pay(o, sandbox.PayOptions{RefundsReturn: true})
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	r, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Actor: "operator:2", Key: "k"})
	s.ok(err)
	if err := s.orders.Refunds().Transfer(s.ctx, r.RefundNo, "early", "operator:2"); !errors.Is(err, order.ErrNotRefundable) {
		t.Errorf("a transfer before anything came back: %v", err)
	}
	s.refunds() // it succeeds, and is returned after that
	s.is(o.OrderNo, order.Refunded)
	if owed, at := s.account("refunding"), s.account("channel:sandbox"); owed != -990 || at != 990 {
		t.Errorf("we owe %d, the bank holds %d", owed, at)
	}
	if s.watches(alice, o, 0) || s.cases("refund_returned") != 1 {
		t.Errorf("access is back, or there is no case")
	}
	paid, err := s.payments.Refund(s.ctx, r.RefundNo)
	if err != nil || paid.Status != payment.Returned {
		t.Errorf("%+v, %v", paid, err)
	}
	s.whole()
	own := fmt.Sprint("operator:", alice)
	if err := s.orders.Refunds().Transfer(s.ctx, r.RefundNo, "MINE", own); !errors.Is(err, order.ErrOwnMoney) {
		t.Errorf("a transfer to the operator: %v", err)
	}
	s.ok(s.orders.Refunds().Transfer(s.ctx, r.RefundNo, "TRANSFER-1", "operator:2"))
	if err := s.orders.Refunds().Transfer(s.ctx, r.RefundNo, "TRANSFER-2", "operator:2"); !errors.Is(err, order.ErrNotRefundable) {
		t.Errorf("a second transfer: %v", err)
	}
	if owed, out := s.account("refunding"), s.account("channel:bank_transfer"); owed != 0 || out != -990 {
		t.Errorf("we owe %d, the bank transferred %d", owed, out)
	}
	if paid, err = s.payments.Refund(s.ctx, r.RefundNo); err != nil || paid.Transfer != "TRANSFER-1" {
		t.Errorf("%+v, %v", paid, err)
	}
	s.whole()
}

// later refuses refunds for want of balance.
type later struct {
	payment.Provider
	poor *bool
}

func (l later) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	if *l.poor {
		return payment.RefundResult{}, payment.ErrRetryLater.Because("the balance is too low")
	}
	return l.Provider.Refund(ctx, r)
}

func TestRefunds_Submit_retried_later(t *testing.T) {
	poor := true
	s := open(t, func(_ *shop, p payment.Provider) payment.Provider { return later{p, &poor} })
	o := s.bought(alice, one(s.sells(990, -1)))
	r, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Actor: "operator:2", Key: "k"})
	s.ok(err)
	for _, cases := range []int{0, 1, 1} { // told once, after a day
		if err := s.orders.Refunds().Submit(s.ctx, r.RefundNo); !errors.Is(err, payment.ErrRetryLater) {
			t.Fatalf("submit: %v", err)
		}
		if n := s.cases("refund_delayed"); n != cases {
			t.Fatalf("%d cases, want %d", n, cases)
		}
		s.advance(25 * time.Hour)
	}
	kept, err := s.payments.Refund(s.ctx, r.RefundNo)
	if err != nil || kept.Status != payment.Pending || !strings.Contains(kept.LastError, "balance") {
		t.Fatalf("%+v, %v", kept, err)
	}
	s.whole()
	poor = false
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	s.whole()
}

// A payment whose notice was lost is found after its time, also if its order was closed before it was made.
func TestOrders_AskSilent(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, 1)))
	page := s.page(o)
	paid := s.place(bob, one(s.sells(500, -1)))
	s.page(paid)
	s.pay(paid, sandbox.PayOptions{})
	s.payAt(page, sandbox.PayOptions{}) // and no notice
	for at, want := range []int{0, 1, 0, 0} {
		if n, err := s.orders.AskSilent(s.ctx); err != nil || n != want {
			t.Fatalf("round %d: %d, %v; want %d", at, n, err, want)
		}
		s.advance(20 * time.Minute)
	}
	s.is(o.OrderNo, order.Paid)
	s.whole()
}

// An attempt that was never paid is asked about a few times, and then no more.
func TestOrders_AskSilent_ends(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, 1)))
	s.page(o)
	for range 40 {
		s.advance(3 * time.Hour)
		_, err := s.orders.AskSilent(s.ctx)
		s.ok(err)
	}
	if asks := query[int](s, "select asks from video_payment"); asks[0] != 4 {
		t.Errorf("asked %d times", asks[0])
	}
	if open := query[bool](s, "select ask_at is not null from video_payment"); open[0] {
		t.Error("it is asked about for ever")
	}
}

// strange has notices about somebody else's sales.
type strange struct{ payment.Provider }

func (f strange) ParseNotice(h http.Header, body []byte) (payment.Notice, error) {
	n, err := f.Provider.ParseNotice(h, body)
	if n.AttemptNo == "SOMEBODY-ELSES" {
		n.Type = payment.Foreign
	}
	return n, err
}

func TestOrders_ApplyNotice_foreign(t *testing.T) {
	s := open(t, func(_ *shop, p payment.Provider) payment.Provider { return strange{p} })
	body := []byte(`{"eventId":"evt-9","type":"payment.succeeded","merchant":"videomall","outTradeNo":"SOMEBODY-ELSES",` +
		`"channelTxnNo":"T9","amount":1,"currency":"CNY","occurredAt":"2026-03-01T12:00:00Z"}`)
	h := http.Header{}
	h.Set(sandbox.SignatureHeader, sandbox.Sign("sandbox-secret", s.now(), body))
	for range 2 {
		outcome, ack, err := s.orders.ApplyNotice(s.ctx, sandbox.Name, h, body)
		if err != nil || outcome != order.OutcomeForeign || ack.Status != 200 {
			t.Fatalf("%s, %+v, %v", outcome, ack, err)
		}
	}
	if n := query[int](s, `select (select count(*) from order_case) + (select count(*) from payment_notice)
		+ (select count(*) from payment_capture)`); n[0] != 0 {
		t.Errorf("%d rows were written", n[0])
	}
}

// secondCharge tells the end of another charge of the same attempt, which nobody pays.
type secondCharge struct{ payment.Provider }

func (w secondCharge) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	created, err := w.Provider.Create(ctx, r)
	created.ProviderRef = "cs_first"
	return created, err
}

func (w secondCharge) ParseNotice(h http.Header, body []byte) (payment.Notice, error) {
	n, err := w.Provider.ParseNotice(h, body)
	n.ProviderRef = n.ChannelTxnNo
	return n, err
}

func TestOrders_ApplyNotice_end_of_another_charge(t *testing.T) {
	s := open(t, func(_ *shop, p payment.Provider) payment.Provider { return secondCharge{p} })
	o := s.place(alice, one(s.sells(990, -1)))
	s.page(o)
	attempt := query[string](s, "select attempt_no from video_payment")[0]
	for _, end := range []struct{ ref, outcome, status string }{
		{"cs_second", order.OutcomeIgnored, "pending"},
		{"cs_first", order.OutcomePaymentFailed, "failed"},
	} {
		outcome := s.applies(map[string]any{
			"type": payment.PaymentFailed, "outTradeNo": attempt, "channelTxnNo": end.ref, "amount": 990,
		})
		if got := query[string](s, "select status from video_payment")[0]; outcome != end.outcome || got != end.status {
			t.Errorf("end of %s: %s, and the attempt is %s", end.ref, outcome, got)
		}
	}
}
