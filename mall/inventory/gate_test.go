package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/telemetry"
)

// stock is the stock that most tests are about.
var stockKey = inventory.StockKey{SKUID: 42}

// room is a stock room with a gate before it, and a clock that tests drive.
type room struct {
	*inventory.Inventory
	t     *testing.T
	ctx   context.Context
	pool  *pgxpool.Pool
	redis *redis.Client
	ahead atomic.Int64
}

func (r *room) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func open(t *testing.T, stock int64) *room {
	t.Helper()
	t.Parallel()
	r := &room{
		t:     t,
		ctx:   context.Background(),
		pool:  dbtest.New(t),
		redis: dbtest.Redis(t),
	}
	r.Inventory = r.process(r.redis)
	if stock >= 0 {
		_, err := r.SetStock(r.ctx, stockKey.SKUID, stock)
		r.ok(err)
	}
	return r
}

// process is another process on the same database and Redis.
func (r *room) process(client redis.UniversalClient) *inventory.Inventory {
	return inventory.New(r.pool,
		inventory.NewGate(r.pool, client, slog.New(slog.DiscardHandler), telemetry.NewMetrics(), r.now), r.now)
}

func (r *room) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func want(user int64, qty int) inventory.Want {
	return inventory.Want{
		Token:  uuid.New(),
		Stock:  stockKey,
		UserID: user,
		Qty:    qty,
	}
}

// admits asks for one want and says what came of it.
func (r *room) admits(w inventory.Want) error { return r.word(r.Gate, w) }

// word asks until Redis itself has given its word: on a machine with much to do Redis may be slow, and then the gate
// lets everybody pass.
func (r *room) word(gate *inventory.Gate, w inventory.Want) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		took, err := gate.Admit(r.ctx, []inventory.Want{w})
		if err != nil || len(took) == 1 {
			return err
		}
		if held, err := r.redis.HExists(r.ctx, "gate:{sku:42}:0:held", w.Token.String()).Result(); err == nil && held {
			return nil // taken by a call whose answer was lost
		}
		if err := r.redis.ZScore(r.ctx, "gate:{sku:42}:0:done", w.Token.String()).Err(); err == nil {
			return nil // its order is written
		}
		if time.Now().After(deadline) {
			return errors.New("Redis never answered")
		}
	}
}

// writes reserves the units of a want in PostgreSQL, as an order would.
func (r *room) writes(w inventory.Want) error {
	rs := []inventory.Reservation{{
		Token:     w.Token,
		OrderNo:   fmt.Sprintf("%.26s", w.Token),
		Stock:     w.Stock,
		UserID:    w.UserID,
		Qty:       w.Qty,
		ExpiresAt: r.now().Add(time.Minute),
	}}
	return pgx.BeginFunc(r.ctx, r.pool, func(tx pgx.Tx) error {
		count, err := r.CountTx(r.ctx, tx, rs, true)
		if err == nil {
			err = count.Take(rs)
		}
		var later db.Later
		if err == nil {
			err = r.ReserveTx(r.ctx, tx, &later, count, rs)
		}
		if err == nil {
			err = later.Send(r.ctx, tx)
		}
		return err
	})
}

func (r *room) releases(w inventory.Want) {
	r.t.Helper()
	r.ok(pgx.BeginFunc(r.ctx, r.pool, func(tx pgx.Tx) error {
		released, err := r.ReleaseTx(r.ctx, tx, w.Token)
		if err == nil && !released {
			err = errors.New("it was not held")
		}
		return err
	}))
}

// left fails unless Redis would admit exactly that many units.
func (r *room) left(units int64) {
	r.t.Helper()
	if got, known := r.Gate.Left(r.ctx, stockKey); !known || got != units {
		r.t.Fatalf("Redis would admit %d (known: %t), want %d", got, known, units)
	}
}

func soldOut(err error) bool {
	return err != nil && fault.From(err).Slug == inventory.ErrSoldOut.Slug
}

func TestTheGateAdmitsWhatThereIsAndEachTokenOnce(t *testing.T) {
	r := open(t, 3)
	first := want(1, 2)
	took, err := r.Gate.Admit(r.ctx, []inventory.Want{first})
	if err != nil || len(took) != 1 {
		t.Fatalf("%v, %v", took, err)
	}
	took, err = r.Gate.Admit(r.ctx, []inventory.Want{first}) // the answer was lost: the same token again
	if err != nil || len(took) != 0 {
		t.Fatalf("the same token took again: %v, %v", took, err)
	}
	r.left(1)
	if err := r.admits(want(2, 2)); !soldOut(err) {
		t.Fatalf("two of one: %v", err)
	}
	r.ok(r.admits(want(2, 1)))
	r.left(0)
	r.Gate.Conclude(r.ctx, nil, []inventory.Want{first, first}) // rolled back, and told twice
	r.left(2)
	r.ok(r.admits(first))
	r.ok(r.writes(first))
	r.Gate.Conclude(r.ctx, []inventory.Want{first}, nil)
	r.Gate.Conclude(r.ctx, nil, []inventory.Want{first}) // a late release of what is written gives nothing back
	r.left(0)
	r.ok(r.admits(first)) // sold out for everybody else, and still "again" for who has it
}

func TestACrowdAtTheGateTakesNoUnitTooMany(t *testing.T) {
	r := open(t, 50)
	second := r.process(r.redis)
	var admitted, refused atomic.Int64
	var crowd sync.WaitGroup
	for n := range 400 {
		gate := r.Gate
		if n%2 == 1 {
			gate = second.Gate
		}
		crowd.Go(func() {
			switch err := r.word(gate, want(int64(n), 1)); {
			case err == nil:
				admitted.Add(1)
			case soldOut(err):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	if admitted.Load() != 50 || refused.Load() != 350 {
		t.Errorf("%d admitted, %d refused", admitted.Load(), refused.Load())
	}
}

func TestAnOrderIsAdmittedAsAWholeOrNotAtAll(t *testing.T) {
	r := open(t, 3)
	other := inventory.StockKey{SKUID: 43}
	_, err := r.SetStock(r.ctx, other.SKUID, 1)
	r.ok(err)
	r.ok(r.admits(inventory.Want{
		Token:  uuid.New(),
		Stock:  other,
		UserID: 1,
		Qty:    1,
	}))
	if _, err := r.Gate.Admit(r.ctx, []inventory.Want{want(2, 1), {
		Token:  uuid.New(),
		Stock:  other,
		UserID: 2,
		Qty:    1,
	}}); !soldOut(err) {
		t.Fatalf("one of two is sold out: %v", err)
	}
	r.left(3)
}

func TestOnePersonsLimitHoldsAtTheGateAndFollowsReturns(t *testing.T) {
	r := open(t, 10)
	_, err := r.pool.Exec(r.ctx, `update video_inventory set per_user = 2`)
	r.ok(err)
	r.Gate.Follow(r.ctx, stockKey)
	mine := want(7, 2)
	r.ok(r.admits(mine))
	if err := r.admits(want(7, 1)); err == nil || fault.From(err).Slug != inventory.ErrBuyerLimit.Slug {
		t.Fatalf("a third unit: %v", err)
	}
	r.ok(r.writes(mine))
	r.Gate.Conclude(r.ctx, []inventory.Want{mine}, nil)
	r.ok(r.admits(want(8, 2)))
	r.releases(mine) // Redis never hears of it
	r.ok(r.admits(want(7, 2)))
}

func TestRedisEmptiedIsCountedAnew(t *testing.T) {
	r := open(t, 5)
	kept, lost := want(1, 1), want(2, 1)
	r.ok(r.admits(kept))
	r.ok(r.writes(kept))
	r.ok(r.admits(lost)) // its order is under way when the counters vanish
	r.ok(r.redis.FlushDB(r.ctx).Err())
	r.ok(r.admits(want(3, 1)))
	// 5, less the one written, less this one: the one under way is forgotten, and PostgreSQL will refuse the surplus
	r.left(3)
	r.ok(r.writes(lost))
	drift, err := r.Gate.Recount(r.ctx, stockKey)
	if err != nil || drift != 1 {
		t.Fatalf("drift %d, %v", drift, err)
	}
	r.left(2)
}

func TestRedisThatCameBackWithOldDataIsMended(t *testing.T) {
	r := open(t, 3)
	r.ok(r.admits(want(9, 1)))
	dump, err := r.redis.HGetAll(r.ctx, "gate:{sku:42}:0:count").Result()
	r.ok(err)
	for n := range int64(2) {
		w := want(n, 1)
		r.ok(r.admits(w))
		r.ok(r.writes(w))
		r.Gate.Conclude(r.ctx, []inventory.Want{w}, nil)
	}
	// a replica that had not heard of the last two took over
	r.ok(r.redis.HSet(r.ctx, "gate:{sku:42}:0:count", dump).Err())
	r.left(2)
	late := want(5, 1)
	r.ok(r.admits(late))
	r.ok(r.writes(late)) // the first one's order never came
	surplus := want(6, 1)
	r.ok(r.admits(surplus))
	if err := r.writes(surplus); !soldOut(err) {
		t.Fatalf("PostgreSQL sold a unit too many: %v", err)
	}
	r.Gate.Conclude(r.ctx, nil, []inventory.Want{surplus})
	_, err = r.Gate.RecountAll(r.ctx)
	r.ok(err)
	if got, _ := r.Gate.Left(r.ctx, stockKey); got != 0 {
		t.Errorf("after the recount Redis would admit %d of none", got)
	}
}

func TestAnAdmissionWithoutAnOrderComesBackAfterItsTime(t *testing.T) {
	r := open(t, 2)
	r.ok(r.admits(want(1, 1))) // its process was killed
	written := want(2, 1)
	r.ok(r.admits(written))
	r.ok(r.writes(written)) // killed after the commit, before Redis was told
	_, err := r.Gate.RecountAll(r.ctx)
	r.ok(err)
	r.left(0) // the first one's order may still come
	r.ahead.Add(int64(2 * time.Minute))
	_, err = r.Gate.RecountAll(r.ctx)
	r.ok(err)
	r.left(1)
}

func TestUnitsThatPostgresGaveBackAreAdmittedAgain(t *testing.T) {
	r := open(t, 1)
	w := want(1, 1)
	r.ok(r.admits(w))
	r.ok(r.writes(w))
	r.Gate.Conclude(r.ctx, []inventory.Want{w}, nil)
	if err := r.admits(want(2, 1)); !soldOut(err) {
		t.Fatal(err)
	}
	r.releases(w)
	if n, err := r.Gate.RecountMoved(r.ctx); err != nil || n == 0 {
		t.Fatalf("%d stocks counted, %v", n, err)
	}
	r.ok(r.admits(want(2, 1)))
}

func TestWithoutRedisTheGateIsOpen(t *testing.T) {
	r := open(t, 1)
	gone := r.process(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1}))
	for n := range int64(3) {
		if took, err := gone.Gate.Admit(r.ctx, []inventory.Want{want(n, 1)}); err != nil || len(took) != 0 {
			t.Fatalf("%v, %v", took, err)
		}
	}
	w := want(1, 1)
	gone.Gate.Conclude(r.ctx, []inventory.Want{w}, []inventory.Want{w})
	if _, err := gone.Gate.RecountAll(r.ctx); err != nil {
		t.Fatal(err)
	}
	var none *inventory.Gate
	if took, err := none.Admit(r.ctx, []inventory.Want{w}); err != nil || len(took) != 0 {
		t.Fatalf("%v, %v", took, err)
	}
}

func TestAScriptThatRedisForgotIsSentAgain(t *testing.T) {
	r := open(t, 3)
	r.ok(r.admits(want(1, 1)))
	r.ok(r.redis.ScriptFlush(r.ctx).Err())
	r.ok(r.admits(want(2, 1)))
	r.left(1)
}

func TestAStockWithoutALimitIsNotCounted(t *testing.T) {
	r := open(t, -1)
	for n := range int64(3) {
		if took, err := r.Gate.Admit(r.ctx, []inventory.Want{want(n, 1)}); err != nil || len(took) != 0 {
			t.Fatalf("%v, %v", took, err)
		}
	}
	if keys, err := r.redis.Keys(r.ctx, "gate:{sku:42}*").Result(); err != nil || len(keys) != 0 {
		t.Errorf("Redis keeps %v, %v", keys, err)
	}
}

// TestCountingWhilePeopleBuy recounts all the time while a crowd is admitted, written and turned away.
func TestCountingWhilePeopleBuy(t *testing.T) {
	r := open(t, 60)
	stop := make(chan struct{})
	var counting sync.WaitGroup
	counting.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = r.Gate.Recount(r.ctx, stockKey) // another's turn is no failure
			}
		}
	})
	var written atomic.Int64
	var crowd sync.WaitGroup
	for n := range int64(24) {
		crowd.Go(func() {
			for i := range 6 {
				w := want(n*100+int64(i), 1)
				took, err := r.Gate.Admit(r.ctx, []inventory.Want{w})
				if err != nil {
					continue
				}
				if i%3 == 2 {
					r.Gate.Conclude(r.ctx, nil, took)
					continue
				}
				if err := r.writes(w); err != nil {
					r.Gate.Conclude(r.ctx, nil, took)
					continue
				}
				written.Add(1)
				r.Gate.Conclude(r.ctx, []inventory.Want{w}, nil)
			}
		})
	}
	crowd.Wait()
	close(stop)
	counting.Wait()
	r.ahead.Add(int64(2 * time.Minute)) // whatever is held has no order
	_, err := r.Gate.RecountAll(r.ctx)
	r.ok(err)
	c, _, err := r.Counts(r.ctx, stockKey.SKUID)
	r.ok(err)
	if c.Frozen != written.Load() || c.Available+c.Frozen != 60 {
		t.Errorf("%d written, stock %+v", written.Load(), c)
	}
	r.left(c.Available)
}
