package inventory_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"videomall/mall/fault"
	"videomall/mall/inventory"
)

func TestGate_Admit(t *testing.T) {
	r := open(t, 3)
	first := want(1, 2)
	took, err := r.Gate.Admit(r.ctx, []inventory.Want{first})
	if err != nil || len(took) != 1 {
		t.Fatalf("%v, %v", took, err)
	}
	took, err = r.Gate.Admit(r.ctx, []inventory.Want{first}) // the answer was lost: the same token again
	if err != nil || len(took) != 0 {
		t.Fatalf("the same token took units again: %v, %v", took, err)
	}
	r.left(1)
	if err := r.admits(want(2, 2)); !soldOut(err) {
		t.Fatalf("two units of a stock of one: %v", err)
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

func TestGate_Admit_crowd(t *testing.T) {
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

func TestGate_Admit_whole_order(t *testing.T) {
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
		t.Fatalf("an order of which one SKU is sold out: %v", err)
	}
	r.left(3)
}

func TestGate_Admit_limit_of_a_person(t *testing.T) {
	r := open(t, 10)
	_, err := r.pool.Exec(r.ctx, `update video_inventory set per_user = 2`)
	r.ok(err)
	r.Gate.Follow(r.ctx, stockKey)
	mine := want(7, 2)
	r.ok(r.admits(mine))
	if err := r.admits(want(7, 1)); err == nil || fault.From(err).Slug != inventory.ErrBuyerLimit.Slug {
		t.Fatalf("a third unit for the same person: %v", err)
	}
	r.ok(r.writes(mine))
	r.Gate.Conclude(r.ctx, []inventory.Want{mine}, nil)
	r.ok(r.admits(want(8, 2)))
	r.releases(mine) // Redis never hears of it
	r.ok(r.admits(want(7, 2)))
}

// losesEnds loses the end of every recount.
type losesEnds struct{}

func (losesEnds) DialHook(next redis.DialHook) redis.DialHook { return next }
func (losesEnds) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (losesEnds) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && len(cmd.Args()) == 13 { // script, 4 keys with their number, 6 values
			return context.DeadlineExceeded
		}
		return next(ctx, cmd)
	}
}

func TestGate_Recount_end_lost(t *testing.T) {
	r := open(t, 5)
	client := redis.NewClient(r.redis.Options())
	defer client.Close()
	client.AddHook(losesEnds{})
	if _, err := r.process(client).Gate.Recount(r.ctx, stockKey); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v, want the end of the recount to be lost", err)
	}
	w := want(1, 1) // the breaker is open: PostgreSQL alone sells
	r.ok(r.writes(w))
	r.ahead.Add(int64(3 * time.Second)) // the recount that never ended is over
	_, err := r.Gate.RecountAll(r.ctx)
	r.ok(err)
	r.left(4)
}

func TestGate_Recount_emptied_redis(t *testing.T) {
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

func TestGate_RecountAll_old_data(t *testing.T) {
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
		t.Errorf("after the recount Redis would admit %d units, although none are left", got)
	}
}

func TestGate_RecountAll_admission_expired(t *testing.T) {
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

func TestGate_RecountMoved(t *testing.T) {
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

func TestGate_Admit_without_redis(t *testing.T) {
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

func TestGate_Admit_script_forgotten(t *testing.T) {
	r := open(t, 3)
	r.ok(r.admits(want(1, 1)))
	r.ok(r.redis.ScriptFlush(r.ctx).Err())
	r.ok(r.admits(want(2, 1)))
	r.left(1)
}

func TestGate_Admit_unlimited(t *testing.T) {
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

// TestGate_RecountAll_while_people_buy recounts all the time while a crowd is admitted, written and turned away.
func TestGate_RecountAll_while_people_buy(t *testing.T) {
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
