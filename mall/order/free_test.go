package order_test

import (
	"errors"
	"testing"

	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

func TestRefunds_Request_free_item_of_a_paid_order(t *testing.T) {
	s := open(t)
	video, gift := s.sells(990, -1), s.sells(0, 2)
	o := s.bought(alice, one(video, gift))
	ask := order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[1].ID},
		Actor:   "operator:2",
		Reason:  "a mistake",
		Key:     "k",
	}
	r, err := s.orders.Refunds().Request(s.ctx, ask)
	if err != nil || !r.Amount.IsZero() || r.Status != "succeeded" {
		t.Fatalf("refund %+v, %v", r, err)
	}
	if again, err := s.orders.Refunds().Request(s.ctx, ask); err != nil || again.RefundNo != r.RefundNo {
		t.Errorf("the second click: %+v, %v", again, err)
	}
	if !s.watches(alice, o, 0) || s.watches(alice, o, 1) {
		t.Error("access must follow the item that was taken back")
	}
	if got := s.is(o.OrderNo, order.Delivered); !got.Refunded.IsZero() || s.stock(gift).Available != 2 {
		t.Errorf("after: %+v, stock %+v", got, s.stock(gift))
	}
	if jobs := query[int64](s, `select count(*) from river_job where kind = 'order_refund'`)[0]; jobs != 0 {
		t.Errorf("%d jobs ask a provider for a refund of nothing", jobs)
	}
	ask.Key = "k2"
	if _, err := s.orders.Refunds().Request(s.ctx, ask); !errors.Is(err, order.ErrNothingLeft) {
		t.Errorf("once more: %v", err)
	}
	s.whole()
	s.refundAll(o)
	s.whole()
}

func TestRefunds_Request_one_of_two_free_items(t *testing.T) {
	s := open(t)
	a, b := s.sells(0, 1), s.sells(0, 1)
	o := s.bought(alice, one(a, b))
	for n, want := range []order.Status{order.Delivered, order.Refunded} {
		if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
			OrderNo: o.OrderNo,
			ItemIDs: []int64{o.Items[n].ID},
			Key:     o.Items[n].Slug,
		}); err != nil {
			t.Fatal(err)
		}
		s.is(o.OrderNo, want)
		if s.watches(alice, o, 0) || s.watches(alice, o, 1) != (n == 0) {
			t.Errorf("after item %d the wrong videos can be watched", n)
		}
		s.whole()
	}
}

func TestRefunds_Submit_failure_restores_free_items(t *testing.T) {
	s := open(t)
	video, gift := s.sells(990, 2), s.sells(0, 2)
	o := s.place(alice, one(video, gift))
	s.pay(o, sandbox.PayOptions{RefundsFail: true})
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	s.refunds()
	s.is(o.OrderNo, order.Delivered)
	if !s.watches(alice, o, 0) || !s.watches(alice, o, 1) || s.stock(gift).Sold != 1 {
		t.Errorf("the refund failed, but an item was not restored: %+v", s.stock(gift))
	}
	s.whole()
}

func TestRefunds_Request_full_returns_the_unit_of_a_free_item(t *testing.T) {
	s := open(t)
	video, gift := s.sells(990, 2), s.sells(0, 2)
	o := s.bought(alice, one(video, gift))
	s.refundAll(o)
	if s.watches(alice, o, 1) || s.stock(gift).Available != 2 {
		t.Errorf("stock %+v", s.stock(gift))
	}
	s.whole()
}

func TestRefunds_Request_order_stays_open_for_a_free_item(t *testing.T) {
	s := open(t)
	video, gift := s.sells(990, 2), s.sells(0, 2)
	o := s.bought(alice, one(video, gift))
	for n, want := range []order.Status{order.Delivered, order.Refunded} {
		if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
			OrderNo: o.OrderNo,
			ItemIDs: []int64{o.Items[n].ID},
			Key:     o.Items[n].Slug,
		}); err != nil {
			t.Fatal(err)
		}
		s.refunds()
		if got := s.is(o.OrderNo, want); got.Refunded != cny(990) || s.watches(alice, o, 1) != (n == 0) {
			t.Errorf("after item %d: %+v", n, got)
		}
		s.whole()
	}
}
