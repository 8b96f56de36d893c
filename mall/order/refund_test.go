package order_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

func (s *shop) refundAll(o order.Order) {
	s.t.Helper()
	_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Reason:  "test",
		Actor:   "operator:2",
		Key:     "all",
	})
	s.ok(err)
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	_, err = s.inventory.Gate.RecountMoved(s.ctx) // as the ticker does
	s.ok(err)
}

func TestRefunds_Request_full(t *testing.T) {
	s := open(t)
	video, other := s.sells(990, 3), s.sells(500, -1)
	o := s.bought(alice, one(video, other))
	r, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Reason:  "asked",
		Actor:   "operator:2",
		Key:     "k",
	})
	if err != nil || r.Amount != cny(1490) || r.Status != "pending" {
		t.Fatalf("refund %+v, %v", r, err)
	}
	if s.watches(alice, o, 0) || s.watches(alice, o, 1) {
		t.Error("an item that is being refunded can be watched")
	}
	s.refunds()
	if got := s.is(o.OrderNo, order.Refunded); got.Refunded != cny(1490) || s.stock(video).Available != 3 {
		t.Errorf("after: %+v, stock %+v", got, s.stock(video))
	}
	again, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k"})
	if err != nil || again.RefundNo != r.RefundNo {
		t.Errorf("the second click: %+v, %v", again, err)
	}
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Key:     "k2",
	}); !errors.Is(err, order.ErrNotRefundable) {
		t.Errorf("once more: %v", err)
	}
	s.whole()
}

func TestRefunds_Request_own_order(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, -1)))
	r := order.RefundRequest{OrderNo: o.OrderNo, Actor: fmt.Sprint("operator:", alice), Key: "k"}
	if _, err := s.orders.Refunds().Request(s.ctx, r); !errors.Is(err, order.ErrOwnMoney) {
		t.Errorf("an operator's own order: %v", err)
	}
	if !s.watches(alice, o, 0) {
		t.Error("the refused request ended access")
	}
	s.whole()
}

func TestRefunds_Request_by_item(t *testing.T) {
	s := open(t)
	video, other := s.sells(990, 3), s.sells(500, -1)
	o := s.bought(alice, one(video, other))
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[0].ID},
		Key:     "a",
	}); err != nil {
		t.Fatal(err)
	}
	s.refunds()
	if got := s.is(o.OrderNo, order.Delivered); got.Refunded != cny(990) || got.Items[0].Refunded != cny(990) ||
		!got.Items[1].Refunded.IsZero() {
		t.Errorf("after the first item: %+v", got)
	}
	if s.watches(alice, o, 0) || !s.watches(alice, o, 1) {
		t.Error("access must follow the refunded item")
	}
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[0].ID},
		Key:     "b",
	}); !errors.Is(err, order.ErrNothingLeft) {
		t.Errorf("the same item again: %v", err)
	}
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{999999},
		Key:     "c",
	}); !errors.Is(err, order.ErrUnknownItem) {
		t.Errorf("a foreign item: %v", err)
	}
	s.whole()
	s.refundAll(o)
	s.whole()
}

func TestRefunds_Request_many_at_once(t *testing.T) {
	s := open(t)
	a, b := s.sells(990, 30), s.sells(500, 30)
	for range 6 {
		o := s.bought(alice, one(a, b))
		var started atomic.Int64
		var wg sync.WaitGroup
		for n := range 8 {
			r := order.RefundRequest{
				OrderNo: o.OrderNo,
				Actor:   "operator:2",
				Key:     fmt.Sprint("k", n),
			}
			if n%2 == 0 {
				r.ItemIDs = []int64{o.Items[n/2%2].ID}
			}
			wg.Go(func() {
				if got, err := s.orders.Refunds().Request(s.ctx, r); err == nil {
					started.Add(got.Amount.Amount)
				} else if !errors.Is(err, order.ErrNothingLeft) && !errors.Is(err, order.ErrNotRefundable) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if started.Load() != 1490 {
			t.Fatalf("%d of 1490 were promised", started.Load())
		}
		s.refunds()
		s.is(o.OrderNo, order.Refunded)
	}
	s.whole()
}

func TestRefunds_Request_before_the_grant(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, 2)))
	s.pay(o, sandbox.PayOptions{})
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo)) // the job runs late
	if s.watches(alice, o, 0) {
		t.Error("a refunded item was granted")
	}
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	s.whole()
}

func TestRefunds_Submit_failure_restores_access(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, 2)))
	s.pay(o, sandbox.PayOptions{RefundsFail: true})
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	s.refunds()
	s.is(o.OrderNo, order.Delivered)
	if !s.watches(alice, o, 0) {
		t.Error("the buyer has neither the money nor the video")
	}
	if cases, err := s.orders.CasesOf(s.ctx, o.OrderNo); err != nil || len(cases) != 1 ||
		cases[0].Kind != "refund_failed" {
		t.Errorf("cases %+v, %v", cases, err)
	}
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "again"}); err != nil {
		t.Errorf("a second try: %v", err)
	}
	s.whole()
}

func TestOrders_ApplyNotice_refund_before_its_payment(t *testing.T) {
	s := open(t)
	video := s.sells(990, 2)
	o := s.place(alice, one(video))
	s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true})
	attempt := query[string](s, `select attempt_no from video_payment`)[0]
	txn := query[string](s, `select txn_no from sandbox_transaction`)[0]
	s.refundAtBank(attempt, txn, 990) // somebody refunds it at the bank
	s.deliverNotices()
	s.is(o.OrderNo, order.Refunded)
	if got := s.history(o.OrderNo); got != "PENDING_PAY:placed PAID:notice REFUNDED:channel" {
		t.Errorf("history %s", got)
	}
	s.releaseNotices()
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Refunded)
	if s.watches(alice, o, 0) || s.stock(video).Available != 2 {
		t.Errorf("stock %+v", s.stock(video))
	}
	s.whole()
}

func TestOrders_ApplyNotice_partial_refund_at_the_bank(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, 2)))
	attempt := query[string](s, `select attempt_no from video_payment`)[0]
	txn := query[string](s, `select txn_no from sandbox_transaction`)[0]
	s.refundAtBank(attempt, txn, 90)
	s.deliverNotices()
	s.is(o.OrderNo, order.Delivered)
	if cases, err := s.orders.CasesOf(s.ctx, o.OrderNo); err != nil || len(cases) != 1 ||
		cases[0].Kind != "refund_unmatched" {
		t.Errorf("cases %+v, %v", cases, err)
	}
}

func TestRefunds_Submit_again_after_a_lost_answer(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, 2)))
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	no := query[string](s, `select refund_no from order_refund`)[0]
	for range 3 { // the job, its retry and the sweeper
		if err := s.orders.Refunds().Submit(s.ctx, no); err != nil && !errors.Is(err, order.ErrAwaitsProvider) {
			t.Fatal(err)
		}
	}
	s.deliverNotices()
	if n, err := s.orders.Refunds().Sweep(s.ctx, 0); err != nil || n != 0 {
		t.Errorf("%d refunds are still open, %v", n, err)
	}
	s.is(o.OrderNo, order.Refunded)
	if got := query[int64](s, `select sum(refunded)::bigint from sandbox_transaction`)[0]; got != 990 {
		t.Errorf("the bank gave back %d", got)
	}
	s.whole()
}

func TestRefunds_Request_free_order(t *testing.T) {
	s := open(t)
	video := s.sells(0, 1)
	o := s.bought(alice, one(video))
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	s.is(o.OrderNo, order.Refunded)
	if s.watches(alice, o, 0) || s.stock(video).Available != 1 {
		t.Errorf("stock %+v", s.stock(video))
	}
	s.whole()
}

func TestOrders_ApplyNotice_refund_of_another_sum(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, 2)))
	r, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k"})
	s.ok(err)
	now, attempt := s.now(), query[string](s, `select attempt_no from video_payment`)[0]
	for n, sum := range []string{`"amount":989,"currency":"CNY"`, `"amount":990,"currency":"JPY"`} {
		body := fmt.Sprintf(
			`{"eventId":"e%d","type":"refund.succeeded","outTradeNo":%q,"channelTxnNo":"T1","refundNo":%q,%s,"occurredAt":%q}`,
			n, attempt, r.RefundNo, sum, now.Format(time.RFC3339))
		if outcome, _, err := s.notify(body, now, "sandbox-secret"); err != nil ||
			outcome != order.OutcomeRefundUnmatched {
			t.Errorf("%s: %s, %v", sum, outcome, err)
		}
	}
	if got := s.refundStates(o); got != "pending" {
		t.Errorf("refund %s", got)
	}
	if cases, err := s.orders.CasesOf(s.ctx, o.OrderNo); err != nil || len(cases) != 2 ||
		cases[0].Kind != order.OutcomeRefundUnmatched {
		t.Errorf("cases %+v, %v", cases, err)
	}
	s.refunds() // the refund itself is settled all the same
	s.is(o.OrderNo, order.Refunded)
	s.whole()
}

// A refund that was made at the bank is told by a statement, which may not know its number, and by several notices.
func TestOrders_ApplyStatement_refund_at_the_bank_before_its_notices(t *testing.T) {
	for name, number := range map[string]string{"with the number": "BANK-1", "without a number": ""} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			o := s.bought(alice, one(s.sells(990, 2)))
			attempt := query[string](s, `select attempt_no from video_payment`)[0]
			txn := query[string](s, `select txn_no from sandbox_transaction`)[0]
			outcome, err := s.orders.ApplyStatement(s.ctx, sandbox.Name, "refund/"+number, payment.StatementLine{
				Kind:         payment.StatementRefund,
				AttemptNo:    attempt,
				ChannelTxnNo: txn,
				RefundNo:     number,
				Amount:       cny(990),
				At:           s.now(),
			})
			if err != nil || outcome != order.OutcomeRefundSettled {
				t.Fatalf("the statement: %s, %v", outcome, err)
			}
			now := s.now()
			for n, c := range []struct{ kind, refundNo, channelNo, want string }{
				{"succeeded", "BANK-1", "sbr1", order.OutcomeDuplicate},
				{"succeeded", "BANK-1", "sbr1", order.OutcomeDuplicate}, // another event of the same refund
				{"succeeded", "BANK-2", "sbr2", order.OutcomeRefundUnmatched},
				{"failed", "BANK-1", "sbr1", order.OutcomeRefundFailed},
				{"failed", "BANK-1", "sbr1", order.OutcomeDuplicate},
			} {
				body := fmt.Sprintf(`{"eventId":"e%d","type":"refund.%s","outTradeNo":%q,"channelTxnNo":%q,"refundNo":%q,`+
					`"refundTxnNo":%q,"amount":990,"currency":"CNY","occurredAt":%q}`, n, c.kind, attempt, txn, c.refundNo,
					c.channelNo, now.Format(time.RFC3339))
				if got, _, err := s.notify(body, now, "sandbox-secret"); err != nil || got != c.want {
					t.Errorf("notice %d: %s, %v; want %s", n, got, err, c.want)
				}
			}
			if got := query[string](s, `select status from payment_refund`); len(got) != 1 || got[0] != payment.Returned {
				t.Errorf("refunds: %q", got)
			}
			cases, err := s.orders.CasesOf(s.ctx, o.OrderNo)
			if err != nil || len(cases) != 2 { // of the number that nobody knows, and of what came back
				t.Errorf("cases %+v, %v", cases, err)
			}
		})
	}
}
