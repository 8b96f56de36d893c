package order_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
)

func (s *shop) bundle(price int64, skuIDs ...int64) promotion.Bundle {
	s.t.Helper()
	b, err := s.promotions.CreateBundle(s.ctx, 1, promotion.BundleTerms{
		Name:   locale.Text{Zh: "三部曲", En: "Trilogy"},
		Price:  price,
		SKUIDs: skuIDs,
	})
	s.ok(err)
	return b
}

func (s *shop) buyBundle(userID int64, b promotion.Bundle) (order.Order, error) {
	s.t.Helper()
	o, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: fmt.Sprint("bundle-", time.Now().UnixNano()),
		BundleID:       b.ID,
	})
	return o, err
}

func (s *shop) quoteOf(userID int64, b promotion.Bundle) order.BundleQuote {
	s.t.Helper()
	quotes, err := s.orders.QuoteBundles(s.ctx, userID, "", []promotion.Bundle{b})
	s.ok(err)
	return quotes[0]
}

func TestOrders_QuoteBundles_held_parts_lower_the_price(t *testing.T) {
	s := open(t)
	a, b, c := s.sells(1000, -1), s.sells(1000, 5), s.sells(500, -1)
	k := s.bundle(2000, a, b, c)
	if q := s.quoteOf(0, k); q.Total != cny(2000) || q.Full != cny(2500) || q.Saved() != cny(500) || q.Problem != "" {
		t.Errorf("a guest: %+v", q)
	}
	s.bought(alice, one(a))
	q := s.quoteOf(alice, k)
	if q.Total != cny(1200) || q.Full != cny(1500) || !q.Parts[0].Held || q.Parts[0].Share != cny(800) {
		t.Errorf("a buyer who has the first part: %+v", q)
	}
	o, err := s.buyBundle(alice, k)
	s.ok(err)
	if o.Total != cny(1200) || len(o.Items) != 2 || o.BundleID != k.ID || o.Items[0].Net() != cny(800) ||
		o.Items[1].Net() != cny(400) {
		t.Fatalf("%+v", o)
	}
	s.pay(o, sandbox.PayOptions{})
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	if _, err := s.buyBundle(alice, k); !errors.Is(err, order.ErrBundleHeld) {
		t.Errorf("a buyer who has all parts: %v", err)
	}
	refund, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[1].ID},
		Key:     "k",
	})
	s.ok(err)
	if refund.Amount != cny(400) {
		t.Errorf("refunds %s", refund.Amount)
	}
	s.refunds()
	if q := s.quoteOf(alice, k); q.Total != cny(400) {
		t.Errorf("after the refund of a part: %s", q.Total)
	}
	s.whole()
}

func TestOrders_QuoteBundles_rental_holds_only_its_own_SKU(t *testing.T) {
	s := open(t)
	rent := func(sku *catalog.NewSKU) { sku.Kind, sku.RentHours = catalog.KindRent, 48 }
	rented, hd := s.sells(300, -1, rent), s.sells(1000, -1)
	k := s.bundle(1000, rented, hd)
	s.bought(alice, one(rented))
	if q := s.quoteOf(alice, k); !q.Parts[0].Held || q.Parts[1].Held {
		t.Errorf("during a rental: %+v", q)
	}
}

func TestOrders_Place_bundle_unavailable(t *testing.T) {
	s := open(t)
	a, b := s.sells(1000, -1), s.sells(1000, 1)
	k := s.bundle(1500, a, b)
	s.place(bob, one(b))
	if q := s.quoteOf(alice, k); q.Problem != "sold_out" {
		t.Errorf("sold out: %q", q.Problem)
	}
	if _, err := s.buyBundle(alice, k); err == nil || s.stock(b).Frozen != 1 {
		t.Errorf("sold out: %v", err)
	}
	s.ok(s.catalog.TakeDown(s.ctx, query[int64](s, `select spu_id from video_product_sku where id = $1`, a)[0]))
	if _, err := s.buyBundle(alice, k); !errors.Is(err, order.ErrBundleUnavailable) {
		t.Errorf("taken down: %v", err)
	}
	whole := s.bundle(700, s.sells(500, -1), s.sells(500, -1))
	s.ok(s.promotions.EndBundle(s.ctx, 1, whole.ID, whole.Version))
	if _, err := s.buyBundle(alice, whole); !errors.Is(err, order.ErrBundleUnavailable) {
		t.Errorf("ended: %v", err)
	}
	s.whole()
}

func TestOrders_Place_bundle_many_at_once(t *testing.T) {
	s := open(t)
	k := s.bundle(1500, s.sells(1000, -1), s.sells(1000, 50))
	processes := []*order.Orders{s.orders, order.New(s.deps)}
	var placed atomic.Int64
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			_, _, err := processes[n%2].Place(s.ctx, order.PlaceRequest{
				UserID:         alice,
				IdempotencyKey: fmt.Sprint("k", n),
				BundleID:       k.ID,
			})
			switch {
			case err == nil:
				placed.Add(1)
			case !errors.Is(err, order.ErrBundleOpen):
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if placed.Load() != 1 {
		t.Errorf("%d placed", placed.Load())
	}
	s.whole()
}

func TestOrders_Place_bundle_again_after_its_grant(t *testing.T) {
	s := open(t)
	k := s.bundle(1500, s.sells(1000, -1), s.sells(1000, -1))
	r := order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "request",
		BundleID:       k.ID,
	}
	o, _, err := s.orders.Place(s.ctx, r)
	s.ok(err)
	s.pay(o, sandbox.PayOptions{})
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	again, replayed, err := s.orders.Place(s.ctx, r)
	if err != nil || !replayed || again.OrderNo != o.OrderNo {
		t.Errorf("%v, replayed %t, %v", again.OrderNo, replayed, err)
	}
}

func TestOrders_Prepay_bundle_with_a_part_owned_by_now(t *testing.T) {
	s := open(t)
	a, b := s.sells(1000, -1), s.sells(1000, -1)
	k := s.bundle(1500, a, b)
	o, err := s.buyBundle(alice, k)
	s.ok(err)
	s.bought(alice, one(a))
	if _, err := s.orders.Prepay(s.ctx, order.PrepayRequest{
		UserID:    alice,
		OrderNo:   o.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: "http://127.0.0.1",
	}); !errors.Is(err, order.ErrAlreadyOwned) {
		t.Errorf("the payment was opened: %v", err)
	}
	_, err = s.orders.Cancel(s.ctx, alice, o.OrderNo)
	s.ok(err)
	if o, err = s.buyBundle(alice, k); err != nil || o.Total != cny(750) {
		t.Errorf("the second order: %s, %v", o.Total, err)
	}
	agreed := cny(1500)
	_, _, err = s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         bob,
		IdempotencyKey: "k",
		BundleID:       k.ID,
		ExpectTotal:    &agreed,
	})
	s.ok(err)
}

// meanwhile is a Redis hook that calls do once, right before the client's first command.
type meanwhile struct {
	once *sync.Once
	do   func()
}

func (m meanwhile) DialHook(next redis.DialHook) redis.DialHook { return next }

func (m meanwhile) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		m.once.Do(m.do)
		return next(ctx, cmd)
	}
}

func (m meanwhile) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		m.once.Do(m.do)
		return next(ctx, cmds)
	}
}

// TestOrders_Place_bundle_part_bought_meanwhile has the buyer get a part of the bundle between its quote and the write
// of its order: the part is not sold a second time, and the buyer sees the new price first.
func TestOrders_Place_bundle_part_bought_meanwhile(t *testing.T) {
	s := open(t)
	a, b := s.sells(1000, -1), s.sells(1000, 5)
	k := s.bundle(1500, a, b)
	client := redis.NewClient(s.redis.Options())
	defer client.Close()
	got := false
	client.AddHook(meanwhile{new(sync.Once), func() { s.bought(alice, one(a)); got = true }})
	slow := s.process(client)
	r := order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "slow",
		BundleID:       k.ID,
	}
	if o, _, err := slow.Place(s.ctx, r); !errors.Is(err, order.ErrPriceChanged) {
		t.Errorf("%+v, %v", o, err)
	}
	if !got {
		t.Fatal("nothing happened in between")
	}
	o, _, err := slow.Place(s.ctx, r)
	s.ok(err)
	if len(o.Items) != 1 || o.Total != cny(750) {
		t.Errorf("the second request: %+v", o)
	}
	s.whole()
}
