package order_test

import (
	"strings"
	"testing"

	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// refundStates lists the states of an order's refunds, the oldest first.
func (s *shop) refundStates(o order.Order) string {
	s.t.Helper()
	return strings.Join(query[string](s, `select status from order_refund where order_no = $1
		order by created_at, refund_no`, o.OrderNo), " ")
}

func TestOrders_ApplyNotice_two_payments_after_close(t *testing.T) {
	s := open(t)
	video := s.sells(990, 1)
	o := s.place(alice, one(video))
	s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true, Twice: true})
	s.closeUnasked(o)
	s.bought(bob, one(video)) // nothing is left to revive the order with
	s.releaseNotices()
	s.refunds()
	if got := s.refundStates(o); got != "succeeded succeeded" {
		t.Errorf("refunds %s", got)
	}
	if got := s.is(o.OrderNo, order.Refunded); got.Refunded != cny(990) {
		t.Errorf("%s of the order were refunded, which should not include the surplus", got.Refunded)
	}
	s.whole()
}

func TestOrders_ApplyNotice_revived_order_survives_an_earlier_refund(t *testing.T) {
	s := open(t)
	video := s.sells(990, 1)
	o := s.place(alice, one(video))
	s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true, Twice: true})
	s.closeUnasked(o)
	other := s.place(bob, one(video))
	notices := query[int64](s, `update sandbox_notice set held = false returning id`)
	s.ok(s.sandbox.Deliver(s.ctx, notices[0])) // there is no stock: this payment is refunded
	if _, err := s.orders.Cancel(s.ctx, bob, other.OrderNo); err != nil {
		t.Fatal(err)
	}
	s.ok(s.sandbox.Deliver(s.ctx, notices[1])) // there is stock again: this payment revives the order
	if got := s.outcomes(); got != "paid_after_close revived" {
		t.Fatalf("outcomes %s", got)
	}
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.refunds()
	if got := s.refundStates(o); got != "succeeded" {
		t.Errorf("refunds %s", got)
	}
	if got := s.is(o.OrderNo, order.Delivered); !got.Refunded.IsZero() || !s.watches(alice, o, 0) {
		t.Errorf("the order that was paid lost something: %+v", got)
	}
	s.whole()
}

func TestOrders_ApplyNotice_paid_after_close_owned_by_now(t *testing.T) {
	s := open(t)
	video := s.sells(990, 3)
	o := s.place(alice, one(video))
	s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true})
	s.closeUnasked(o)
	s.bought(alice, one(video)) // the payment seemed lost, so the video was bought again
	s.releaseNotices()
	if got := s.outcomes(); !strings.HasSuffix(got, order.OutcomePaidAfterClose) {
		t.Fatalf("outcomes %s", got)
	}
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	if got := s.stock(video); got.Sold != 1 || got.Available != 2 {
		t.Errorf("stock %+v", got)
	}
	s.whole()
}
