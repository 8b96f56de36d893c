package catalog

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/catalog/internal/dbsqlc"
)

// Band is between which prices the middle of a shelf's offers lies: the tenth and the ninetieth percentile, in minor units.
type Band struct {
	Offers    int
	Low, High int64
}

// PriceBandTx measures a shelf's living offers of one kind and currency, leaving out what costs nothing.
func (c *Catalog) PriceBandTx(ctx context.Context, q Querier, categoryID int64, kind, currency string) (Band, error) {
	r, err := c.queries.PriceBand(ctx, q, dbsqlc.PriceBandParams{CategoryID: categoryID, Kind: kind, Currency: currency, At: c.now()})
	if err != nil {
		return Band{}, fmt.Errorf("prices of category %d: %w", categoryID, err)
	}
	return Band{Offers: int(r.Offers), Low: r.Low, High: r.High}, nil
}

// LiveOfTx counts a maker's listings on sale, and says since when the first of them is; the zero time without one.
func (c *Catalog) LiveOfTx(ctx context.Context, q Querier, creatorID int64) (live int, since time.Time, err error) {
	r, err := c.queries.LiveOf(ctx, q, creatorID)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("listings of creator %d: %w", creatorID, err)
	}
	if r.Live > 0 {
		since = r.Since
	}
	return int(r.Live), since, nil
}

// FindByID returns an SPU in whatever state, for operators and its maker; the caller decides who may see it. Errors: ErrProductNotFound.
func (c *Catalog) FindByID(ctx context.Context, spuID int64) (Product, error) {
	return c.productByID(ctx, spuID)
}
