package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"videomall/mall/inventory/internal/dbsqlc"
)

// Two sets name stocks across processes, outside every hash tag: those that Redis counts, and those whose stock
// PostgreSQL has given back since. Losing them loses a second: a stock is named again when it is counted.
const (
	countedStocks = "gate:shelves"
	movedStocks   = "gate:moved"
)

// errCounting says that another process is counting the stock.
var errCounting = errors.New("inventory: the stock is being counted")

// Recount copies the count of a stock from PostgreSQL to Redis, and returns the drift: by how many units Redis was
// above the truth (positive) or below it. Admissions wait for it, a millisecond or so. Units that are admitted are
// taken off until their orders are written or their time is over. A stock without a row is unlimited and leaves Redis.
func (g *Gate) Recount(ctx context.Context, s StockKey) (drift int64, err error) {
	keys, now := s.keys(), g.now()
	var began []any
	err = g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		// Named first: a count whose end nobody hears of is corrected with the next turn.
		if err := r.SAdd(ctx, countedStocks, s.name()).Err(); err != nil {
			return err
		}
		began, err = g.scripts.count.Run(ctx, r, keys, now.UnixMilli(), now.Add(countFor).UnixMilli()).Slice()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("begin a recount: %w", err)
	}
	epoch, _ := began[0].(int64)
	if epoch < 0 {
		return 0, errCounting
	}
	var held []uuid.UUID
	qty := map[uuid.UUID]string{}
	for i := 1; i+1 < len(began); i += 2 {
		text, _ := began[i].(string)
		value, _ := began[i+1].(string)
		if token, err := uuid.Parse(text); err == nil {
			held = append(held, token)
			qty[token], _, _ = strings.Cut(value, ":")
		}
	}
	row, err := g.q.Recount(ctx, g.pool, dbsqlc.RecountParams{
		SkuID:      s.SKUID,
		CampaignID: s.CampaignID,
		Tokens:     held,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, g.leave(ctx, s)
	}
	if err != nil {
		return 0, fmt.Errorf("count sku %d of campaign %d: %w", s.SKUID, s.CampaignID, err)
	}
	args := []any{
		epoch, row.Available, row.PerUser, g.now().UnixMilli(), g.now().Add(remember).UnixMilli(),
		len(row.Written),
	}
	written := map[uuid.UUID]bool{}
	for _, token := range row.Written {
		written[token] = true
		args = append(args, token.String())
	}
	for _, token := range held {
		if !written[token] {
			args = append(args, token.String(), qty[token])
		}
	}
	var ended []int64
	err = g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		ended, err = g.scripts.set.Run(ctx, r, keys, args...).Int64Slice()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("end a recount: %w", err)
	}
	if ended[0] == 0 {
		return 0, errCounting
	}
	if ended[1] >= 0 {
		drift = ended[1] - ended[2]
	}
	return drift, nil
}

// leave takes a stock that has no limit out of Redis, and remembers here that nobody needs to ask.
func (g *Gate) leave(ctx context.Context, s StockKey) error {
	g.mu.Lock()
	if len(g.unlimited) >= mostUnlimited {
		clear(g.unlimited)
	}
	g.unlimited[s] = g.now().Add(unlimitedFor)
	g.mu.Unlock()
	return g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		if err := r.Del(ctx, s.keys()...).Err(); err != nil {
			return err
		}
		return r.SRem(ctx, countedStocks, s.name()).Err()
	})
}

// Moved notes that PostgreSQL has given units of these stocks back, or disagrees with Redis, so that they are counted
// again within seconds. It never fails: the recount of all stocks finds what Redis does not hear of.
func (g *Gate) Moved(ctx context.Context, stocks ...StockKey) {
	if g == nil || len(stocks) == 0 {
		return
	}
	names := make([]any, len(stocks))
	for i, s := range stocks {
		names[i] = s.name()
	}
	_ = g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		return r.SAdd(ctx, movedStocks, names...).Err()
	})
}

// Follow counts stocks whose units somebody has just set: at once where that is possible, else with the next turn. It
// never fails.
func (g *Gate) Follow(ctx context.Context, stocks ...StockKey) {
	if g == nil {
		return
	}
	for _, s := range stocks {
		g.mu.Lock()
		delete(g.unlimited, s)
		g.mu.Unlock()
		if _, err := g.Recount(ctx, s); err != nil {
			g.Moved(ctx, s)
		}
	}
}

// lookBack is how far RecountMoved looks for units that came back: several of its turns, so that a late one misses
// nothing.
const lookBack = 15 * time.Second

// RecountMoved counts the stocks that Moved has named, and those whose units PostgreSQL has been given back lately, by
// a close or a refund. It returns how many.
func (g *Gate) RecountMoved(ctx context.Context) (int, error) {
	var named []string
	err := g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		named, err = r.SPopN(ctx, movedStocks, 1000).Result()
		return err
	})
	if err != nil {
		return 0, nil // Redis is away; when it is back its counters are cold, or counted by RecountAll
	}
	rows, err := g.q.ReturnedStocks(ctx, g.pool, g.now().Add(-lookBack))
	if err != nil {
		return 0, fmt.Errorf("find stocks with returned units: %w", err)
	}
	for _, r := range rows {
		if name := (StockKey{r.SkuID, r.CampaignID}).name(); !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	return len(named), g.recount(ctx, named, false)
}

// RecountAll counts every stock that Redis knows, corrects it, and exports the drift that neither an admission nor a
// return explains.
func (g *Gate) RecountAll(ctx context.Context) (int, error) {
	if _, err := g.RecountMoved(ctx); err != nil {
		return 0, err
	}
	var names []string
	err := g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		names, err = r.SMembers(ctx, countedStocks).Result()
		return err
	})
	if err != nil {
		return 0, nil
	}
	return len(names), g.recount(ctx, names, true)
}

func (g *Gate) recount(ctx context.Context, names []string, export bool) error {
	var failed []error
	for _, name := range names {
		s, err := stockNamed(name)
		if err != nil {
			continue
		}
		drift, err := g.Recount(ctx, s)
		switch {
		case errors.Is(err, errCounting):
		case err != nil:
			failed = append(failed, err)
			g.Moved(ctx, s)
		case export:
			if drift != 0 {
				g.log.WarnContext(ctx, "stock in Redis drifted and was mended", "sku", s.SKUID, "campaign",
					s.CampaignID, "units", drift)
			}
			g.metrics.StockDrift(s.SKUID, drift)
		}
	}
	return errors.Join(failed...)
}

func (s StockKey) name() string {
	return strconv.FormatInt(s.SKUID, 10) + ":" + strconv.FormatInt(s.CampaignID, 10)
}

func stockNamed(name string) (s StockKey, err error) {
	sku, campaign, _ := strings.Cut(name, ":")
	if s.SKUID, err = strconv.ParseInt(sku, 10, 64); err == nil {
		s.CampaignID, err = strconv.ParseInt(campaign, 10, 64)
	}
	return s, err
}

// Left reads how many units of a stock Redis would admit now; known is false where it does not count the stock, or is
// away.
func (g *Gate) Left(ctx context.Context, s StockKey) (left int64, known bool) {
	err := g.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		left, err = r.HGet(ctx, s.keys()[0], "left").Int64()
		return err
	})
	return left, err == nil
}
