package order_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/order"
)

// TestOrders_Place_duplicates_in_one_set sends one key many times while the writer is blocked, once of them with
// another body.
func TestOrders_Place_duplicates_in_one_set(t *testing.T) {
	s := open(t)
	deps := s.deps
	deps.Writer.Workers = 1
	orders := order.New(deps)
	video, other := s.sells(990, 100), s.sells(500, -1)
	release := s.stall(video)
	var first sync.WaitGroup
	first.Go(func() {
		_, _, err := orders.Place(s.ctx, order.PlaceRequest{
			UserID:         bob,
			IdempotencyKey: "k",
			Items:          one(video),
		})
		if err != nil {
			t.Error(err)
		}
	})
	s.blocked(1)
	var made, replayed, reused atomic.Int64
	numbers := sync.Map{}
	var duplicates sync.WaitGroup
	for n := range 20 {
		duplicates.Go(func() {
			wanted := one(video)
			if n == 19 {
				wanted = one(other)
			}
			o, again, err := orders.Place(s.ctx, order.PlaceRequest{
				UserID:         alice,
				IdempotencyKey: "k",
				Items:          wanted,
			})
			switch {
			case errors.Is(err, order.ErrKeyReused):
				reused.Add(1)
			case err != nil:
				t.Error(err)
			case again:
				replayed.Add(1)
				numbers.Store(o.OrderNo, true)
			default:
				made.Add(1)
				numbers.Store(o.OrderNo, true)
			}
		})
	}
	for deadline := time.Now().Add(30 * time.Second); orders.Waiting() < 20; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the duplicates never came")
		}
	}
	release()
	first.Wait()
	duplicates.Wait()
	distinct := 0
	numbers.Range(func(any, any) bool { distinct++; return true })
	if made.Load() != 1 || distinct != 1 || made.Load()+replayed.Load()+reused.Load() != 20 ||
		reused.Load() != 1 && reused.Load() != 19 {
		t.Errorf("made %d, replayed %d, reused %d, %d numbers", made.Load(), replayed.Load(), reused.Load(), distinct)
	}
	s.whole()
}

// TestOrders_Place_replay_in_one_set_with_another_buyer puts a request that was placed before into one set with another
// buyer's request for the last unit, without Redis, which would recognize the replay earlier.
func TestOrders_Place_replay_in_one_set_with_another_buyer(t *testing.T) {
	s := open(t)
	deps := s.deps
	deps.Writer.Workers = 1
	deps.Redis = nil
	deps.Inventory = inventory.New(inventory.Deps{
		Pool: s.pool,
		Gate: nil,
		Now:  s.now,
	})
	orders := order.New(deps)
	video, busy := s.sells(990, 2), s.sells(990, 10)
	place := func(user, sku int64) (order.Order, bool, error) {
		return orders.Place(s.ctx, order.PlaceRequest{
			UserID:         user,
			IdempotencyKey: "k",
			Items:          one(sku),
		})
	}
	first, _, err := place(alice, video)
	s.ok(err)
	release := s.stall(busy)
	var together sync.WaitGroup
	together.Go(func() { _, _, err := place(103, busy); s.ok(err) })
	s.blocked(1)
	together.Go(func() {
		if again, replayed, err := place(alice, video); err != nil || !replayed || again.OrderNo != first.OrderNo {
			t.Errorf("again: %s, %t, %v", again.OrderNo, replayed, err)
		}
	})
	for orders.Waiting() < 1 {
		time.Sleep(time.Millisecond)
	}
	together.Go(func() {
		if _, _, err := place(bob, video); err != nil {
			t.Errorf("the last unit: %v", err)
		}
	})
	for orders.Waiting() < 2 {
		time.Sleep(time.Millisecond)
	}
	release()
	together.Wait()
	if c := s.stock(video); c.Frozen != 2 || c.Available != 0 {
		t.Errorf("stock %+v", c)
	}
	s.whole()
}

// TestOrders_Place_replay_after_the_stock_sold_out_without_redis repeats a request after its SKU has sold out: the
// answer is the order that the first request placed.
func TestOrders_Place_replay_after_the_stock_sold_out_without_redis(t *testing.T) {
	s := open(t)
	deps := s.deps
	deps.Redis, deps.Inventory = nil, inventory.New(inventory.Deps{
		Pool: s.pool,
		Gate: nil,
		Now:  s.now,
	})
	orders := order.New(deps)
	video := s.sells(990, 1)
	place := func(user int64) (order.Order, bool, error) {
		return orders.Place(s.ctx, order.PlaceRequest{
			UserID:         user,
			IdempotencyKey: "k",
			Items:          one(video),
		})
	}
	first, _, err := place(alice)
	s.ok(err)
	if _, _, err := place(bob); fault.From(err).Slug != inventory.ErrSoldOut.Slug {
		t.Errorf("another person: %v", err)
	}
	if again, replayed, err := place(alice); err != nil || !replayed || again.OrderNo != first.OrderNo ||
		len(again.Items) != 1 {
		t.Errorf("again: %s, %t, %v", again.OrderNo, replayed, err)
	}
	if _, _, err := orders.Place(s.ctx, order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "k",
		Items:          lines(2, video),
	}); !errors.Is(err, order.ErrKeyReused) {
		t.Errorf("the key with another request: %v", err)
	}
	s.whole()
}
