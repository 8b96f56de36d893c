package order_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
)

var creator = promotion.Actor{UserID: 1}

// coupon creates a coupon of the creator that takes 3.00 off, unless adjust changes its terms.
func (s *shop) coupon(code string, adjust ...func(*promotion.Terms)) promotion.Coupon {
	s.t.Helper()
	t := promotion.Terms{
		Currency:   "CNY",
		AmountOff:  300,
		ValidFrom:  s.now().Add(-time.Hour),
		ValidUntil: s.now().Add(time.Hour),
		TotalLimit: 50,
		PerUser:    1,
	}
	for _, a := range adjust {
		a(&t)
	}
	c, err := s.promotions.CreateCoupon(s.ctx, creator, code, t)
	s.ok(err)
	return c
}

// wants returns a request of one person with a new key.
func wants(userID int64, code string, l []order.Line) order.PlaceRequest {
	return order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: fmt.Sprint("coupon-", time.Now().UnixNano()),
		Items:          l,
		CouponCode:     code,
	}
}

func (s *shop) placeWith(userID int64, code string, l []order.Line) order.Order {
	s.t.Helper()
	o, _, err := s.orders.Place(s.ctx, wants(userID, code, l))
	if err != nil {
		s.t.Fatalf("place with %s: %v", code, err)
	}
	return o
}

// uses fails unless the coupon has these numbers of held and used uses, both in its counters and in the rows of uses.
func (s *shop) uses(c promotion.Coupon, held, used int) {
	s.t.Helper()
	got, err := s.promotions.Coupon(s.ctx, creator, c.ID)
	s.ok(err)
	if got.Held != held || got.Used != used {
		s.t.Errorf("coupon %s: %d held and %d used, want %d and %d", c.Code, got.Held, got.Used, held, used)
	}
	for state, want := range map[string]int{"held": held, "used": used} {
		if n := query[int64](s, `select count(*) from promotion_coupon_use where coupon_id = $1 and state = $2`, c.ID,
			state)[0]; n != int64(want) {
			s.t.Errorf("coupon %s: %d rows are %s, want %d", c.Code, n, state, want)
		}
	}
}

func TestOrders_Place_coupon_lowers_the_total(t *testing.T) {
	s := open(t)
	a, b, c := s.sells(990, -1), s.sells(500, -1), s.sells(333, -1)
	k := s.coupon("Spring-25", func(t *promotion.Terms) { t.AmountOff = 100 })
	if k.Code != "SPRING-25" {
		t.Fatalf("kept as %q", k.Code)
	}
	o := s.placeWith(alice, " spring-25 ", one(a, b, c))
	if o.Total != cny(1723) || o.Discount() != cny(100) || o.Subtotal() != cny(1823) || o.CouponCode != "SPRING-25" {
		t.Fatalf("%+v", o)
	}
	if got := []int64{
		o.Items[0].Discount.Amount, o.Items[1].Discount.Amount,
		o.Items[2].Discount.Amount,
	}; got[0] != 54 || got[1] != 28 || got[2] != 18 {
		t.Errorf("split as %v", got)
	}
	if kept := s.is(o.OrderNo, order.PendingPay); kept.Discount() != o.Discount() || kept.CouponCode != o.CouponCode ||
		kept.Total != o.Total {
		t.Errorf("kept %+v", kept)
	}
	s.uses(k, 1, 0)
	s.pay(o, sandbox.PayOptions{})
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.uses(k, 0, 1)

	// The refund of an item is what was paid for it, and the refunds of all items are what was paid for the order.
	first, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[0].ID},
		Key:     "first",
	})
	s.ok(err)
	if first.Amount != cny(990-54) {
		t.Errorf("refunds %s of the first", first.Amount)
	}
	s.refunds()
	s.uses(k, 0, 1) // it counts as used as long as a part of the order is left
	rest, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "rest"})
	s.ok(err)
	if sum := first.Amount.Amount + rest.Amount.Amount; sum != o.Total.Amount {
		t.Errorf("%d of %s were refunded", sum, o.Total)
	}
	if _, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Key:     "more",
	}); !errors.Is(err, order.ErrNothingLeft) {
		t.Errorf("a refund beyond it: %v", err)
	}
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	s.uses(k, 0, 0)
	s.placeWith(alice, "SPRING-25", one(b)) // the full refund returned the use
	s.whole()
}

func TestSchema_refund_of_an_item_within_its_price(t *testing.T) {
	s := open(t)
	s.coupon("SPRING")
	o := s.placeWith(alice, "SPRING", one(s.sells(990, -1)))
	_, err := s.pool.Exec(s.ctx, `update video_order_item set refunded_amount = 691 where order_no = $1`, o.OrderNo)
	if err == nil || !strings.Contains(err.Error(), "video_order_item_refunded_within") {
		t.Errorf("691 of 690 paid: %v", err)
	}
}

func TestOrders_Place_coupon_makes_the_order_free(t *testing.T) {
	s := open(t)
	k := s.coupon("GIFT", func(t *promotion.Terms) { t.AmountOff, t.PercentOff = 0, 100 })
	o := s.placeWith(alice, "GIFT", one(s.sells(990, 3)))
	if !o.Total.IsZero() || o.Status != order.Paid {
		t.Fatalf("%s, %s", o.Total, o.Status)
	}
	s.uses(k, 0, 1)
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "back"})
	s.ok(err)
	s.is(o.OrderNo, order.Refunded)
	s.uses(k, 0, 0)
	s.whole()
}

func TestOrders_Place_coupon_refused(t *testing.T) {
	s := open(t)
	video, other := s.sells(990, 5), s.sells(500, 5)
	spuOf := func(sku int64) []int64 {
		return query[int64](s, `select spu_id from video_product_sku where id = $1`, sku)
	}
	s.coupon("EARLY", func(t *promotion.Terms) { t.ValidFrom = s.now().Add(time.Minute) })
	s.coupon("LATE", func(t *promotion.Terms) { t.ValidUntil = s.now().Add(time.Second) })
	s.coupon("RICH", func(t *promotion.Terms) { t.MinSpend = 991 })
	s.coupon("CHOSEN", func(t *promotion.Terms) { t.SPUIDs = spuOf(other) })
	s.coupon("DOLLARS", func(t *promotion.Terms) { t.Currency = "USD" })
	gone := s.coupon("GONE")
	s.ok(s.promotions.StopCoupon(s.ctx, creator, gone.ID, gone.Version))
	s.advance(2 * time.Second)
	foreign, err := s.promotions.CreateCoupon(s.ctx, promotion.Actor{UserID: 77}, "FOREIGN", promotion.Terms{
		Currency:   "CNY",
		AmountOff:  1,
		ValidFrom:  s.now().Add(-time.Hour),
		ValidUntil: s.now().Add(time.Hour),
		TotalLimit: 1,
		PerUser:    1,
	})
	s.ok(err)
	s.coupon("ONCE")
	s.placeWith(bob, "ONCE", one(video))
	s.coupon("ALL", func(t *promotion.Terms) { t.TotalLimit = 1 })
	s.placeWith(bob, "ALL", one(other))
	for code, want := range map[string]*fault.Fault{
		"NOBODYS": promotion.ErrCouponUnknown,
		"EARLY":   promotion.ErrCouponEarly,
		"LATE":    promotion.ErrCouponExpired, "GONE": promotion.ErrCouponExpired, "RICH": promotion.ErrCouponMinimum,
		"CHOSEN":  promotion.ErrCouponOther,
		"DOLLARS": promotion.ErrCouponOther, foreign.Code: promotion.ErrCouponOther, "ALL": promotion.ErrCouponUsedUp,
	} {
		_, _, err := s.orders.Place(s.ctx, wants(alice, code, one(video)))
		if !errors.Is(err, want) || fault.From(err).Fields[promotion.CouponField] != want.Slug {
			t.Errorf("%s: %v, want %s", code, err, want.Slug)
		}
	}
	if _, _, err := s.orders.Place(s.ctx,
		wants(bob, "ONCE", one(video))); !errors.Is(err, promotion.ErrCouponUserLimit) {
		t.Errorf("the second use: %v", err)
	}
	sale := wants(alice, "ONCE", one(video))
	sale.CampaignID = 1
	if _, _, err := s.orders.Place(s.ctx, sale); !errors.Is(err, order.ErrCouponWithSale) {
		t.Errorf("with a sale: %v", err)
	}
	if n := query[int64](s, `select count(*) from video_order where user_id = $1`, alice)[0]; n != 0 {
		t.Errorf("%d orders were placed", n)
	}
	if got := s.stock(video); got.Available != 4 {
		t.Errorf("stock %+v", got)
	}
	s.whole()
}

func TestOrders_Place_sold_out_leaves_the_coupon(t *testing.T) {
	s := open(t)
	video := s.sells(990, 1)
	k := s.coupon("SPRING")
	s.place(bob, one(video))
	if _, _, err := s.orders.Place(s.ctx, wants(alice, "SPRING", one(video))); !errors.Is(err, inventory.ErrSoldOut) {
		t.Fatalf("%v", err)
	}
	s.uses(k, 0, 0)
}

func TestOrders_Place_same_key_uses_its_coupon_once(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	k := s.coupon("SPRING")
	r := wants(alice, "spring", one(video))
	var made atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, replayed, err := s.orders.Place(s.ctx, r)
			if err != nil {
				t.Errorf("%v", err)
			}
			if !replayed {
				made.Add(1)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d orders", made.Load())
	}
	s.ok(s.redis.FlushAll(s.ctx).Err()) // PostgreSQL remembers too
	r.CouponCode = "SPRING "
	if _, replayed, err := s.orders.Place(s.ctx, r); err != nil || !replayed {
		t.Errorf("replayed %t, %v", replayed, err)
	}
	s.uses(k, 1, 0)
	r.CouponCode = ""
	if _, _, err := s.orders.Place(s.ctx, r); !errors.Is(err, order.ErrKeyReused) {
		t.Errorf("the same key without the coupon: %v", err)
	}
}

func TestOrders_Place_coupon_total_limit_many_at_once(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	k := s.coupon("RUSH", func(t *promotion.Terms) { t.TotalLimit = 50 })
	processes := []*order.Orders{s.orders, order.New(s.deps), order.New(s.deps)}
	var placed, usedUp atomic.Int64
	var wg sync.WaitGroup
	for n := range 200 {
		wg.Go(func() {
			_, _, err := processes[n%len(processes)].Place(s.ctx, wants(int64(1000+n), "RUSH", one(video)))
			switch {
			case err == nil:
				placed.Add(1)
			case errors.Is(err, promotion.ErrCouponUsedUp):
				usedUp.Add(1)
			default:
				t.Errorf("buyer %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	if placed.Load() != 50 || usedUp.Load() != 150 {
		t.Errorf("%d placed, %d refused", placed.Load(), usedUp.Load())
	}
	s.uses(k, 50, 0)
	s.whole()
}

func TestOrders_Place_coupon_user_limit_many_at_once(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1, func(sku *catalog.NewSKU) { sku.MaxPerOrder = 5 })
	k := s.coupon("TWICE", func(t *promotion.Terms) { t.PerUser = 2 })
	processes := []*order.Orders{s.orders, order.New(s.deps), order.New(s.deps)}
	var placed atomic.Int64
	var wg sync.WaitGroup
	for n := range 30 {
		wg.Go(func() {
			r := wants(alice, "TWICE", one(video))
			r.IdempotencyKey = fmt.Sprint("twice-", n)
			_, _, err := processes[n%len(processes)].Place(s.ctx, r)
			switch {
			case err == nil:
				placed.Add(1)
			case !errors.Is(err, promotion.ErrCouponUserLimit):
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if placed.Load() != 2 {
		t.Errorf("%d placed", placed.Load())
	}
	s.uses(k, 2, 0)
	if slots := query[int32](s, `select slot from promotion_coupon_use order by slot`); len(slots) != 2 ||
		slots[0] != 1 || slots[1] != 2 {
		t.Errorf("slots %v", slots)
	}
}

// quoted asks for the price of one unit of each SKU with a coupon.
func quoted(userID int64, code string, skus ...int64) order.QuoteRequest {
	return order.QuoteRequest{
		UserID: userID,
		Lines:  one(skus...),
		Coupon: code,
	}
}
