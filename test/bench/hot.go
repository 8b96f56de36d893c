package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/batch"
	"videomall/mall/catalog"
	"videomall/mall/locale"
)

// crowds are how many buyers ask at once for one SKU.
var crowds = []int{64, 256, 1024}

// hotStock is more than a measurement can sell.
const hotStock = 10_000_000

// hot measures a crowd at one SKU: POST /orders over HTTP, with authentication, limits, idempotency, admission and a
// durable commit before each answer; against the same rows written by bare pgx: by a loop that commits what waits in
// sets, by two of them, and one transaction an order.
func (b *bench) hot(ctx context.Context) ([]row, error) {
	skuID, err := b.limitedSKU(ctx, "hot", hotStock)
	if err != nil {
		return nil, err
	}
	tokens, err := b.tokens(ctx, "hot", slices.Max(crowds))
	if err != nil {
		return nil, err
	}
	single := func(ctx context.Context, _ int) error { return b.insertSets(ctx, skuID, []string{uuid.NewString()}) }
	bare := func(loops int) func(context.Context, int) error {
		sets := batch.New(batch.Options{
			Workers: loops,
			Set:     512,
			Waiting: 1 << 16,
		}, func(ctx context.Context, keys []string) []batch.Result[bool] {
			err := b.insertSets(ctx, skuID, keys)
			results := make([]batch.Result[bool], len(keys))
			for i := range results {
				results[i].Err = err
			}
			return results
		})
		return func(ctx context.Context, _ int) error { _, err := sets.Do(ctx, uuid.NewString()); return err }
	}
	oneLoop, twoLoops := bare(1), bare(2)
	var rows []row
	for _, n := range crowds {
		wires, hangUp, err := dial(ctx, b.cfg.Addr, n)
		if err != nil {
			return nil, err
		}
		placed := func(_ context.Context, buyer int) error {
			status, text, err := wires[buyer].order(tokens[buyer], skuID)
			if err == nil && status != http.StatusCreated {
				err = fmt.Errorf("%d %s", status, text)
			}
			return err
		}
		reached, err := alternate(ctx, contender{n, placed}, contender{n, oneLoop}, contender{n, twoLoops},
			contender{64, single})
		hangUp()
		if err != nil {
			return nil, fmt.Errorf("hot orders of %d buyers: %w", n, err)
		}
		name := ""
		if n != 256 {
			name = fmt.Sprintf("@%d", n)
		}
		for i, limit := range []string{"", "_vs_two_loops", "_vs_single_tx"} {
			rows = append(rows, against("place_order_hot"+limit+name, "orders/s", reached[0], reached[i+1]))
		}
	}
	_, err = b.wholeStock(ctx, skuID)
	return rows, err
}

// contender is a way of doing the same thing, and how many clients do it at once.
type contender struct {
	clients int
	do      func(ctx context.Context, client int) error
}

// rounds are how often contenders take turns: a machine that is slower for some seconds is slower for all of them.
const rounds = 4

// alternate has contenders take turns, and returns what each reached.
func alternate(ctx context.Context, contenders ...contender) ([]figure, error) {
	took, lasted := make([][]time.Duration, len(contenders)), make([]time.Duration, len(contenders))
	for range rounds {
		for i, x := range contenders {
			t, d, err := crowd(ctx, x.clients, x.do)
			if err != nil {
				return nil, fmt.Errorf("contender %d: %w", i, err)
			}
			took[i], lasted[i] = append(took[i], t...), lasted[i]+d
		}
	}
	figures := make([]figure, len(contenders))
	for i, t := range took {
		slices.Sort(t)
		figures[i] = figure{
			perSecond: float64(len(t)) / lasted[i].Seconds(),
			p50:       t[len(t)/2],
			p99:       t[len(t)*99/100],
		}
	}
	return figures, nil
}

// limitedSKU lists a video of its own with so many units.
func (b *bench) limitedSKU(ctx context.Context, slug string, units int64) (int64, error) {
	videos, err := b.anyVideos(ctx)
	if err != nil {
		return 0, err
	}
	var category int64
	if err := b.program.Pools.Primary.QueryRow(ctx, `select id from catalog_category order by id limit 1`).
		Scan(&category); err != nil {
		return 0, err
	}
	made, err := b.program.Mall.Catalog.CreateProduct(ctx, catalog.NewProduct{
		Slug:       slug,
		CreatorID:  videos[0].CreatorID,
		CategoryID: category,
		Title:      locale.Text{Zh: "抢", En: "Hot"},
		SKUs: []catalog.NewSKU{{
			Kind:         catalog.KindOwn,
			Quality:      catalog.QualityHD,
			StockLimited: true,
			Price:        catalog.NewPrice{Amount: 990, Currency: "CNY"},
		}},
	})
	if err != nil {
		return 0, err
	}
	if err := b.program.Mall.Catalog.Publish(ctx, made.SPUID); err != nil {
		return 0, err
	}
	_, err = b.program.Mall.Inventory.SetStock(ctx, made.SKUIDs[0], units)
	return made.SKUIDs[0], err
}

// tokens makes a crowd of people with a token each.
func (b *bench) tokens(ctx context.Context, name string, n int) ([]string, error) {
	crowd, err := b.program.Mall.Accounts.Crowd(ctx, name, n)
	tokens := make([]string, len(crowd))
	for i, t := range crowd {
		tokens[i] = t.Value
	}
	return tokens, err
}

// insertSets writes what placing a set of orders leaves behind, and nothing else, in one round trip with its commit.
func (b *bench) insertSets(ctx context.Context, skuID int64, keys []string) error {
	numbers := make([]string, len(keys))
	for i := range numbers {
		numbers[i] = rand.Text()
	}
	return db.InTx(ctx, b.program.Pools.Primary, func(tx pgx.Tx) error {
		p := &pgx.Batch{}
		p.Queue(`insert into video_order (order_no, user_id, status, version, total_amount, currency, idempotency_key,
			request_hash, pay_before)
			select unnest($1::text[]), 1, 'PENDING_PAY', 1, 990, 'CNY', unnest($2::text[]), '\x00',
			now() + interval '2 hours'`, numbers, keys)
		p.Queue(`insert into video_order_item (order_no, line_no, sku_id, spu_id, creator_id, title_zh, title_en, slug,
			kind, quality,
			rent_hours, quantity, price_id, unit_amount, amount, reservation_token)
			select unnest($1::text[]), 1, $3, 1, 1, '影片', 'Film', 'film', 'own', 'HD', 0, 1, 1, 990, 990,
			unnest($2::text[])::uuid`, numbers, keys, skuID)
		p.Queue(`insert into order_transition (order_no, from_status, to_status, version, cause, actor)
			select unnest($1::text[]), 'INIT', 'PENDING_PAY', 1, 'placed', 'bench'`, numbers)
		p.Queue(`insert into outbox_event (type, aggregate, payload)
			select 'bench', 'order:' || n, jsonb_build_object('orderNo', n) from unnest($1::text[]) n`, numbers)
		p.Queue(`insert into river_job (kind, args, state, scheduled_at, max_attempts)
			select 'bench', jsonb_build_object('orderNo', n), 'scheduled', now() + interval '2 hours', 1
			from unnest($1::text[]) n`, numbers)
		p.Queue(`insert into inventory_reservation (token, inventory_id, order_no, sku_id, user_id, qty, expires_at)
			select k::uuid, v.id, n, v.sku_id, 1, 1, now() + interval '2 hours'
			from (select unnest($1::text[]) as n, unnest($2::text[]) as k) o, video_inventory v where v.sku_id = $3`,
			numbers, keys, skuID)
		p.Queue(`update video_inventory set available = available - $2, frozen = frozen + $2 where sku_id = $1
			and available >= $2`, skuID, len(keys))
		return tx.SendBatch(ctx, p).Close()
	})
}

// wholeStock counts the units that orders hold, and fails unless every unit is where its reservation says.
func (b *bench) wholeStock(ctx context.Context, skuID int64) (held int64, err error) {
	var available, frozen, total int64
	err = b.program.Pools.Primary.QueryRow(ctx, `select available, frozen, total, (select coalesce(sum(qty), 0)
		from inventory_reservation where sku_id = $1 and state = 'held')
		from video_inventory where sku_id = $1`, skuID).Scan(&available, &frozen, &total, &held)
	if err == nil && (available+frozen != total || frozen != held) {
		err = fmt.Errorf("stock: %d available, %d frozen, %d held of %d", available, frozen, held, total)
	}
	return held, err
}

// crowd has that many clients do something for half the span, each again as soon as it was answered; do is told which
// client asks. It returns what each answer took, after a short warm-up, and how long the crowd was there.
func crowd(ctx context.Context, clients int, do func(ctx context.Context,
	client int) error,
) (took []time.Duration, lasted time.Duration, err error) {
	var mu sync.Mutex
	var failed atomic.Pointer[error]
	warm := time.Now().Add(span / 12) // not counted
	end := warm.Add(span / 2)
	var at sync.WaitGroup
	for client := range clients {
		at.Go(func() {
			var mine []time.Duration
			for failed.Load() == nil {
				asked := time.Now()
				if !asked.Before(end) {
					break
				}
				if err := do(ctx, client); err != nil {
					failed.Store(&err)
					return
				}
				if asked.After(warm) {
					mine = append(mine, time.Since(asked))
				}
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	at.Wait()
	if err := failed.Load(); err != nil {
		return nil, 0, *err
	}
	if len(took) == 0 {
		return nil, 0, fmt.Errorf("nobody was answered in %s", span/2)
	}
	return took, time.Since(warm), nil
}
