package order_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/inventory"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

func TestOrders_Expire_unpaid(t *testing.T) {
	s := open(t)
	video := s.sells(990, 2)
	o := s.place(alice, one(video))
	page := s.page(o)
	if err := s.orders.Expire(s.ctx, o.OrderNo); !errors.Is(err, order.ErrAwaitsProvider) {
		t.Fatalf("before its time: %v", err)
	}
	s.advance(15*time.Minute + time.Second)
	s.ok(s.orders.Expire(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Closed)
	if got := s.stock(video); got != (inventory.Counts{Total: 2, Available: 2}) {
		t.Errorf("stock %+v", got)
	}
	if _, err := s.sandbox.Pay(s.ctx, page, sandbox.PayOptions{}); err == nil {
		t.Error("the bank's page of a closed order still takes money")
	}
	s.ok(s.orders.Expire(s.ctx, o.OrderNo)) // the second call changes nothing
	if got := s.history(o.OrderNo); got != "PENDING_PAY:placed CLOSED:not_paid_in_time" {
		t.Errorf("history %s", got)
	}
	s.whole()
}

func TestOrders_Expire_finds_the_payment_whose_notice_was_lost(t *testing.T) {
	s := open(t)
	video := s.sells(990, 2)
	o := s.place(alice, one(video))
	s.payAt(s.page(o), sandbox.PayOptions{}) // the notice is not delivered
	s.advance(16 * time.Minute)
	s.ok(s.orders.Expire(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Paid)
	s.deliverNotices() // the notice comes late, as a duplicate
	if got := s.outcomes(); got != order.OutcomeDuplicate {
		t.Errorf("outcomes %s", got)
	}
	s.whole()
}

func TestOrders_Expire_payment_in_progress(t *testing.T) {
	s := open(t)
	video := s.sells(990, 2)
	o := s.place(alice, one(video))
	s.payAt(s.page(o), sandbox.PayOptions{Processing: true, Delay: 10 * time.Second})
	if _, err := s.orders.Cancel(s.ctx, alice, o.OrderNo); !errors.Is(err, order.ErrBeingPaid) {
		t.Errorf("cancel: %v", err)
	}
	s.advance(16 * time.Minute)
	if err := s.orders.Expire(s.ctx, o.OrderNo); !errors.Is(err, order.ErrAwaitsProvider) {
		t.Errorf("expire: %v", err)
	}
	s.is(o.OrderNo, order.PendingPay)
	s.deliverNotices()
	s.is(o.OrderNo, order.Paid)
	s.whole()
}

// mute is a bank that does not answer queries.
type mute struct{ payment.Provider }

func (mute) Query(context.Context, payment.ChargeRef) (payment.Charge, error) {
	return payment.Charge{}, errors.New("connection reset")
}

func TestOrders_Expire_bank_does_not_answer(t *testing.T) {
	bank := &struct{ payment.Provider }{}
	s := open(t, func(_ *shop, p payment.Provider) payment.Provider { bank.Provider = p; return bank })
	o := s.place(alice, one(s.sells(990, 1)))
	s.page(o)
	working := bank.Provider
	bank.Provider = mute{working}
	s.advance(16 * time.Minute)
	if err := s.orders.Expire(s.ctx, o.OrderNo); !errors.Is(err, order.ErrAwaitsProvider) {
		t.Fatalf("expire: %v", err)
	}
	s.is(o.OrderNo, order.PendingPay)
	bank.Provider = working
	if n, err := s.orders.SweepOverdue(s.ctx, 0); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	s.is(o.OrderNo, order.Closed)
	s.whole()
}

func TestOrders_Cancel_returns_the_stock(t *testing.T) {
	s := open(t)
	video := s.sells(990, 1)
	o := s.place(alice, one(video))
	s.page(o)
	for range 2 { // the second click
		if got, err := s.orders.Cancel(s.ctx, alice, o.OrderNo); err != nil || got.Status != order.Closed {
			t.Fatalf("cancel: %s, %v", got.Status, err)
		}
	}
	if s.stock(video).Available != 1 {
		t.Errorf("stock %+v", s.stock(video))
	}
	paid := s.bought(alice, one(video))
	if _, err := s.orders.Cancel(s.ctx, alice, paid.OrderNo); !errors.Is(err, order.ErrNotPayable) {
		t.Errorf("cancelling a delivered order: %v", err)
	}
	s.whole()
}

func TestOrders_Cancel_races_with_a_payment(t *testing.T) {
	s := open(t)
	video := s.sells(990, 100)
	for range 12 {
		o := s.place(alice, one(video))
		page := s.page(o)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.sandbox.Pay(s.ctx, page, sandbox.PayOptions{}); err == nil {
				for _, id := range query[int64](s, `select id from sandbox_notice where acked_at is null`) {
					if err := s.sandbox.Deliver(s.ctx, id); err != nil {
						t.Log(err)
					}
				}
			}
		})
		for range 3 {
			wg.Go(func() {
				if _, err := s.orders.Cancel(s.ctx, alice, o.OrderNo); err != nil &&
					!errors.Is(err, order.ErrNotPayable) && !errors.Is(err, order.ErrBeingPaid) &&
					!errors.Is(err, order.ErrMoved) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s.deliverNotices()
		got, err := s.orders.GetAny(s.ctx, o.OrderNo)
		s.ok(err)
		if got.Status != order.Closed && got.Status != order.Paid {
			t.Errorf("order %s ended %s", o.OrderNo, got.Status)
		}
		if got.Status == order.Paid { // otherwise the buyer of the next order would own the video
			s.refundAll(got)
		}
	}
	s.whole()
}

func TestOrders_CloseUnasked_races_with_a_notice(t *testing.T) {
	s := open(t)
	video := s.sells(990, 1)
	for range 12 {
		o := s.place(alice, one(video))
		s.payAt(s.page(o), sandbox.PayOptions{})
		var wg sync.WaitGroup
		wg.Go(s.deliverNotices)
		wg.Go(func() {
			if err := s.orders.CloseUnasked(s.ctx, o.OrderNo); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		got := s.is(o.OrderNo, order.Paid) // paid before the close, or revived after it
		if h := s.history(o.OrderNo); strings.Count(h, "PAID:") != 1 {
			t.Errorf("history %s", h)
		}
		s.refundAll(got)
	}
	s.whole()
}
