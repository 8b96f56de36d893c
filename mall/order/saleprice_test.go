package order_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/inventory"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
)

func (s *shop) quote(userID int64, l []order.Line) order.Quote {
	s.t.Helper()
	q, err := s.orders.Quote(s.ctx, order.QuoteRequest{UserID: userID, Lines: l})
	s.ok(err)
	return q
}

func (s *shop) campaignStock(c promotion.Campaign, video int64) inventory.Counts {
	s.t.Helper()
	counts, err := s.inventory.CampaignCounts(s.ctx, []int64{c.ID})
	s.ok(err)
	return counts[inventory.CampaignKey{CampaignID: c.ID, SKUID: video}]
}

// places places an order whose buyer agreed to the given total.
func (s *shop) places(userID int64, key string, agreed int64, l []order.Line) (order.Order, error) {
	total := cny(agreed)
	o, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: key,
		Items:          l,
		ExpectTotal:    &total,
	})
	return o, err
}

func TestOrders_Place_in_a_running_sale(t *testing.T) {
	t.Run("everybody_pays_the_price_that_is_quoted", func(t *testing.T) {
		s := open(t)
		video, other := s.sells(2600, -1), s.sells(500, 3)
		c := s.sale(video, 1290, 5, 1)
		if q := s.quote(alice, one(video)); q.Total != cny(2600) || q.Lines[0].Sale != nil {
			t.Errorf("before its start: %+v", q)
		}
		s.turn(2 * time.Minute)
		for _, who := range []int64{0, alice} {
			q := s.quote(who, one(video, other))
			if l := q.Lines[0]; q.Total != cny(1790) || !l.InSale() || l.Normal != cny(2600) ||
				l.Sale.CampaignID != c.ID || q.Lines[1].Sale != nil {
				t.Errorf("user %d: %+v", who, q)
			}
		}
		if _, err := s.places(alice, "stale", 3100, one(video, other)); !errors.Is(err, order.ErrPriceChanged) {
			t.Errorf("the normal price that a stale page showed was taken: %v", err)
		}
		o, err := s.places(alice, "k", 1790, one(video, other))
		s.ok(err)
		if got := s.campaignStock(c, video); got.Frozen != 1 || s.stock(other).Frozen != 1 {
			t.Errorf("sale %+v, other %+v", got, s.stock(other))
		}
		if again, replayed, err := s.orders.Place(s.ctx, order.PlaceRequest{
			UserID:         alice,
			IdempotencyKey: "k",
			Items:          one(video, other),
		}); err != nil ||
			!replayed || again.OrderNo != o.OrderNo {
			t.Errorf("the same request: %s, %t, %v", again.OrderNo, replayed, err)
		}
		s.pay(o, sandbox.PayOptions{})
		s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
		s.whole()
	})
	t.Run("over_the_limit_costs_the_normal_price", func(t *testing.T) {
		s := open(t)
		video := s.sells(2600, -1, func(k *catalog.NewSKU) { k.MaxPerOrder = 5 })
		c := s.sale(video, 1290, 5, 1)
		s.turn(2 * time.Minute)
		if q := s.quote(alice, lines(2, video)); q.Total != cny(5200) || q.Lines[0].Sale == nil ||
			q.Lines[0].Sale.Missed != inventory.ErrBuyerLimit.Slug {
			t.Errorf("two of one: %+v", q.Lines)
		}
		_, err := s.places(alice, "first", 1290, one(video))
		s.ok(err)
		q := s.quote(alice, one(video))
		if l := q.Lines[0]; q.Total != cny(2600) || l.InSale() || l.Sale == nil ||
			l.Sale.Missed != inventory.ErrBuyerLimit.Slug {
			t.Errorf("after the first purchase: %+v", q.Lines)
		}
		if _, err := s.places(alice, "second", 1290, one(video)); !errors.Is(err, order.ErrPriceChanged) {
			t.Errorf("the buyer was charged the normal price without having agreed to it: %v", err)
		}
		_, err = s.places(alice, "second", 2600, one(video))
		s.ok(err)
		if got := s.campaignStock(c, video); got.Frozen != 1 {
			t.Errorf("sale %+v", got)
		}
		s.whole()
	})
	t.Run("sold_out_costs_the_normal_price", func(t *testing.T) {
		s := open(t)
		video := s.sells(2600, 3)
		s.sale(video, 1290, 1, 1)
		s.turn(2 * time.Minute)
		first, err := s.places(alice, "k", 1290, one(video))
		s.ok(err)
		if q := s.quote(bob, one(video)); q.Total != cny(2600) || q.Lines[0].Sale.Missed != inventory.ErrSoldOut.Slug ||
			q.Lines[0].Problem != "" {
			t.Errorf("%+v", q.Lines)
		}
		if _, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
			UserID:         bob,
			IdempotencyKey: "k",
			Items:          one(video),
		}); !errors.Is(err, order.ErrPriceChanged) {
			t.Errorf("a buyer who agreed to no sum was charged the normal price: %v", err)
		}
		_, err = s.places(bob, "k", 2600, one(video))
		s.ok(err)
		again, replayed, err := s.orders.Place(s.ctx, order.PlaceRequest{
			UserID:         bob,
			IdempotencyKey: "k",
			Items:          one(video),
		})
		if err != nil || !replayed || again.Total != cny(2600) {
			t.Errorf("the same request: %+v, %t, %v", again, replayed, err)
		}
		_, err = s.orders.Cancel(s.ctx, alice, first.OrderNo)
		s.ok(err)
		if q := s.quote(carol, one(video)); q.Total != cny(1290) {
			t.Errorf("after a unit was returned: %+v", q.Lines)
		}
		s.whole()
	})
	t.Run("all_of_the_stock_is_in_the_sale", func(t *testing.T) {
		s := open(t)
		video := s.sells(2600, 2)
		s.sale(video, 1290, 2, 1)
		s.turn(2 * time.Minute)
		if q := s.quote(alice, one(video)); !q.Buyable() || q.Total != cny(1290) {
			t.Errorf("%+v", q.Lines)
		}
		for _, who := range []int64{alice, bob} {
			_, err := s.places(who, "k", 1290, one(video))
			s.ok(err)
		}
		if q := s.quote(carol, one(video)); q.Lines[0].Problem != inventory.ErrSoldOut.Slug {
			t.Errorf("%+v", q.Lines)
		}
		if _, err := s.places(carol, "k", 2600, one(video)); !errors.Is(err, inventory.ErrSoldOut) {
			t.Errorf("%v", err)
		}
		s.whole()
	})
	t.Run("after_the_end_costs_the_normal_price", func(t *testing.T) {
		s := open(t)
		video := s.sells(2600, 5)
		c := s.sale(video, 1290, 2, 1)
		s.turn(2 * time.Minute)
		// This order is placed in time: its price stands until its time to pay is over.
		held, err := s.places(bob, "k", 1290, one(video))
		s.ok(err)
		shown := s.quote(alice, one(video)).Total
		s.turn(time.Hour - 2*time.Minute)
		if _, err := s.places(alice, "k", shown.Amount, one(video)); !errors.Is(err, order.ErrPriceChanged) {
			t.Errorf("after the end, at the sale's price: %v", err)
		}
		if got := s.campaignStock(c, video); got.Frozen > 1 {
			t.Errorf("the refused order holds units of the sale: %+v", got)
		}
		late, err := s.places(alice, "k", 2600, one(video))
		s.ok(err)
		if late.Total != cny(2600) || s.quote(alice, one(video)).Lines[0].Sale != nil {
			t.Errorf("%+v", late)
		}
		s.is(held.OrderNo, order.PendingPay)
		s.whole()
	})
	t.Run("an_order_of_the_sale_is_paid_at_its_price_after_the_end", func(t *testing.T) {
		s := open(t)
		video := s.sells(2600, 5)
		s.sale(video, 1290, 2, 1)
		s.turn(55 * time.Minute)
		o, err := s.places(alice, "k", 1290, one(video))
		s.ok(err)
		s.turn(10 * time.Minute)
		s.pay(o, sandbox.PayOptions{})
		s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
		if got := s.is(o.OrderNo, order.Delivered); got.Total != cny(1290) {
			t.Errorf("%s was paid", got.Total)
		}
		s.whole()
	})
	t.Run("a_normal_price_that_fell_below_it_stays", func(t *testing.T) {
		s := open(t)
		video := s.sells(2600, -1)
		s.sale(video, 1290, 5, 1)
		s.turn(2 * time.Minute)
		s.ok(s.catalog.SetPrice(s.ctx, video, catalog.NewPrice{Amount: 990, Currency: "CNY"}))
		if q := s.quote(alice, one(video)); q.Total != cny(990) || q.Lines[0].Sale != nil {
			t.Errorf("%+v", q.Lines)
		}
		_, err := s.places(alice, "k", 990, one(video))
		s.ok(err)
		s.whole()
	})
	t.Run("an_order_of_two_sales_is_revived_at_their_prices", func(t *testing.T) {
		s := open(t)
		a, b := s.sells(2600, -1), s.sells(900, -1)
		s.sale(a, 1290, 5, 1)
		s.sale(b, 400, 5, 1)
		s.turn(2 * time.Minute)
		o, err := s.places(alice, "k", 1690, one(a, b))
		s.ok(err)
		s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true})
		s.closeUnasked(o)
		s.releaseNotices()
		s.is(o.OrderNo, order.Paid)
		s.whole()
	})
}

func TestOrders_QuoteCoupon_beside_a_sale(t *testing.T) {
	s := open(t)
	video, other := s.sells(2600, -1), s.sells(1000, -1)
	s.coupon("TENTH", func(t *promotion.Terms) { t.AmountOff, t.PercentOff, t.PerUser = 0, 10, 9 })
	s.sale(video, 1290, 5, 3)
	s.turn(2 * time.Minute)
	q, refused, err := s.orders.QuoteCoupon(s.ctx, quoted(alice, "TENTH", video, other))
	if err != nil || refused != nil || q.Discount != cny(100) || q.Total != cny(2190) {
		t.Errorf("%+v, %v, %v", q, refused, err)
	}
	o, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "k",
		Items:          one(video, other),
		CouponCode:     "TENTH",
		ExpectTotal:    &q.Total,
	})
	if err != nil || o.Items[0].Discount.Amount != 0 {
		t.Errorf("%+v, %v", o, err)
	}
	if _, refused, err := s.orders.QuoteCoupon(s.ctx, quoted(alice, "TENTH", video)); err != nil ||
		slug(refused) != order.ErrCouponWithSale.Slug {
		t.Errorf("a line in a sale only: %v, %v", refused, err)
	}
	if _, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "k2",
		Items:          one(video),
		CouponCode:     "TENTH",
	}); slug(err) != order.ErrCouponWithSale.Slug {
		t.Errorf("%v", err)
	}
	s.whole()
}

// A crowd buys through the cart: as many as the sale has units pay its price, others the normal price, and the rest get
// nothing.
func TestOrders_Place_sale_crowd_of_carts(t *testing.T) {
	s := open(t)
	video := s.sells(2600, 8)
	c := s.sale(video, 1290, 5, 1)
	s.turn(2 * time.Minute)
	var cheap, normal, none atomic.Int64
	var all sync.WaitGroup
	for n := range 30 {
		all.Go(func() {
			o, err := s.places(int64(1000+n), fmt.Sprint("k", n), 1290, one(video))
			if errors.Is(err, order.ErrPriceChanged) { // the buyer agrees to the new price
				o, err = s.places(int64(1000+n), fmt.Sprint("k", n), 2600, one(video))
			}
			switch {
			case errors.Is(err, inventory.ErrSoldOut):
				none.Add(1)
			case err != nil:
				t.Errorf("%d: %v", n, err)
			case o.Total == cny(1290):
				cheap.Add(1)
			default:
				normal.Add(1)
			}
		})
	}
	all.Wait()
	if cheap.Load() != 5 || normal.Load() != 3 || none.Load() != 22 {
		t.Errorf("%d at the sale's price, %d at the normal one, %d got none", cheap.Load(), normal.Load(), none.Load())
	}
	if got := s.campaignStock(c, video); got.Frozen != 5 || s.stock(video).Frozen != 3 {
		t.Errorf("sale %+v, normal %+v", got, s.stock(video))
	}
	s.whole()
}

func TestOrders_PriceCards(t *testing.T) {
	s := open(t)
	video, other := s.sells(2600, -1), s.sells(900, -1)
	s.sale(video, 1290, 1, 1)
	list, err := s.catalog.List(s.ctx, catalog.Filter{})
	s.ok(err)
	cards := list.Items
	if touched, err := s.orders.PriceCards(s.ctx, 0, &cards); err != nil || touched {
		t.Errorf("before its start: %t, %v", touched, err)
	}
	s.turn(2 * time.Minute)
	touched, err := s.orders.PriceCards(s.ctx, 0, &cards)
	s.ok(err)
	for _, c := range cards {
		if sold := c.FromSKUID == video; sold != (c.Sale != nil) ||
			sold && (*c.From != cny(1290) || *c.FromList != cny(2600)) || c.FromSKUID == other && *c.From != cny(900) {
			t.Errorf("%+v", c)
		}
	}
	for _, c := range list.Items {
		if c.Sale != nil {
			t.Error("a list that others share was changed")
		}
	}
	_, err = s.places(alice, "k", 1290, one(video))
	s.ok(err)
	cards = list.Items
	if again, err := s.orders.PriceCards(s.ctx, 0, &cards); err != nil || !touched || !again {
		t.Errorf("sold out: %t, %v", again, err)
	}
	for _, c := range cards {
		if c.Sale != nil {
			t.Errorf("sold out: %+v", c)
		}
	}
}
