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
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/order"
)

func TestOrders_Place_idempotent_by_key_and_body(t *testing.T) {
	s := open(t)
	video, other := s.sells(990, 5), s.sells(500, -1)
	request := order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "k1",
		Items:          one(video, other),
	}
	first, replayed, err := s.orders.Place(s.ctx, request)
	if err != nil || replayed || first.Total != cny(1490) || first.Status != order.PendingPay || len(first.Items) != 2 {
		t.Fatalf("first: %+v, %t, %v", first, replayed, err)
	}
	if want := first.CreatedAt.Add(15 * time.Minute); !first.PayBefore.Equal(want) {
		t.Errorf("to be paid before %s, want %s", first.PayBefore, want)
	}
	request.Items = one(other, video) // the same request in another order
	again, replayed, err := s.orders.Place(s.ctx, request)
	if err != nil || !replayed || again.OrderNo != first.OrderNo || len(again.Items) != 2 {
		t.Fatalf("again: %+v, %t, %v", again, replayed, err)
	}
	request.Items = one(video)
	if _, _, err := s.orders.Place(s.ctx, request); !errors.Is(err, order.ErrKeyReused) {
		t.Fatalf("another body: %v", err)
	}
	request.UserID, request.Items = bob, one(video)
	if o, replayed, err := s.orders.Place(s.ctx, request); err != nil || replayed || o.OrderNo == first.OrderNo {
		t.Fatalf("another person's same key: %v, %t, %v", o.OrderNo, replayed, err)
	}
	if got := s.stock(video); got != (inventory.Counts{
		Total:     5,
		Available: 3,
		Frozen:    2,
	}) {
		t.Errorf("stock %+v", got)
	}
	if jobs := query[string](s, `select kind from river_job where args->>'orderNo' = $1`,
		first.OrderNo); len(jobs) != 1 || jobs[0] != "order_close" {
		t.Errorf("jobs %v", jobs)
	}
	if events := query[string](s, `select type from outbox_event where aggregate = $1`,
		"order:"+first.OrderNo); len(events) != 1 || events[0] != "order.placed" {
		t.Errorf("events %v", events)
	}
	s.whole()
}

func TestOrders_Place_same_key_many_at_once(t *testing.T) {
	s := open(t)
	video := s.sells(990, 50)
	numbers, fresh := sync.Map{}, atomic.Int64{}
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			o, replayed, err := s.orders.Place(s.ctx, order.PlaceRequest{
				UserID:         alice,
				IdempotencyKey: "same",
				Items:          one(video),
			})
			if err != nil {
				t.Error(err)
				return
			}
			numbers.Store(o.OrderNo, true)
			if !replayed {
				fresh.Add(1)
			}
		})
	}
	wg.Wait()
	n := 0
	numbers.Range(func(any, any) bool { n++; return true })
	if n != 1 || fresh.Load() != 1 || s.stock(video).Frozen != 1 {
		t.Fatalf("%d orders, %d fresh, stock %+v", n, fresh.Load(), s.stock(video))
	}
	s.whole()
}

func TestOrders_Place_two_hundred_buyers_for_fifty_units(t *testing.T) {
	s := open(t)
	video := s.sells(990, 50)
	var placed, refused atomic.Int64
	var wg sync.WaitGroup
	for buyer := range 200 {
		wg.Go(func() {
			_, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
				UserID:         int64(1000 + buyer),
				IdempotencyKey: "buy",
				Items:          one(video),
			})
			switch {
			case err == nil:
				placed.Add(1)
			case errors.Is(err, inventory.ErrSoldOut):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if placed.Load() != 50 || refused.Load() != 150 {
		t.Errorf("%d placed, %d refused", placed.Load(), refused.Load())
	}
	if got := s.stock(video); got != (inventory.Counts{Total: 50, Frozen: 50}) {
		t.Errorf("stock %+v", got)
	}
	if rows := query[int64](s, `select count(*) from video_order`); rows[0] != 50 {
		t.Errorf("%d order rows: a refused order must leave nothing", rows[0])
	}
	s.whole()
}

func TestOrders_Place_several_limited_videos_without_deadlock(t *testing.T) {
	s := open(t)
	a, b := s.sells(100, 100), s.sells(100, 100)
	var wg sync.WaitGroup
	for buyer := range 60 {
		wanted := one(a, b)
		if buyer%2 == 1 {
			wanted = one(b, a)
		}
		wg.Go(func() {
			if _, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
				UserID:         int64(1000 + buyer),
				IdempotencyKey: "buy",
				Items:          wanted,
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.stock(a).Frozen != 60 || s.stock(b).Frozen != 60 {
		t.Errorf("stock %+v, %+v", s.stock(a), s.stock(b))
	}
	s.whole()
}

func TestOrders_Place_refused(t *testing.T) {
	s := open(t)
	video, gone, owned := s.sells(990, -1), s.sells(990, 0), s.sells(0, -1)
	dollars := s.sells(300, -1, func(k *catalog.NewSKU) { k.Price.Currency = "USD" })
	s.bought(alice, one(owned))
	before := query[int64](s, `select count(*) from video_order`)[0]
	expect := func(m money.Money) *money.Money { return &m }
	for name, c := range map[string]struct {
		request order.PlaceRequest
		want    error
	}{
		"no key": {order.PlaceRequest{Items: one(video)}, order.ErrKeyMissing},
		"a long key": {order.PlaceRequest{
			IdempotencyKey: strings.Repeat("k", 201),
			Items:          one(video),
		}, order.ErrKeyMissing},
		"a key of controls": {order.PlaceRequest{IdempotencyKey: "a\nb", Items: one(video)}, order.ErrKeyMissing},
		"nothing":           {order.PlaceRequest{IdempotencyKey: "k"}, order.ErrEmpty},
		"too much": {order.PlaceRequest{
			IdempotencyKey: "k",
			Items:          make([]order.Line, 51),
		}, order.ErrTooManyItems},
		"twice the same": {order.PlaceRequest{IdempotencyKey: "k", Items: one(video, video)}, order.ErrDuplicateItem},
		"none of it":     {order.PlaceRequest{IdempotencyKey: "k", Items: lines(0, video)}, order.ErrQuantity},
		"two of one":     {order.PlaceRequest{IdempotencyKey: "k", Items: lines(2, video)}, order.ErrQuantity},
		"unknown":        {order.PlaceRequest{IdempotencyKey: "k", Items: one(999999)}, order.ErrUnavailable},
		"one unknown":    {order.PlaceRequest{IdempotencyKey: "k", Items: one(video, 999999)}, order.ErrUnavailable},
		"sold out":       {order.PlaceRequest{IdempotencyKey: "k", Items: one(video, gone)}, inventory.ErrSoldOut},
		"owned":          {order.PlaceRequest{IdempotencyKey: "k", Items: one(owned)}, order.ErrAlreadyOwned},
		"currencies": {order.PlaceRequest{
			IdempotencyKey: "k",
			Items:          one(video, dollars),
		}, order.ErrMixedCurrency},
		"another price": {order.PlaceRequest{
			IdempotencyKey: "k",
			Items:          one(video),
			ExpectTotal:    expect(cny(989)),
		}, order.ErrPriceChanged},
		"another currency": {order.PlaceRequest{
			IdempotencyKey: "k",
			Items:          one(video),
			ExpectTotal:    expect(money.Of(990, "USD")),
		}, order.ErrPriceChanged},
	} {
		c.request.UserID = alice
		if _, _, err := s.orders.Place(s.ctx, c.request); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if after := query[int64](s, `select count(*) from video_order`)[0]; after != before {
		t.Errorf("%d orders were left behind", after-before)
	}
	s.whole()
}

func TestOrders_Place_keeps_its_price(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	o := s.place(alice, one(video))
	s.ok(s.catalog.SetPrice(s.ctx, video, catalog.NewPrice{Amount: 1990, Currency: "CNY"}))
	s.advance(time.Second)
	if got := s.is(o.OrderNo, order.PendingPay); got.Total != cny(990) || got.Items[0].UnitAmount != cny(990) {
		t.Errorf("after the price moved: %+v", got)
	}
	if next := s.place(alice, one(video)); next.Total != cny(1990) {
		t.Errorf("a new order costs %s", next.Total)
	}
}

func TestOrders_Place_free_order(t *testing.T) {
	s := open(t)
	video := s.sells(0, 3)
	o := s.place(alice, one(video))
	if o.Status != order.Paid {
		t.Fatalf("a free order is %s", o.Status)
	}
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Delivered)
	if !s.watches(alice, o, 0) || s.stock(video).Sold != 1 {
		t.Errorf("watches %t, stock %+v", s.watches(alice, o, 0), s.stock(video))
	}
	s.whole()
}

func TestOrders_Deliver_quantity_of_rentals(t *testing.T) {
	s := open(t)
	video := s.sells(300, 10, func(k *catalog.NewSKU) { k.Kind, k.RentHours, k.MaxPerOrder = catalog.KindRent, 48, 3 })
	o := s.bought(alice, lines(2, video))
	if o.Total != cny(600) || s.stock(video).Sold != 2 {
		t.Errorf("total %s, stock %+v", o.Total, s.stock(video))
	}
	if hours := query[int32](s, `select rent_hours from video_entitlement`); len(hours) != 1 || hours[0] != 96 {
		t.Errorf("granted %v hours", hours)
	}
	s.whole()
}

func TestOrders_Quote_agrees_with_the_order(t *testing.T) {
	s := open(t)
	video, gone, owned := s.sells(990, 5), s.sells(100, 0), s.sells(0, -1)
	s.bought(alice, one(owned))
	q, err := s.orders.Quote(s.ctx, order.QuoteRequest{UserID: alice, Lines: one(video, gone, owned, 999999)})
	s.ok(err)
	problems := fmt.Sprint(q.Lines[0].Problem, "|", q.Lines[1].Problem, "|", q.Lines[2].Problem, "|",
		q.Lines[3].Problem)
	if problems != "|sold_out|already_owned|sku_unavailable" || q.Total != cny(990) || q.Buyable() {
		t.Fatalf("problems %s, total %s", problems, q.Total)
	}
	if q, err = s.orders.Quote(s.ctx, order.QuoteRequest{UserID: alice, Lines: one(video)}); err != nil || !q.Buyable() ||
		q.Total != s.place(alice, one(video)).Total {
		t.Fatalf("quote %+v, %v", q, err)
	}
	if s.stock(video).Frozen != 1 {
		t.Error("a quote must hold no stock")
	}
}

func TestOrders_Place_number_sorts_by_time_and_is_private(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	first := s.place(alice, one(video))
	s.advance(2 * time.Millisecond)
	second := s.place(bob, one(video))
	if first.OrderNo >= second.OrderNo {
		t.Errorf("%s does not sort before %s", first.OrderNo, second.OrderNo)
	}
	if _, err := s.orders.Get(s.ctx, bob, first.OrderNo); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("somebody else's order: %v", err)
	}
	if _, err := s.orders.Cancel(s.ctx, bob, first.OrderNo); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("cancelling somebody else's order: %v", err)
	}
	if mine, err := s.orders.List(s.ctx, alice, 0, 10); err != nil || len(mine) != 1 ||
		mine[0].OrderNo != first.OrderNo {
		t.Errorf("my orders: %v, %v", mine, err)
	}
}
