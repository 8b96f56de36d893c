package catalog

import (
	"context"
	"fmt"
	"time"
)

// LiveOfTx counts a creator's listings on sale, and says since when the first of them is; the zero time without one.
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

// FindByID returns an SPU in whatever state, for operators and its creator; the caller decides who may see it. Errors:
// ErrProductNotFound.
func (c *Catalog) FindByID(ctx context.Context, spuID int64) (Product, error) {
	return c.productByID(ctx, spuID)
}
