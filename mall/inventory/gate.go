package inventory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"videomall/mall/batch"
	"videomall/mall/inventory/internal/dbsqlc"
	"videomall/mall/redisbreaker"
	"videomall/telemetry"
)

const (
	// holdFor is how long an admission counts without its order: longer than a set of orders may take with all its
	// retries.
	holdFor = time.Minute
	// remember is how long the token of a written order answers "again", so that who asks twice is not told "sold out":
	// longer than most orders may wait for payment, so that what is not paid is given back by its token.
	remember = 20 * time.Minute
	// countFor bounds a recount: when its process dies, admissions go on after this.
	countFor = 2 * time.Second
	// unlimitedFor is how long a stock that has no row is taken to be unlimited without asking.
	unlimitedFor = 5 * time.Minute
	// mostPause bounds how long somebody waits for a count, half a second altogether; then PostgreSQL decides alone.
	mostPause = 512 * time.Millisecond
	// mostUnlimited bounds the memory of such stocks; when it is full, they are asked about again.
	mostUnlimited = 100_000
)

// Gate admits people to limited stock by Redis, so that the part of a crowd that will get nothing never reaches
// PostgreSQL, which decides. An admission is no sale. Where Redis forgets something or remembers it wrongly, somebody
// is refused later or a unit waits for the next recount, but no unit is sold twice. Without Redis everybody is
// admitted, and the bounds of whoever writes orders hold. A nil *Gate admits everybody too.
type Gate struct {
	redis   *redisbreaker.Breaker
	pool    *pgxpool.Pool
	q       *dbsqlc.Queries
	log     *slog.Logger
	metrics *telemetry.Metrics
	now     func() time.Time
	scripts scripts

	admissions *batch.Gatherer[Want, verdict]

	mu        sync.Mutex
	unlimited map[StockKey]time.Time
}

// GateDeps are what a Gate stands on.
type GateDeps struct {
	Pool    *pgxpool.Pool
	Redis   redis.UniversalClient // nil is one that is always away
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	Now     func() time.Time
}

// NewGate opens the gate.
func NewGate(d GateDeps) *Gate {
	g := &Gate{
		redis:     redisbreaker.New(d.Redis),
		pool:      d.Pool,
		q:         dbsqlc.New(),
		log:       d.Log,
		metrics:   d.Metrics,
		now:       d.Now,
		scripts:   newScripts(),
		unlimited: map[StockKey]time.Time{},
	}
	g.admissions = batch.New(batch.Options{Set: 256, Waiting: 1 << 16}, g.admitSet)
	return g
}

// Want asks for units before an order is written. Token names them as in a Reservation.
type Want struct {
	Token  uuid.UUID
	Stock  StockKey
	UserID int64
	Qty    int
}

// verdict is what the script admit answers.
type verdict string

const (
	cold     verdict = "cold"
	counting verdict = "counting"
	again    verdict = "again"
	limit    verdict = "limit"
	soldOut  verdict = "sold_out"
	taken    verdict = "taken"
)

// Admit asks for all of an order's units, in the order of their SKUs, or for none. took names what was taken by this
// very call, and is to be concluded by its caller; units that were admitted before under the same token are not among
// it. Errors: ErrSoldOut, ErrBuyerLimit, each naming the SKU. Redis' own failures admit.
func (g *Gate) Admit(ctx context.Context, wants []Want) (took []Want, err error) {
	if g == nil {
		return nil, nil
	}
	for _, w := range wants {
		v, err := g.admit(ctx, w)
		if err != nil {
			g.Conclude(ctx, nil, took)
			return nil, err
		}
		if v == taken {
			took = append(took, w)
		}
	}
	return took, nil
}

// admit asks for the units of one stock. It counts a stock that Redis doesn't know, and asks the database before it
// refuses a person who may have given units back.
func (g *Gate) admit(ctx context.Context, w Want) (verdict, error) {
	if g.isUnlimited(w.Stock) {
		return "", nil
	}
	mended := false
	for pause := time.Millisecond; pause < mostPause; pause *= 2 {
		v, err := g.admissions.Do(ctx, w)
		if err != nil {
			return "", nil // Redis is away: PostgreSQL decides alone
		}
		if v == cold {
			if v = g.countCold(ctx, w.Stock); v == cold {
				continue
			}
		}
		switch v {
		case counting:
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(pause):
			}
		case limit:
			if !mended {
				if mended, err = g.mendBuyer(ctx, w); err != nil || mended {
					continue
				}
			}
			return "", ErrBuyerLimit.With(field(w.Stock), ErrBuyerLimit.Slug)
		case soldOut:
			return "", ErrSoldOut.With(field(w.Stock), ErrSoldOut.Slug)
		default:
			return v, nil
		}
	}
	return "", nil
}

// countCold counts a stock that Redis knows nothing of. It answers cold when Redis can be asked again, counting while
// another process counts, and nothing when PostgreSQL decides alone.
func (g *Gate) countCold(ctx context.Context, k StockKey) verdict {
	_, err := g.Recount(ctx, k)
	switch {
	case errors.Is(err, errCounting):
		return counting
	case err != nil:
		g.log.WarnContext(ctx, "stock not counted into Redis", "sku", k.SKUID, "campaign", k.CampaignID, "error", err)
		return ""
	case g.isUnlimited(k):
		return ""
	}
	return cold
}

// admitSet asks for many wants in one round trip.
func (g *Gate) admitSet(ctx context.Context, wants []Want) []batch.Result[verdict] {
	now := g.now()
	results := make([]batch.Result[verdict], len(wants))
	calls := make([]redisbreaker.Call, len(wants))
	for i, w := range wants {
		calls[i] = redisbreaker.Call{
			Keys: w.Stock.keys(),
			Args: []any{w.Token.String(), w.UserID, w.Qty, now.UnixMilli(), now.Add(holdFor).UnixMilli()},
		}
	}
	var answers []*redis.Cmd
	err := g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		answers, err = redisbreaker.RunEach(ctx, r, g.scripts.admit, calls)
		return err
	})
	for i := range results {
		if results[i].Err = err; err != nil {
			continue
		}
		said, err := answers[i].Slice()
		if err != nil || len(said) == 0 {
			results[i].Err = fmt.Errorf("admission to sku %d: %v, %w", wants[i].Stock.SKUID, said, err)
			continue
		}
		word, _ := said[0].(string)
		results[i].Value = verdict(word)
	}
	return results
}

// Conclude ends admissions: those of written orders are remembered for a while, the others give their units back. What
// Redis does not hear of is found by the next recount.
func (g *Gate) Conclude(ctx context.Context, written, refused []Want) {
	if g == nil {
		return
	}
	type ends struct{ written, refused []string }
	stocks := map[StockKey]*ends{}
	of := func(s StockKey) *ends {
		if stocks[s] == nil {
			stocks[s] = &ends{}
		}
		return stocks[s]
	}
	for _, w := range written {
		if !g.isUnlimited(w.Stock) {
			of(w.Stock).written = append(of(w.Stock).written, w.Token.String())
		}
	}
	for _, w := range refused {
		of(w.Stock).refused = append(of(w.Stock).refused, w.Token.String())
	}
	forget := g.now().Add(remember).UnixMilli()
	for s, e := range stocks {
		args := []any{forget, len(e.written)}
		for _, token := range append(e.written, e.refused...) {
			args = append(args, token)
		}
		err := g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
			return g.scripts.conclude.Run(ctx, r, s.keys(), args...).Err()
		})
		if err != nil && !errors.Is(err, redisbreaker.ErrOpen) {
			g.log.WarnContext(ctx, "admissions not concluded, the recount will", "sku", s.SKUID, "campaign",
				s.CampaignID, "error", err)
		}
	}
}

// Return gives units back to the gate that a closed order has given back to PostgreSQL. The next recount, within
// seconds, finds those that Redis does not hear of or has forgotten.
func (g *Gate) Return(ctx context.Context, wants []Want) {
	if g == nil {
		return
	}
	for _, w := range wants {
		_ = g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
			return g.scripts.giveBack.Run(ctx, r, w.Stock.keys(), w.Token.String(), w.UserID, w.Qty).Err()
		})
	}
}

// mendBuyer asks the database whether a person whom Redis refuses may have more units after all, because some were
// given back that Redis never heard of. mended says that asking again makes sense.
func (g *Gate) mendBuyer(ctx context.Context, w Want) (mended bool, err error) {
	units, err := g.q.UnitsOf(ctx, g.pool, dbsqlc.UnitsOfParams{
		SkuID:      w.Stock.SKUID,
		CampaignID: w.Stock.CampaignID,
		UserID:     w.UserID,
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return false, fmt.Errorf("units of user %d of sku %d: %w", w.UserID, w.Stock.SKUID, err)
	}
	err = g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		mended, err = g.scripts.mend.Run(ctx, r, w.Stock.keys(), strconv.FormatInt(w.UserID, 10), units).Bool()
		return err
	})
	return mended, err
}

func (g *Gate) isUnlimited(s StockKey) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, known := g.unlimited[s]
	if known && g.now().After(until) {
		delete(g.unlimited, s)
		return false
	}
	return known
}

func field(s StockKey) string { return fmt.Sprintf("sku:%d", s.SKUID) }
