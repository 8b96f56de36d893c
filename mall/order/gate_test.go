package order_test

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/db/dbtest"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/order"
	"videomall/telemetry"
)

// process returns the Orders of another process on the same database, with the given Redis.
func (s *shop) process(client redis.UniversalClient) *order.Orders {
	deps := s.deps
	deps.Redis = client
	deps.Inventory = inventory.New(inventory.Deps{
		Pool: s.pool,
		Gate: inventory.NewGate(inventory.GateDeps{
			Pool:    s.pool,
			Redis:   client,
			Log:     slog.New(slog.DiscardHandler),
			Metrics: telemetry.NewMetrics(),
			Now:     s.now,
		}),
		Now: s.now,
	})
	return order.New(deps)
}

// rush has new buyers order one unit each, spread over the processes, and counts those who got one and those who did
// not.
func (s *shop) rush(buyers int, video int64, processes ...*order.Orders) (placed, refused int64) {
	s.t.Helper()
	var got, not atomic.Int64
	var crowd sync.WaitGroup
	newcomer := 1000 + query[int64](s, `select count(*) from video_order`)[0]*1000
	for n := range buyers {
		crowd.Go(func() {
			_, _, err := processes[n%len(processes)].Place(s.ctx, order.PlaceRequest{
				UserID:         newcomer + int64(n),
				IdempotencyKey: "k",
				Items:          one(video),
			})
			switch {
			case err == nil:
				got.Add(1)
			case fault.From(err).Slug == inventory.ErrSoldOut.Slug:
				not.Add(1)
			default:
				s.t.Error(err)
			}
		})
	}
	crowd.Wait()
	return got.Load(), not.Load()
}

func (s *shop) sold(video, units int64) {
	s.t.Helper()
	if c := s.stock(video); c.Frozen != units || c.Available != 0 {
		s.t.Errorf("stock %+v, want all %d units held", c, units)
	}
	s.whole()
}

func TestOrders_Place_three_processes(t *testing.T) {
	s := open(t)
	video := s.sells(990, 40)
	placed, refused := s.rush(240, video, s.orders, s.process(s.redis), s.process(s.redis))
	if placed != 40 || refused != 200 {
		t.Errorf("%d placed, %d refused", placed, refused)
	}
	s.sold(video, 40)
}

func TestOrders_Place_three_processes_without_redis(t *testing.T) {
	s := open(t)
	video := s.sells(990, 40)
	gone := redis.NewClient(&redis.Options{
		Addr:          "127.0.0.1:1",
		MaxRetries:    -1,
		DialerRetries: 1,
	})
	placed, refused := s.rush(240, video, s.process(gone), s.process(gone), s.process(nil))
	if placed != 40 || refused != 200 {
		t.Errorf("%d placed, %d refused", placed, refused)
	}
	s.sold(video, 40)
}

// TestOrders_Place_redis_dies_and_is_emptied kills Redis in the middle of a sale and later restarts it empty.
func TestOrders_Place_redis_dies_and_is_emptied(t *testing.T) {
	s := open(t)
	server := dbtest.RedisServer(t)
	video := s.sells(990, 60)
	orders := s.process(server.Client)
	placed, _ := s.rush(20, video, orders)
	server.Kill()
	more, _ := s.rush(20, video, orders)
	server.Restart()
	server.Flush()
	last, refused := s.rush(60, video, orders)
	if placed != 20 || more != 20 || last+refused != 60 {
		t.Errorf("%d, %d, %d placed, %d refused", placed, more, last, refused)
	}
	if last != 20 {
		t.Errorf("%d of the last 20 units were sold to 60 buyers", last)
	}
	s.sold(video, 60)
}

func TestOrders_Place_replay_after_the_stock_sold_out(t *testing.T) {
	s := open(t)
	video := s.sells(990, 1)
	ask := func() (order.Order, bool, error) {
		return s.orders.Place(s.ctx, order.PlaceRequest{
			UserID:         alice,
			IdempotencyKey: "mine",
			Items:          one(video),
		})
	}
	first, _, err := ask()
	s.ok(err)
	for _, when := range []string{"at once", "when the gate has forgotten", "when Redis is empty"} {
		switch when {
		case "when the gate has forgotten":
			s.ok(s.redis.Del(s.ctx, fmt.Sprintf("gate:{sku:%d}:0:done", video)).Err())
		case "when Redis is empty":
			s.ok(s.redis.FlushDB(s.ctx).Err())
		}
		o, again, err := ask()
		if err != nil || !again || o.OrderNo != first.OrderNo {
			t.Errorf("%s: %s again: %t, %v", when, o.OrderNo, again, err)
		}
	}
	s.whole()
}

// TestOrders_Place_replay_while_the_queue_is_full repeats requests for a limited and for an unlimited SKU while the
// writer's queue is full: a replay needs no place in it.
func TestOrders_Place_replay_while_the_queue_is_full(t *testing.T) {
	s := open(t)
	deps := s.deps
	deps.Writer.Workers = 1
	deps.Writer.Set = 1
	deps.Writer.Waiting = 1
	orders := order.New(deps)
	limited, unlimited, busy := s.sells(990, 5), s.sells(500, -1), s.sells(700, 100)
	place := func(user int64, key string, sku int64) (order.Order, bool, error) {
		return orders.Place(s.ctx, order.PlaceRequest{
			UserID:         user,
			IdempotencyKey: key,
			Items:          one(sku),
		})
	}
	firstLimited, _, err := place(alice, "l", limited)
	s.ok(err)
	firstUnlimited, _, err := place(alice, "u", unlimited)
	s.ok(err)
	release := s.stall(busy)
	var crowd sync.WaitGroup
	crowd.Go(func() { _, _, err := place(bob, "1", busy); s.ok(err) })
	s.blocked(1)
	crowd.Go(func() { _, _, err := place(103, "2", busy); s.ok(err) })
	for orders.Waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	if again, replayed, err := place(alice, "l", limited); err != nil || !replayed ||
		again.OrderNo != firstLimited.OrderNo {
		t.Errorf("limited: %s, %t, %v", again.OrderNo, replayed, err)
	}
	if again, replayed, err := place(alice, "u", unlimited); err != nil || !replayed ||
		again.OrderNo != firstUnlimited.OrderNo {
		t.Errorf("unlimited: %s, %t, %v", again.OrderNo, replayed, err)
	}
	release()
	crowd.Wait()
	s.whole()
}

// TestOrders_Place_replay_returns_its_units_to_the_gate repeats a request of which the gate remembers only one of the
// two SKUs: the gate takes a unit of the other SKU, and gets it back.
func TestOrders_Place_replay_returns_its_units_to_the_gate(t *testing.T) {
	s := open(t)
	known, forgotten := s.sells(990, 5), s.sells(500, 5)
	request := order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "k",
		Items:          one(known, forgotten),
	}
	first, _, err := s.orders.Place(s.ctx, request)
	s.ok(err)
	stockKey := fmt.Sprintf("gate:{sku:%d}:0:", forgotten)
	left := func() string { return s.redis.HGet(s.ctx, stockKey+"count", "left").Val() }
	if left() != "4" {
		t.Fatalf("%s left after the order", left())
	}
	s.ok(s.redis.Del(s.ctx, stockKey+"done").Err())
	if again, replayed, err := s.orders.Place(s.ctx, request); err != nil || !replayed ||
		again.OrderNo != first.OrderNo {
		t.Errorf("again: %s, %t, %v", again.OrderNo, replayed, err)
	}
	if left() != "4" {
		t.Errorf("%s left after the repetition", left())
	}
	s.whole()
}
