package order_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// watchedPart notes that somebody has watched a part of the n-th item of an order.
func (s *shop) watchedPart(userID int64, o order.Order, n, percent int) {
	s.watched.Store(fmt.Sprint(userID, "/", o.Items[n].SPUID), percent)
}

func (s *shop) asks(o order.Order, key string, items ...int64) (order.Asked, error) {
	return s.orders.Refunds().Ask(s.ctx, order.Ask{
		UserID:  o.UserID,
		OrderNo: o.OrderNo,
		ItemIDs: items,
		Reason:  "not what I thought",
		Key:     key,
	})
}

func TestRefunds_Ask_within_the_policy(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, -1), s.sells(500, -1)))
	s.watchedPart(alice, o, 0, 10)
	a, err := s.asks(o, "k", o.Items[0].ID)
	if err != nil || a.Status != order.AskApproved || !a.ByRule || a.RefundNo == "" || a.Items[0].Watched != 10 {
		t.Fatalf("%+v, %v", a, err)
	}
	again, err := s.asks(o, "k", o.Items[0].ID)
	if err != nil || again.ID != a.ID || again.RefundNo != a.RefundNo {
		t.Errorf("the second click: %+v, %v", again, err)
	}
	if s.watches(alice, o, 0) || !s.watches(alice, o, 1) {
		t.Error("access must follow the refunded item")
	}
	s.refunds()
	if got := s.is(o.OrderNo, order.Delivered); got.Refunded != cny(990) {
		t.Errorf("refunded %s", got.Refunded)
	}
	if _, err := s.asks(o, "k2", o.Items[0].ID); !errors.Is(err, order.ErrNothingLeft) {
		t.Errorf("once more: %v", err)
	}
	refunds, err := s.orders.Refunds().OfOrder(s.ctx, o.OrderNo)
	if err != nil || len(refunds) != 1 || refunds[0].Cause != "shopper" || refunds[0].Actor != "shopper:101" {
		t.Errorf("%+v, %v", refunds, err)
	}
	s.whole()
}

// What was shown before an order was placed applies to it, whatever the policy is by now.
func TestRefunds_Ask_policy_of_the_order(t *testing.T) {
	s := open(t)
	before := s.bought(alice, one(s.sells(990, -1)))
	s.deps.Policy = order.Policy{}
	s.orders = order.New(s.deps)
	after := s.bought(bob, one(s.sells(990, -1)))
	if a, err := s.asks(before, "k"); err != nil || !a.ByRule {
		t.Errorf("before: %+v, %v", a, err)
	}
	if a, err := s.asks(after, "k"); err != nil || a.Status != order.AskRequested || a.Outside != order.OutsideNone {
		t.Errorf("after: %+v, %v", a, err)
	}
}

func TestRefunds_Ask_outside_the_policy(t *testing.T) {
	s := open(t)
	for _, k := range []struct {
		name    string
		before  func(o order.Order)
		outside string
	}{
		{"the last moment", func(order.Order) { s.advance(7*24*time.Hour - time.Minute) }, ""},
		{"a moment too late", func(order.Order) { s.advance(7*24*time.Hour + time.Second) }, order.OutsideLate},
		{"watched as much as may be", func(o order.Order) { s.watchedPart(alice, o, 0, 10) }, ""},
		{"watched too much", func(o order.Order) { s.watchedPart(alice, o, 0, 11) }, order.OutsideWatched},
	} {
		o := s.bought(alice, one(s.sells(990, -1)))
		k.before(o)
		list, err := s.orders.Refunds().Refundable(s.ctx, o)
		if err != nil || len(list) != 1 || list[0].Outside != k.outside || list[0].Left != cny(990) {
			t.Errorf("%s: shown %+v, %v", k.name, list, err)
		}
		a, err := s.asks(o, "k")
		if err != nil || a.Outside != k.outside || (a.Status == order.AskApproved) != (k.outside == "") {
			t.Errorf("%s: %+v, %v", k.name, a, err)
		}
		if s.watches(alice, o, 0) != (k.outside != "") {
			t.Errorf("%s: access is wrong", k.name)
		}
	}
	s.whole()
}

func TestRefunds_Ask_whom_it_refuses(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, -1)))
	other := s.bought(bob, one(s.sells(990, -1)))
	ask := order.Ask{UserID: bob, OrderNo: o.OrderNo, Reason: "r", Key: "k"}
	if _, err := s.orders.Refunds().Ask(s.ctx, ask); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("somebody else's order: %v", err)
	}
	if _, err := s.asks(o, "k", other.Items[0].ID); !errors.Is(err, order.ErrUnknownItem) {
		t.Errorf("an item of another order: %v", err)
	}
	ask = order.Ask{UserID: alice, OrderNo: o.OrderNo, Reason: " ", Key: "k"}
	if _, err := s.orders.Refunds().Ask(s.ctx, ask); !errors.Is(err, order.ErrAskReason) {
		t.Errorf("no reason: %v", err)
	}
	unpaid := s.place(carol, one(s.sells(990, -1)))
	if _, err := s.asks(unpaid, "k"); !errors.Is(err, order.ErrNotRefundable) {
		t.Errorf("an unpaid order: %v", err)
	}
	free := s.bought(carol, one(s.sells(0, -1)))
	if _, err := s.asks(free, "k"); !errors.Is(err, order.ErrNothingLeft) {
		t.Errorf("what cost nothing: %v", err)
	}
}

func TestRefunds_Ask_many_at_once(t *testing.T) {
	s := open(t)
	for _, percent := range []int{0, 90} {
		o := s.bought(alice, one(s.sells(990, -1), s.sells(500, -1)))
		s.watchedPart(alice, o, 0, percent)
		s.watchedPart(alice, o, 1, percent)
		var made atomic.Int64
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				if _, err := s.asks(o, fmt.Sprint("k", n), o.Items[n%2].ID); err == nil {
					made.Add(1)
				} else if !errors.Is(err, order.ErrAskOpen) && !errors.Is(err, order.ErrNothingLeft) &&
					!errors.Is(err, order.ErrNotRefundable) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 2 {
			t.Errorf("%d requests for two items that were watched to %d percent", made.Load(), percent)
		}
		s.refunds()
	}
	s.whole()
}

var sandboxFailing = sandbox.PayOptions{RefundsFail: true}

func (s *shop) askedLate(o order.Order) order.Asked {
	s.t.Helper()
	s.watchedPart(o.UserID, o, 0, 40)
	a, err := s.asks(o, "k", o.Items[0].ID)
	if err != nil || a.Status != order.AskRequested {
		s.t.Fatalf("%+v, %v", a, err)
	}
	return a
}

func TestRefunds_Approve(t *testing.T) {
	s := open(t)
	for _, k := range []struct {
		name     string
		approval order.Approval
		back     int64
		watches  bool
	}{
		{"whole", order.Approval{}, 990, false},
		{"an amount", order.Approval{Amount: cny(300)}, 300, true},
		{"the whole amount", order.Approval{Amount: cny(990)}, 990, false},
		{"the unwatched share", order.Approval{Unwatched: true}, 594, true},
	} {
		o := s.bought(alice, one(s.sells(990, -1)))
		a := s.askedLate(o)
		k.approval.ID, k.approval.Actor = a.ID, "operator:2"
		r, err := s.orders.Refunds().Approve(s.ctx, k.approval)
		if err != nil || r.Amount != cny(k.back) {
			t.Errorf("%s: %+v, %v", k.name, r, err)
		}
		if s.watches(alice, o, 0) != k.watches {
			t.Errorf("%s: access is wrong", k.name)
		}
		if _, err := s.orders.Refunds().Approve(s.ctx, k.approval); !errors.Is(err, order.ErrAskDecided) {
			t.Errorf("%s: once more: %v", k.name, err)
		}
		s.refunds()
		list, err := s.orders.Refunds().Asked(s.ctx, o.OrderNo)
		if err != nil || len(list) != 1 || list[0].Status != order.AskApproved || list[0].ByRule ||
			list[0].RefundNo != r.RefundNo {
			t.Errorf("%s: %+v, %v", k.name, list, err)
		}
	}
	s.whole()
}

func TestRefunds_Approve_refuses(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, -1)))
	a := s.askedLate(o)
	for _, sum := range []money.Money{cny(991), cny(-1), money.Of(1, "USD")} {
		if _, err := s.orders.Refunds().Approve(s.ctx, order.Approval{
			ID:     a.ID,
			Amount: sum,
			Actor:  "operator:2",
		}); !errors.Is(err, order.ErrRefundAmount) {
			t.Errorf("%s: %v", sum, err)
		}
	}
	own := order.Approval{ID: a.ID, Actor: fmt.Sprint("operator:", alice)}
	if _, err := s.orders.Refunds().Approve(s.ctx, own); !errors.Is(err, order.ErrOwnMoney) {
		t.Errorf("one's own request: %v", err)
	}
	if _, err := s.orders.Refunds().Approve(s.ctx, order.Approval{ID: 99, Actor: "operator:2"}); !errors.Is(err,
		order.ErrAskNotFound) {
		t.Errorf("no request: %v", err)
	}
}

func TestRefunds_Decline_and_Withdraw(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, -1)))
	a := s.askedLate(o)
	if _, err := s.asks(o, "k2"); !errors.Is(err, order.ErrAskOpen) {
		t.Errorf("a second request: %v", err)
	}
	if err := s.orders.Refunds().Decline(s.ctx, a.ID, "", "operator:2"); !errors.Is(err, order.ErrAskReason) {
		t.Errorf("declined without an answer: %v", err)
	}
	s.ok(s.orders.Refunds().Decline(s.ctx, a.ID, "You have watched much of it.", "operator:2"))
	if err := s.orders.Refunds().Withdraw(s.ctx, alice, o.OrderNo, a.ID); !errors.Is(err, order.ErrAskDecided) {
		t.Errorf("withdrawn after the decision: %v", err)
	}
	b, err := s.asks(o, "k3")
	if err != nil || b.Status != order.AskRequested {
		t.Fatalf("asked again: %+v, %v", b, err)
	}
	if err := s.orders.Refunds().Withdraw(s.ctx, bob, o.OrderNo, b.ID); !errors.Is(err, order.ErrAskNotFound) {
		t.Errorf("withdrawn by somebody else: %v", err)
	}
	s.ok(s.orders.Refunds().Withdraw(s.ctx, alice, o.OrderNo, b.ID))
	if n, err := s.orders.Refunds().CountAsked(s.ctx); err != nil || n != 0 {
		t.Errorf("%d wait, %v", n, err)
	}
	if !s.watches(alice, o, 0) {
		t.Error("access ended although nothing was refunded")
	}
	s.whole()
}

func TestRefunds_Request_amounts(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, -1), s.sells(510, -1)))
	r, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Amount:  cny(500),
		Actor:   "operator:2",
		Key:     "a",
	})
	if err != nil || r.Amount != cny(500) || len(r.Items) != 2 || r.Items[0].Amount != cny(330) {
		t.Fatalf("%+v, %v", r, err)
	}
	if !s.watches(alice, o, 0) || !s.watches(alice, o, 1) {
		t.Error("access ended although something is left")
	}
	s.refunds()
	r, err = s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[0].ID},
		Amount:  cny(660),
		Actor:   "operator:2",
		Key:     "b",
	})
	if err != nil || r.Amount != cny(660) {
		t.Fatalf("%+v, %v", r, err)
	}
	if s.watches(alice, o, 0) || !s.watches(alice, o, 1) {
		t.Error("access must end for the item of which nothing is left, and for no other")
	}
	s.refunds()
	s.whole()
	s.refundAll(s.is(o.OrderNo, order.Delivered))
	s.whole()
}

// Refunds of all kinds at once never give back more than was paid, and leave no item accessible of which nothing is
// left.
func TestRefunds_Request_all_kinds_at_once(t *testing.T) {
	s := open(t)
	for range 5 {
		o := s.bought(alice, one(s.sells(990, -1), s.sells(500, -1), s.sells(333, -1)))
		s.watchedPart(alice, o, 0, 30)
		var wg sync.WaitGroup
		for n := range 16 {
			r := order.RefundRequest{OrderNo: o.OrderNo, Actor: "operator:2", Key: fmt.Sprint("k", n)}
			switch n % 4 {
			case 0:
				r.ItemIDs = []int64{o.Items[n/4%3].ID}
			case 1:
				r.Amount = cny(int64(101 + 13*n))
			case 2:
				r.Unwatched = true
			}
			wg.Go(func() {
				var err error
				if n == 7 {
					_, err = s.asks(o, "ask", o.Items[1].ID)
				} else {
					_, err = s.orders.Refunds().Request(s.ctx, r)
				}
				if err != nil && !errors.Is(err, order.ErrNothingLeft) && !errors.Is(err, order.ErrNotRefundable) &&
					!errors.Is(err, order.ErrRefundAmount) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s.refunds()
		got, err := s.orders.GetAny(s.ctx, o.OrderNo)
		s.ok(err)
		if got.Refunded.Amount > got.Total.Amount {
			t.Errorf("%s of %s was refunded", got.Refunded, got.Total)
		}
		for n, i := range got.Items {
			if (i.Refunded == i.Net()) == s.watches(alice, got, n) {
				t.Errorf("item %d: %s of %s refunded, and watched: %t", n, i.Refunded, i.Net(), s.watches(alice, got, n))
			}
		}
		s.whole()
	}
}

// A part that fails gives back the access that the rest had ended, since something of the item is paid for again.
func TestRefunds_Submit_part_fails(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, -1)))
	s.pay(o, sandboxFailing)
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	for n, sum := range []int64{300, 690} {
		_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
			OrderNo: o.OrderNo,
			Amount:  cny(sum),
			Actor:   "operator:2",
			Key:     fmt.Sprint(n),
		})
		s.ok(err)
	}
	if s.watches(alice, o, 0) {
		t.Error("nothing is left, and it can be watched")
	}
	s.refunds()
	if !s.watches(alice, o, 0) {
		t.Error("both refunds failed, and access did not come back")
	}
	s.whole()
}

func TestRefunds_RequestSale_amount(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, -1)))
	r, err := s.orders.Refunds().RequestSale(s.ctx, 1, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[0].ID},
		Amount:  cny(100),
		Reason:  "a bad minute",
		Actor:   "creator:1",
		Key:     "k",
	})
	if err != nil || r.Amount != cny(100) || !s.watches(alice, o, 0) {
		t.Errorf("%+v, %v", r, err)
	}
	s.refunds()
	s.whole()
}
