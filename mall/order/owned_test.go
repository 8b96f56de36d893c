package order_test

import (
	"errors"
	"sync"
	"testing"

	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// sellsBoth lists a video with two SKUs: one to own and one to rent.
func (s *shop) sellsBoth(own, rent int64) (ownID, rentID int64) {
	s.t.Helper()
	s.products++
	made, err := s.catalog.CreateProduct(s.ctx, catalog.NewProduct{
		Slug:       "both-" + string(rune('a'+s.products)),
		CreatorID:  1,
		CategoryID: s.category,
		Title:      locale.Text{Zh: "影片", En: "Film"},
		SKUs: []catalog.NewSKU{
			{
				Kind:    catalog.KindOwn,
				Quality: catalog.QualityHD,
				Price:   catalog.NewPrice{Amount: own, Currency: "CNY"},
			},
			{
				Kind:      catalog.KindRent,
				Quality:   catalog.QualityHD,
				RentHours: 48,
				Price:     catalog.NewPrice{Amount: rent, Currency: "CNY"},
			},
		},
	})
	s.ok(err)
	s.ok(s.catalog.Publish(s.ctx, made.SPUID))
	return made.SKUIDs[0], made.SKUIDs[1]
}

func (s *shop) mayNotPay(o order.Order) {
	s.t.Helper()
	if _, err := s.orders.Prepay(s.ctx, order.PrepayRequest{
		UserID:    o.UserID,
		OrderNo:   o.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: "http://127.0.0.1",
	}); !errors.Is(err, order.ErrAlreadyOwned) {
		s.t.Errorf("the payment of an item that is owned by now was opened: %v", err)
	}
}

func (s *shop) grants(userID int64) int64 {
	s.t.Helper()
	return query[int64](s, `select count(*) from video_entitlement where user_id = $1 and state = 'active'`, userID)[0]
}

func TestOrders_Prepay(t *testing.T) {
	t.Run("a_video_owned_by_now", func(t *testing.T) {
		s := open(t)
		video := s.sells(600, 5)
		first, second := s.place(alice, one(video)), s.place(alice, one(video))
		s.pay(first, sandbox.PayOptions{})
		s.mayNotPay(second) // the first order is paid and about to be granted
		s.ok(s.orders.Deliver(s.ctx, first.OrderNo))
		s.mayNotPay(second)
		s.page(s.place(bob, one(video))) // another person may pay
	})
	t.Run("a_rental_of_a_video_owned_by_now", func(t *testing.T) {
		s := open(t)
		own, rent := s.sellsBoth(900, 300)
		waiting := s.place(alice, one(rent))
		s.bought(alice, one(own))
		s.mayNotPay(waiting)
	})
	t.Run("one_video_of_two_is_owned_by_now", func(t *testing.T) {
		s := open(t)
		a, b := s.sells(600, -1), s.sells(700, -1)
		waiting := s.place(alice, one(a, b))
		s.bought(alice, one(a))
		s.mayNotPay(waiting)
		owned, err := s.orders.OwnedByNow(s.ctx, waiting)
		if err != nil || len(owned) != 1 || owned[0].SKUID != a {
			t.Errorf("owned %+v, %v", owned, err)
		}
	})
	t.Run("a_second_window_of_a_rental", func(t *testing.T) {
		s := open(t)
		_, rent := s.sellsBoth(900, 300)
		waiting := s.place(alice, one(rent))
		s.bought(alice, one(rent))
		s.page(waiting) // may be paid
	})
	t.Run("a_better_quality_than_is_owned", func(t *testing.T) {
		s := open(t)
		s.products++
		made, err := s.catalog.CreateProduct(s.ctx, catalog.NewProduct{
			Slug:       "grows",
			CreatorID:  1,
			CategoryID: s.category,
			Title:      locale.Text{Zh: "影片", En: "Film"},
			SKUs: []catalog.NewSKU{
				{
					Kind:    catalog.KindOwn,
					Quality: catalog.QualityHD,
					Price:   catalog.NewPrice{Amount: 900, Currency: "CNY"},
				},
				{
					Kind:    catalog.KindOwn,
					Quality: catalog.Quality4K,
					Price:   catalog.NewPrice{Amount: 1200, Currency: "CNY"},
				},
			},
		})
		s.ok(err)
		s.ok(s.catalog.Publish(s.ctx, made.SPUID))
		waiting := s.place(alice, one(made.SKUIDs[1]))
		s.bought(alice, one(made.SKUIDs[0]))
		s.page(waiting)
	})
}

func TestOrders_Deliver(t *testing.T) {
	t.Run("a_video_owned_when_the_payment_comes_is_refunded", func(t *testing.T) {
		s := open(t)
		video := s.sells(600, 5)
		first, second := s.place(alice, one(video)), s.place(alice, one(video))
		page := s.page(second)
		s.bought(alice, one(s.sells(100, -1))) // another video does not matter
		s.pay(first, sandbox.PayOptions{})
		s.ok(s.orders.Deliver(s.ctx, first.OrderNo))
		s.payAt(page, sandbox.PayOptions{})
		s.deliverNotices()
		s.ok(s.orders.Deliver(s.ctx, second.OrderNo))
		s.ok(s.orders.Deliver(s.ctx, second.OrderNo)) // its retry
		if n, err := s.orders.SweepUndelivered(s.ctx, 0); err != nil || n != 0 {
			t.Errorf("the sweeper delivered %d orders that are being refunded, %v", n, err)
		}
		s.refunds()
		if got := s.is(second.OrderNo, order.Refunded); got.Refunded != cny(600) {
			t.Errorf("%s was refunded", got.Refunded)
		}
		s.is(first.OrderNo, order.Delivered)
		if !s.watches(alice, first, 0) || s.stock(video).Sold != 1 || s.grants(alice) != 2 {
			t.Errorf("stock %+v, %d grants", s.stock(video), s.grants(alice))
		}
		s.whole()
	})
	t.Run("only_the_owned_video_of_two_is_refunded", func(t *testing.T) {
		s := open(t)
		a, b := s.sells(600, 3), s.sells(700, 3)
		both := s.place(alice, one(a, b))
		page := s.page(both)
		s.bought(alice, one(a))
		s.payAt(page, sandbox.PayOptions{})
		s.deliverNotices()
		s.ok(s.orders.Deliver(s.ctx, both.OrderNo))
		s.refunds()
		got := s.is(both.OrderNo, order.Delivered)
		if got.Refunded != cny(600) || got.Items[0].GrantedAt != nil || !s.watches(alice, got, 1) ||
			s.grants(alice) != 2 {
			t.Errorf("%+v, %d grants", got, s.grants(alice))
		}
		s.whole()
	})
	t.Run("a_rental_of_an_owned_video_is_refunded", func(t *testing.T) {
		s := open(t)
		own, rent := s.sellsBoth(900, 300)
		waiting := s.place(alice, one(rent))
		page := s.page(waiting)
		s.bought(alice, one(own))
		s.payAt(page, sandbox.PayOptions{})
		s.deliverNotices()
		s.ok(s.orders.Deliver(s.ctx, waiting.OrderNo))
		s.refunds()
		s.is(waiting.OrderNo, order.Refunded)
		s.whole()
	})
	t.Run("an_owned_part_of_a_bundle_is_refunded_at_its_share", func(t *testing.T) {
		s := open(t)
		a, b := s.sells(1000, -1), s.sells(1000, -1)
		o, err := s.buyBundle(alice, s.bundle(1500, a, b))
		s.ok(err)
		page := s.page(o)
		s.bought(alice, one(a))
		s.payAt(page, sandbox.PayOptions{})
		s.deliverNotices()
		s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
		s.refunds()
		if got := s.is(o.OrderNo, order.Delivered); got.Refunded != cny(750) {
			t.Errorf("%s was refunded", got.Refunded)
		}
		s.whole()
	})
	t.Run("a_free_video_of_two_orders_is_granted_once", func(t *testing.T) {
		s := open(t)
		video := s.sells(0, 3)
		first, second := s.place(alice, one(video)), s.place(alice, one(video))
		s.ok(s.orders.Deliver(s.ctx, first.OrderNo))
		s.ok(s.orders.Deliver(s.ctx, second.OrderNo))
		s.is(second.OrderNo, order.Refunded)
		if s.grants(alice) != 1 || s.stock(video).Available != 2 {
			t.Errorf("%d grants, stock %+v", s.grants(alice), s.stock(video))
		}
		s.whole()
	})
	t.Run("a_failed_refund_grants_nothing_and_can_be_repeated", func(t *testing.T) {
		s := open(t)
		video := s.sells(600, 5)
		first, second := s.place(alice, one(video)), s.place(alice, one(video))
		page := s.page(second)
		s.pay(first, sandbox.PayOptions{})
		s.ok(s.orders.Deliver(s.ctx, first.OrderNo))
		s.payAt(page, sandbox.PayOptions{RefundsFail: true})
		s.deliverNotices()
		s.ok(s.orders.Deliver(s.ctx, second.OrderNo))
		s.refunds()
		s.ok(s.orders.Deliver(s.ctx, second.OrderNo))
		if cases, err := s.orders.CountOpenCases(s.ctx); err != nil || cases != 1 || s.grants(alice) != 1 {
			t.Errorf("%d cases, %d grants, %v", cases, s.grants(alice), err)
		}
		s.is(second.OrderNo, order.Paid)
		s.whole()
		if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
			OrderNo: second.OrderNo,
			Key:     "again",
			Actor:   "operator:2",
		}); err != nil {
			t.Errorf("an operator's second try: %v", err)
		}
	})
	t.Run("a_failed_refund_restores_nothing_that_was_bought_again", func(t *testing.T) {
		s := open(t)
		video := s.sells(600, 5)
		first := s.place(alice, one(video))
		s.pay(first, sandbox.PayOptions{RefundsFail: true})
		s.ok(s.orders.Deliver(s.ctx, first.OrderNo))
		_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
			OrderNo: first.OrderNo,
			Key:     "k",
			Actor:   "operator:2",
		})
		s.ok(err)
		s.bought(alice, one(video))
		s.refunds()
		if s.grants(alice) != 1 {
			t.Errorf("%d grants", s.grants(alice))
		}
		s.whole()
	})
}

// Several orders of one video are paid and delivered at once: one is kept, and the others are refunded.
func TestOrders_Deliver_two_payments_of_one_video_at_once(t *testing.T) {
	s := open(t)
	video := s.sells(600, 9)
	var waiting []order.Order
	for range 4 {
		waiting = append(waiting, s.place(alice, one(video)))
	}
	pages := make([]string, len(waiting))
	for n, o := range waiting {
		pages[n] = s.page(o)
	}
	for _, page := range pages {
		s.payAt(page, sandbox.PayOptions{HoldNotice: true})
	}
	var all sync.WaitGroup
	for _, id := range query[int64](s, `update sandbox_notice set held = false returning id`) {
		all.Go(func() {
			if err := s.sandbox.Deliver(s.ctx, id); err != nil {
				t.Errorf("notice %d: %v", id, err)
			}
		})
	}
	all.Wait()
	for _, o := range waiting {
		all.Go(func() {
			if err := s.orders.Deliver(s.ctx, o.OrderNo); err != nil {
				t.Errorf("deliver %s: %v", o.OrderNo, err)
			}
		})
	}
	all.Wait()
	s.refunds()
	states := query[string](s, `select status || ' ' || count(*) from video_order group by status order by status`)
	if s.grants(alice) != 1 || len(states) != 2 || states[0] != "DELIVERED 1" || states[1] != "REFUNDED 3" {
		t.Errorf("%d grants, orders %v", s.grants(alice), states)
	}
	s.whole()
}

func TestOrders_CloseOwned(t *testing.T) {
	s := open(t)
	a, b := s.sells(600, 5), s.sells(700, 5)
	same, mixed := s.place(alice, one(a)), s.place(alice, one(a, b))
	others := s.place(bob, one(a))
	s.bought(alice, one(a))
	asked := query[string](s, `select args->>'orderNo' from river_job where kind = 'order_close_owned' order by id`)
	if len(asked) != 2 || asked[0] != same.OrderNo || asked[1] != mixed.OrderNo {
		t.Errorf("jobs for the orders %v", asked)
	}
	for _, o := range []order.Order{same, mixed, others} {
		s.ok(s.orders.CloseOwned(s.ctx, o.OrderNo))
		s.ok(s.orders.CloseOwned(s.ctx, o.OrderNo)) // its retry
	}
	s.is(same.OrderNo, order.Closed)
	s.is(mixed.OrderNo, order.PendingPay)
	s.is(others.OrderNo, order.PendingPay)
	if got := s.stock(a); got.Frozen != 2 || got.Sold != 1 {
		t.Errorf("stock %+v", got)
	}
	s.whole()
}

func TestOrders_CloseOwned_finds_the_payment_whose_notice_was_lost(t *testing.T) {
	s := open(t)
	video := s.sells(600, 5)
	same := s.place(alice, one(video))
	page := s.page(same)
	s.bought(alice, one(video))
	s.payAt(page, sandbox.PayOptions{HoldNotice: true})
	s.ok(s.orders.CloseOwned(s.ctx, same.OrderNo))
	s.ok(s.orders.Deliver(s.ctx, same.OrderNo))
	s.releaseNotices()
	s.refunds()
	s.is(same.OrderNo, order.Refunded)
	s.whole()
}
