// Package inventory owns stock: how many units of a limited SKU are available, frozen for an open order, or sold.
// PostgreSQL decides; a SKU with unlimited stock has no row here. It refuses to know prices and order states:
// an order number is a label that it only writes down.
package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/inventory/internal/dbsqlc"
)

// ErrSoldOut says that fewer units are left than were asked for.
var ErrSoldOut = fault.New(fault.Conflict, "sold_out", "This is sold out.")

// ErrBuyerLimit says that one person would have more units of a stock than is allowed.
var ErrBuyerLimit = fault.New(fault.Conflict, "buyer_limit", "You have as many of these as one person may buy.")

// ErrMoved says that somebody else took units between counting and reserving: count again.
var ErrMoved = errors.New("inventory: the stock has moved")

// ErrStockTooSmall says that a new total would be less than what is frozen or sold already.
var ErrStockTooSmall = fault.New(fault.Invalid, "stock_too_small",
	"The stock can't be less than what is sold or being bought.")

// Counts are the units of one SKU: Available + Frozen + Sold = Total at all times.
type Counts struct{ Total, Available, Frozen, Sold int64 }

// StockKey names one stock: the normal one of a SKU, or the one that a campaign has split from it.
type StockKey struct {
	SKUID      int64
	CampaignID int64 // 0 is the normal stock
}

// Reservation asks for units for one order line. Token identifies it for good.
type Reservation struct {
	Token     uuid.UUID
	OrderNo   string
	Stock     StockKey
	UserID    int64
	Qty       int
	ExpiresAt time.Time
}

// Inventory keeps stock in PostgreSQL. Its Gate admits a crowd before it gets there; nil admits everybody.
type Inventory struct {
	Gate *Gate

	pool *pgxpool.Pool
	now  func() time.Time
	q    *dbsqlc.Queries
}

// Deps are what the stock stands on.
type Deps struct {
	Pool *pgxpool.Pool
	Gate *Gate // nil admits everybody
	Now  func() time.Time
}

// New opens the inventory.
func New(d Deps) *Inventory {
	return &Inventory{
		Gate: d.Gate,
		pool: d.Pool,
		now:  d.Now,
		q:    dbsqlc.New(),
	}
}

// SetStock gives a SKU its total, in units. What is frozen or sold stays so. Errors: ErrStockTooSmall.
func (i *Inventory) SetStock(ctx context.Context, skuID, total int64) (Counts, error) {
	counts, err := i.setStock(ctx, i.pool, skuID, total)
	if err != nil {
		return Counts{}, err
	}
	i.Gate.Follow(ctx, StockKey{SKUID: skuID})
	return counts, nil
}

// SetStockTx is SetStock in the caller's transaction, for a SKU whose sale begins with its commit. The gate's recount
// hears of it.
func (i *Inventory) SetStockTx(ctx context.Context, tx pgx.Tx, skuID, total int64) error {
	_, err := i.setStock(ctx, tx, skuID, total)
	return err
}

func (i *Inventory) setStock(ctx context.Context, q dbsqlc.DBTX, skuID, total int64) (Counts, error) {
	row, err := i.q.SetStock(ctx, q, dbsqlc.SetStockParams{SkuID: skuID, Total: total})
	if db.IsCheck(err, "") {
		return Counts{}, ErrStockTooSmall.Because("sku %d, total %d: %w", skuID, total, err)
	}
	if err != nil {
		return Counts{}, fmt.Errorf("set stock of sku %d to %d: %w", skuID, total, err)
	}
	return Counts{row.Total, row.Available, row.Frozen, row.Sold}, nil
}

// Counts reads a SKU's units; limited is false when its stock has no limit.
func (i *Inventory) Counts(ctx context.Context, skuID int64) (c Counts, limited bool, err error) {
	all, err := i.CountsOf(ctx, skuID)
	if err != nil {
		return Counts{}, false, err
	}
	c, limited = all[skuID]
	return c, limited, nil
}

// CountsOf reads the units of each limited SKU among skuIDs in one query; unlimited ones are absent.
func (i *Inventory) CountsOf(ctx context.Context, skuIDs ...int64) (map[int64]Counts, error) {
	rows, err := i.q.Counts(ctx, i.pool, skuIDs)
	if err != nil {
		return nil, fmt.Errorf("stock of skus %v: %w", skuIDs, err)
	}
	all := make(map[int64]Counts, len(rows))
	for _, r := range rows {
		all[r.SkuID] = Counts{
			Total:     r.Total,
			Available: r.Available,
			Frozen:    r.Frozen,
			Sold:      r.Sold,
		}
	}
	return all, nil
}

// Available reads the units left of each limited SKU among skuIDs; unlimited ones are absent.
func (i *Inventory) Available(ctx context.Context, skuIDs []int64) (map[int64]int64, error) {
	if len(skuIDs) == 0 {
		return nil, nil
	}
	rows, err := i.q.AvailableBySKU(ctx, i.pool, skuIDs)
	if err != nil {
		return nil, fmt.Errorf("stock of skus %v: %w", skuIDs, err)
	}
	left := make(map[int64]int64, len(rows))
	for _, r := range rows {
		left[r.SkuID] = r.Available
	}
	return left, nil
}
