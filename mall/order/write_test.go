package order_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/order"
)

// stall locks the stock row of a SKU, so that reservations of it wait until the returned function is called.
func (s *shop) stall(skuID int64) (release func()) {
	s.t.Helper()
	tx, err := s.pool.Begin(s.ctx)
	s.ok(err)
	_, err = tx.Exec(s.ctx, `select 1 from video_inventory where sku_id = $1 for update`, skuID)
	s.ok(err)
	var once sync.Once
	release = func() { once.Do(func() { _ = tx.Rollback(s.ctx) }) }
	s.t.Cleanup(release)
	return release
}

// blocked waits until at least n transactions wait for a lock.
func (s *shop) blocked(n int64) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if query[int64](s, `select count(*) from pg_stat_activity where datname = current_database()
			and wait_event_type = 'Lock'`)[0] >= n {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal("nobody came to wait")
		}
	}
}

func TestOrders_Place_simultaneous_orders_share_a_transaction(t *testing.T) {
	s := open(t)
	deps := s.deps
	deps.Writer.Workers = 1
	orders := order.New(deps)
	video := s.sells(990, 100)
	release := s.stall(video)
	var buyers sync.WaitGroup
	buy := func(n int) {
		buyers.Go(func() {
			if _, _, err := orders.Place(s.ctx, order.PlaceRequest{
				UserID:         int64(1000 + n),
				IdempotencyKey: "k",
				Items:          one(video),
			}); err != nil {
				t.Error(err)
			}
		})
	}
	buy(0)
	s.blocked(1)
	for n := range 40 {
		buy(1 + n)
	}
	for deadline := time.Now().Add(30 * time.Second); orders.Waiting() < 40; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the crowd never came")
		}
	}
	release()
	buyers.Wait()
	if commits := query[int64](s, `select count(distinct xmin::text) from video_order`)[0]; commits != 2 {
		t.Errorf("41 orders were written in %d transactions, not in 2", commits)
	}
	if c := s.stock(video); c.Frozen != 41 || c.Available != 59 {
		t.Errorf("stock %+v", c)
	}
	s.whole()
}

// TestOrders_Place_last_unit has three processes sell one stock to more buyers than it has units, in orders of one to
// three units: once through the gate, and once with PostgreSQL alone.
func TestOrders_Place_last_unit(t *testing.T) {
	t.Run("behind the gate", func(t *testing.T) { theLastUnitIsSold(t, func(*order.Deps) {}) })
	t.Run("without Redis", func(t *testing.T) {
		theLastUnitIsSold(t, func(d *order.Deps) {
			d.Redis, d.Inventory = nil, inventory.New(inventory.Deps{
				Pool: d.Pool,
				Gate: nil,
				Now:  d.Now,
			})
		})
	})
}

func theLastUnitIsSold(t *testing.T, adjust func(*order.Deps)) {
	s := open(t)
	video := s.sells(990, 47, func(k *catalog.NewSKU) { k.Kind, k.RentHours, k.MaxPerOrder = catalog.KindRent, 48, 3 })
	deps := s.deps
	adjust(&deps)
	processes := []*order.Orders{order.New(deps), order.New(deps), order.New(deps)}
	var units, refused atomic.Int64
	var buyers sync.WaitGroup
	for n := range 150 {
		buyers.Go(func() {
			qty := 1 + n%3
			_, _, err := processes[n%len(processes)].Place(s.ctx, order.PlaceRequest{
				UserID:         int64(1000 + n),
				IdempotencyKey: "k",
				Items:          lines(qty, video),
			})
			switch {
			case err == nil:
				units.Add(int64(qty))
			case fault.From(err).Slug == inventory.ErrSoldOut.Slug:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	buyers.Wait()
	if c := s.stock(video); units.Load() != 47 || c.Frozen != 47 || c.Available != 0 || refused.Load() == 0 {
		t.Errorf("%d units sold, %d refused, stock %+v", units.Load(), refused.Load(), c)
	}
	s.whole()
}

// TestOrders_Place_one_failure_in_a_set has PostgreSQL refuse the rows of one buyer in a set of many: the other orders
// of the set are placed.
func TestOrders_Place_one_failure_in_a_set(t *testing.T) {
	s := open(t)
	deps := s.deps
	deps.Writer.Workers = 1
	orders := order.New(deps)
	video := s.sells(990, 100)
	for _, sql := range []string{
		`create function refuse() returns trigger language plpgsql as $$ begin
			if (select user_id from video_order
			where order_no = new.order_no) = 1013 then raise exception 'the disk is sad'; end if; return new; end $$`,
		`create trigger refuse before insert on video_order_item for each row execute function refuse()`,
	} {
		_, err := s.pool.Exec(s.ctx, sql)
		s.ok(err)
	}
	release := s.stall(video)
	var mu sync.Mutex
	var failed []int64
	var buyers sync.WaitGroup
	for n := range 30 {
		buyers.Go(func() {
			user := int64(1000 + n)
			if _, _, err := orders.Place(s.ctx, order.PlaceRequest{
				UserID:         user,
				IdempotencyKey: "k",
				Items:          one(video),
			}); err != nil {
				mu.Lock()
				failed = append(failed, user)
				mu.Unlock()
			}
		})
	}
	s.blocked(1)
	release()
	buyers.Wait()
	if !slices.Equal(failed, []int64{1013}) {
		t.Errorf("failed: %v", failed)
	}
	if c := s.stock(video); c.Frozen != 29 || c.Available != 71 {
		t.Errorf("stock %+v", c)
	}
	s.whole()
}

func TestOrders_Place_queue_full(t *testing.T) {
	s := open(t)
	deps := s.deps
	deps.Writer.Workers = 1
	deps.Writer.Set = 1
	deps.Writer.Waiting = 1
	orders := order.New(deps)
	video := s.sells(990, 100)
	release := s.stall(video)
	place := func(user int64) error {
		_, _, err := orders.Place(s.ctx, order.PlaceRequest{
			UserID:         user,
			IdempotencyKey: "k",
			Items:          one(video),
		})
		return err
	}
	answers := make(chan error, 2)
	go func() { answers <- place(alice) }()
	s.blocked(1)
	go func() { answers <- place(bob) }()
	for deadline := time.Now().Add(30 * time.Second); orders.Waiting() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody waits")
		}
	}
	if err := place(103); !errors.Is(err, order.ErrBusy) {
		t.Fatalf("a third: %v", err)
	}
	release()
	for range 2 {
		s.ok(<-answers)
	}
	s.ok(place(103)) // the refused request may be repeated with the same key
	s.whole()
}

// TestOrders_Place_connection_lost ends the writer's connection while its transaction waits for a lock: the set is
// written again.
func TestOrders_Place_connection_lost(t *testing.T) {
	s := open(t)
	video := s.sells(990, 10)
	release := s.stall(video)
	placed := make(chan error, 1)
	go func() {
		_, again, err := s.orders.Place(s.ctx, order.PlaceRequest{
			UserID:         alice,
			IdempotencyKey: "k",
			Items:          one(video),
		})
		if again {
			err = errors.New("the first request was taken for a replay")
		}
		placed <- err
	}()
	s.blocked(1)
	if ended := query[bool](s, `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and wait_event_type = 'Lock'`); len(ended) != 1 {
		t.Fatal("no connection was ended")
	}
	release()
	s.ok(<-placed)
	if n := query[int64](s, `select count(*) from video_order`)[0]; n != 1 {
		t.Errorf("%d orders", n)
	}
	s.whole()
}

func TestInventory_ReserveTx_buyer_limit(t *testing.T) {
	s := open(t)
	video := s.sells(990, 100)
	_, err := s.pool.Exec(s.ctx, `update video_inventory set per_user = 2 where sku_id = $1`, video)
	s.ok(err)
	reserve := func(user int64, qty int, token byte) error {
		rs := []inventory.Reservation{{
			Token:     [16]byte{token},
			OrderNo:   fmt.Sprintf("%026d", token),
			Stock:     inventory.StockKey{SKUID: video},
			UserID:    user,
			Qty:       qty,
			ExpiresAt: s.now(),
		}}
		return pgx.BeginFunc(s.ctx, s.pool, func(tx pgx.Tx) error {
			count, err := s.inventory.CountTx(s.ctx, tx, rs, false)
			if err != nil {
				return err
			}
			if err := count.Take(rs); err != nil {
				return err
			}
			var later db.Later
			if err := s.inventory.ReserveTx(s.ctx, tx, &later, count, rs); err != nil {
				return err
			}
			return later.Send(s.ctx, tx)
		})
	}
	s.ok(reserve(alice, 1, 1))
	if err := reserve(alice, 2, 2); fault.From(err).Slug != inventory.ErrBuyerLimit.Slug {
		t.Errorf("a third unit: %v", err)
	}
	s.ok(reserve(bob, 2, 3))
	var won, lost atomic.Int64
	var at sync.WaitGroup
	release := s.stall(video)
	for n := range 6 { // all six requests count one unit left, and the rows decide
		at.Go(func() {
			switch err := reserve(alice, 1, byte(10+n)); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, inventory.ErrMoved), fault.From(err).Slug == inventory.ErrBuyerLimit.Slug:
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	s.blocked(6)
	release()
	at.Wait()
	if won.Load() != 1 || lost.Load() != 5 {
		t.Errorf("%d of 6 got the last unit that one person may have", won.Load())
	}
	s.ok(pgx.BeginFunc(s.ctx, s.pool, func(tx pgx.Tx) error {
		_, err := s.inventory.ReleaseTx(s.ctx, tx, [16]byte{1})
		return err
	}))
	s.ok(reserve(alice, 1, 90))
	if units := query[int64](s, `select sum(units)::bigint from inventory_buyer`)[0]; units != 4 {
		t.Errorf("%d units are counted", units)
	}
}
