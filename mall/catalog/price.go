package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/fault"
)

// NewPrice is a price version of a SKU: amounts in minor units of Currency, valid from From (zero or past: now)
// up to but not including Until (nil: until another version begins).
type NewPrice struct {
	Amount     int64
	ListAmount *int64 // the price to strike out; above Amount
	Currency   string
	From       time.Time
	Until      *time.Time
	By         int64 // who sets it; 0 when that is not known
}

func (p NewPrice) check() error {
	switch {
	case p.Amount < 0:
		return ErrPriceInvalid.With("amount", "negative")
	case p.ListAmount != nil && *p.ListAmount <= p.Amount:
		return ErrPriceInvalid.With("listAmount", "not_above_amount")
	case len(p.Currency) != 3:
		return ErrPriceInvalid.With("currency", "unknown")
	case p.Until != nil && !p.Until.After(p.From):
		return ErrPriceInvalid.With("until", "before_from")
	}
	return nil
}

// repriceBatch bounds how many SPUs one transaction of RepriceDue holds.
const repriceBatch = 200

// SetPrice schedules a price version. The version without an end that would still run at p.From ends there; when
// p itself ends, the former price resumes at p.Until, so that an offer for a week leaves no gap behind it.
// What was valid in the past is never touched. Errors: ErrSKUNotFound, ErrPriceInvalid, ErrPriceCurrency, and
// ErrPriceOverlaps when a version with an end, or one that begins later, stands in the way.
func (c *Catalog) SetPrice(ctx context.Context, skuID int64, p NewPrice) error {
	now := c.now()
	if p.From.Before(now) {
		p.From = now
	}
	p.From = p.From.Truncate(time.Microsecond)
	if err := p.check(); err != nil {
		return err
	}
	err := c.WithChanges(ctx, func(tx pgx.Tx) ([]Change, error) {
		spuID, err := c.queries.LockSPUOfSKU(ctx, tx, skuID)
		if missing(err) {
			err = ErrSKUNotFound
		}
		if err != nil {
			return nil, err
		}
		return []Change{{Type: ChangePriced, SPUID: spuID}}, c.setPriceTx(ctx, tx, spuID, skuID, p, now)
	})
	if err != nil {
		return fmt.Errorf("set price of SKU %d: %w", skuID, err)
	}
	return nil
}

// setPriceTx is SetPrice in a transaction that has locked the SPU.
func (c *Catalog) setPriceTx(ctx context.Context, tx pgx.Tx, spuID, skuID int64, p NewPrice, now time.Time) error {
	if err := c.checkCurrencyTx(ctx, tx, spuID, p.Currency); err != nil {
		return err
	}
	former, err := c.queries.OpenPrice(ctx, tx, dbsqlc.OpenPriceParams{SkuID: skuID, At: p.From})
	if err != nil && !missing(err) {
		return err
	}
	cuts := err == nil && former.ValidFrom.Before(p.From)
	if cuts {
		if err := c.queries.EndPrice(ctx, tx, dbsqlc.EndPriceParams{ID: former.ID, ValidUntil: p.From}); err != nil {
			return err
		}
	}
	if err := c.insertPriceTx(ctx, tx, skuID, p, now); err != nil {
		return err
	}
	if cuts && p.Until != nil {
		resumed := NewPrice{
			Amount:     former.Amount,
			ListAmount: former.ListAmount,
			Currency:   former.Currency,
			From:       *p.Until,
			By:         p.By,
		}
		if err := c.insertPriceTx(ctx, tx, skuID, resumed, now); err != nil {
			return err
		}
	}
	return c.queries.Reprice(ctx, tx, dbsqlc.RepriceParams{SpuID: spuID, At: now})
}

// AddPriceTx adds a price version to a SKU and changes no other version. The caller has locked the SPU. Errors: as
// SetPrice.
func (c *Catalog) AddPriceTx(ctx context.Context, tx pgx.Tx, spuID, skuID int64, p NewPrice) error {
	if err := c.checkCurrencyTx(ctx, tx, spuID, p.Currency); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	return c.insertPriceTx(ctx, tx, skuID, p, c.now())
}

// checkCurrencyTx refuses a currency in which the SPU is not sold.
func (c *Catalog) checkCurrencyTx(ctx context.Context, tx pgx.Tx, spuID int64, currency string) error {
	foreign, err := c.queries.ForeignCurrency(ctx, tx, dbsqlc.ForeignCurrencyParams{SpuID: spuID, Currency: currency})
	if err == nil && foreign {
		err = ErrPriceCurrency
	}
	return err
}

func (c *Catalog) insertPriceTx(ctx context.Context, tx pgx.Tx, skuID int64, p NewPrice, now time.Time) error {
	err := c.queries.InsertPrice(ctx, tx, dbsqlc.InsertPriceParams{
		SkuID:      skuID,
		Amount:     p.Amount,
		ListAmount: p.ListAmount,
		Currency:   p.Currency,
		ValidFrom:  p.From,
		ValidUntil: p.Until,
		At:         now,
		CreatedBy:  p.By,
	})
	switch {
	case db.IsExclusion(err, "sku_price_no_overlap"):
		return ErrPriceOverlaps.Because("%w", err)
	case db.IsCheck(err, ""):
		return ErrPriceInvalid.Because("%w", err)
	}
	return err
}

// RepriceDue updates the prices that lists show wherever a price version has begun or ended since, and returns the SPUs
// that it touched. Several processes may run it at once; one of them handles each SPU.
func (c *Catalog) RepriceDue(ctx context.Context) ([]int64, error) {
	var done []int64
	for {
		var batch []int64
		err := c.WithChanges(ctx, func(tx pgx.Tx) ([]Change, error) {
			now := c.now()
			ids, err := c.queries.LockRepriceDue(ctx, tx, dbsqlc.LockRepriceDueParams{At: now, Most: repriceBatch})
			if err != nil {
				return nil, err
			}
			changes := make([]Change, len(ids))
			for i, id := range ids {
				changes[i] = Change{Type: ChangeRepriced, SPUID: id}
				if err := c.queries.Reprice(ctx, tx, dbsqlc.RepriceParams{SpuID: id, At: now}); err != nil {
					return nil, err
				}
			}
			batch = ids
			return changes, nil
		})
		if err != nil {
			return done, fmt.Errorf("reprice: %w", err)
		}
		done = append(done, batch...)
		if len(batch) < repriceBatch {
			return done, nil
		}
	}
}

func faulty(err error) bool {
	_, ok := errors.AsType[*fault.Fault](err)
	return ok
}
