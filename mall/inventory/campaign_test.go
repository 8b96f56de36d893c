package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/inventory"
)

// split is a stock split under test.
type split struct {
	*inventory.Inventory
	t    *testing.T
	ctx  context.Context
	pool *pgxpool.Pool
}

func openSplit(t *testing.T) *split {
	t.Helper()
	t.Parallel()
	pool := dbtest.New(t)
	return &split{
		Inventory: inventory.New(inventory.Deps{
			Pool: pool,
			Gate: nil,
			Now:  time.Now,
		}),
		t:    t,
		ctx:  t.Context(),
		pool: pool,
	}
}

func (r *split) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *split) tx(fn func(pgx.Tx) error) error { return db.InTx(r.ctx, r.pool, fn) }

func (r *split) split(campaign, sku, units int64) error {
	return r.tx(func(tx pgx.Tx) error { return r.SplitTx(r.ctx, tx, campaign, sku, units, 0) })
}

func (r *split) merge(campaign int64) (units int64) {
	r.t.Helper()
	r.ok(r.tx(func(tx pgx.Tx) (err error) {
		units, err = r.MergeTx(r.ctx, tx, campaign)
		return err
	}))
	return units
}

// normal and sale are the counters of the two rows.
func (r *split) normal(sku int64) inventory.Counts {
	r.t.Helper()
	c, _, err := r.Counts(r.ctx, sku)
	r.ok(err)
	return c
}

func (r *split) sale(campaign, sku int64) inventory.Counts {
	r.t.Helper()
	counts, err := r.CampaignCounts(r.ctx, []int64{campaign})
	r.ok(err)
	return counts[inventory.CampaignKey{CampaignID: campaign, SKUID: sku}]
}

// hold freezes a unit of a campaign's row as an order does, and returns the reservation's token.
func (r *split) hold(campaign, sku int64) (token uuid.UUID, held bool) {
	r.t.Helper()
	token = uuid.New()
	tag, err := r.pool.Exec(r.ctx, `with row as (
			update video_inventory set available = available - 1, frozen = frozen + 1
			where sku_id = $1 and campaign_id = $2 and available > 0 returning id)
		insert into inventory_reservation (token, inventory_id, order_no, sku_id, campaign_id, user_id, qty, expires_at)
		select $3, id, 'order', $1, $2, 7, 1, now() from row`, sku, campaign, token)
	r.ok(err)
	return token, tag.RowsAffected() == 1
}

func counts(total, available, frozen, sold int64) inventory.Counts {
	return inventory.Counts{
		Total:     total,
		Available: available,
		Frozen:    frozen,
		Sold:      sold,
	}
}

func TestInventory_SplitTx(t *testing.T) {
	r := openSplit(t)
	_, err := r.SetStock(r.ctx, 1, 10)
	r.ok(err)
	r.ok(r.split(5, 1, 7))
	if n, s := r.normal(1), r.sale(5, 1); n != counts(3, 3, 0, 0) || s != counts(7, 7, 0, 0) {
		t.Fatalf("after the split: normal %+v, sale %+v", n, s)
	}
	if err := r.split(6, 1, 4); !errors.Is(err, inventory.ErrSplitTooLarge) {
		t.Fatalf("a split of more units than are left: %v", err)
	}
	if n := r.normal(1); n != counts(3, 3, 0, 0) {
		t.Fatalf("a refused split took units: %+v", n)
	}
	if units := r.merge(5); units != 7 {
		t.Errorf("%d units came back", units)
	}
	if n, s := r.normal(1), r.sale(5, 1); n != counts(10, 10, 0, 0) || s != (inventory.Counts{}) {
		t.Errorf("after the merge: normal %+v, sale %+v", n, s)
	}
}

func TestInventory_SplitTx_refused(t *testing.T) {
	r := openSplit(t)
	_, err := r.SetStock(r.ctx, 1, 10)
	r.ok(err)
	r.ok(r.tx(func(tx pgx.Tx) error {
		if err := r.SplitTx(r.ctx, tx, 5, 1, 11, 0); !errors.Is(err, inventory.ErrSplitTooLarge) {
			t.Errorf("a split of 11 of 10 units: %v", err)
		}
		return r.SplitTx(r.ctx, tx, 5, 1, 10, 0)
	}))
	if n, s := r.normal(1), r.sale(5, 1); n != (inventory.Counts{}) || s != counts(10, 10, 0, 0) {
		t.Errorf("normal %+v, sale %+v", n, s)
	}
}

func TestInventory_MergeTx_unlimited(t *testing.T) {
	r := openSplit(t)
	r.ok(r.split(5, 1, 100))
	if s := r.sale(5, 1); s != counts(100, 100, 0, 0) {
		t.Fatalf("sale %+v", s)
	}
	_, err := r.SetStock(r.ctx, 1, 50) // limited while the campaign runs
	r.ok(err)
	if units := r.merge(5); units != 100 {
		t.Errorf("%d units were taken", units)
	}
	if n, s := r.normal(1), r.sale(5, 1); n != counts(50, 50, 0, 0) || s != (inventory.Counts{}) {
		t.Errorf("normal %+v, sale %+v", n, s)
	}
}

func TestInventory_MergeTx_late_unit(t *testing.T) {
	r := openSplit(t)
	_, err := r.SetStock(r.ctx, 1, 5)
	r.ok(err)
	r.ok(r.split(5, 1, 5))
	closes, _ := r.hold(5, 1)
	pays, _ := r.hold(5, 1)
	if units := r.merge(5); units != 3 {
		t.Fatalf("%d units at the end", units)
	}
	if left, err := r.CampaignsWithStock(r.ctx); err != nil || len(left) != 0 {
		t.Fatalf("campaigns with stock: %v, %v", left, err)
	}
	r.ok(r.tx(func(tx pgx.Tx) error {
		_, err := r.ReleaseTx(r.ctx, tx, closes)
		if err == nil {
			_, err = r.SellTx(r.ctx, tx, pays)
		}
		return err
	}))
	if left, err := r.CampaignsWithStock(r.ctx); err != nil || len(left) != 1 || left[0] != 5 {
		t.Fatalf("campaigns with stock: %v, %v", left, err)
	}
	if units := r.merge(5); units != 1 {
		t.Errorf("%d units after the close", units)
	}
	r.ok(r.tx(func(tx pgx.Tx) error { _, err := r.RestockTx(r.ctx, tx, pays); return err }))
	if units := r.merge(5); units != 1 {
		t.Errorf("%d units after the refund", units)
	}
	if n, s := r.normal(1), r.sale(5, 1); n != counts(5, 5, 0, 0) || s != (inventory.Counts{}) {
		t.Errorf("normal %+v, sale %+v", n, s)
	}
}

// Buyers in both stocks while campaigns over the same SKUs are split and merged, in opposite orders of arrival.
func TestInventory_SplitTx_among_reservations(t *testing.T) {
	r := openSplit(t)
	const skus, each, rounds = 3, 40, 6
	for sku := int64(1); sku <= skus; sku++ {
		_, err := r.SetStock(r.ctx, sku, each)
		r.ok(err)
	}
	var all sync.WaitGroup
	run := func(fn func() error) {
		all.Go(func() {
			if err := fn(); err != nil {
				t.Error(err)
			}
		})
	}
	for c := range int64(4) {
		run(func() error {
			for round := range int64(rounds) {
				campaign := 10 + c*rounds + round
				err := db.InTxRetrying(r.ctx, r.pool, 5, func(tx pgx.Tx) error {
					for sku := int64(1); sku <= skus; sku++ {
						if err := r.SplitTx(r.ctx, tx, campaign, sku, 3, 0); err != nil &&
							!errors.Is(err, inventory.ErrSplitTooLarge) {
							return err
						}
					}
					return nil
				})
				if err != nil {
					return fmt.Errorf("split: %w", err)
				}
				for sku := int64(1); sku <= skus; sku++ {
					token, held := r.hold(campaign, sku)
					if !held {
						continue
					}
					settle := r.ReleaseTx
					if round%2 == 0 {
						settle = r.SellTx
					}
					run(func() error {
						return db.InTxRetrying(r.ctx, r.pool, 5, func(tx pgx.Tx) error {
							_, err := settle(r.ctx, tx, token)
							return err
						})
					})
				}
				for range 2 {
					err := db.InTxRetrying(r.ctx, r.pool, 5, func(tx pgx.Tx) error {
						_, err := r.MergeTx(r.ctx, tx, campaign)
						return err
					})
					if err != nil {
						return fmt.Errorf("merge: %w", err)
					}
				}
			}
			return nil
		})
	}
	for buyer := range int64(4) {
		run(func() error {
			for n := range 8 {
				sku := (buyer+int64(n))%skus + 1
				err := r.tx(func(tx pgx.Tx) error {
					rs := []inventory.Reservation{{
						Token:     uuid.New(),
						OrderNo:   "normal",
						Stock:     inventory.StockKey{SKUID: sku},
						UserID:    buyer,
						Qty:       1,
						ExpiresAt: time.Now(),
					}}
					count, err := r.CountTx(r.ctx, tx, rs, false)
					if err != nil {
						return err
					}
					var later db.Later
					if err := r.ReserveTx(r.ctx, tx, &later, count, rs); err != nil {
						return err
					}
					return later.Send(r.ctx, tx)
				})
				if err != nil && !errors.Is(err, inventory.ErrMoved) { // too few were left
					return fmt.Errorf("reserve: %w", err)
				}
			}
			return nil
		})
	}
	all.Wait()
	left, err := r.CampaignsWithStock(r.ctx)
	r.ok(err)
	for _, campaign := range left {
		r.merge(campaign)
	}
	for sku := int64(1); sku <= skus; sku++ {
		var total, available, frozen, sold, inSales int64
		r.ok(r.pool.QueryRow(r.ctx, `select sum(total), sum(available), sum(frozen), sum(sold),
			coalesce(sum(total - sold) filter (where campaign_id is not null), 0)
			from video_inventory where sku_id = $1`, sku).Scan(&total, &available, &frozen, &sold, &inSales))
		if total != each || available+frozen+sold != total || inSales != 0 {
			t.Errorf("sku %d: %d in all, want %d; %d available, %d frozen, %d sold; %d unsold units stayed in sales",
				sku, total, each, available, frozen, sold, inSales)
		}
	}
}
