package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	return inventory.New(inventory.Deps{
		Pool: r.pool,
		Gate: inventory.NewGate(inventory.GateDeps{
			Pool:    r.pool,
			Redis:   client,
			Log:     slog.New(slog.DiscardHandler),
			Metrics: telemetry.NewMetrics(),
			Now:     r.now,
		}),
		Now: r.now,
	})
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
