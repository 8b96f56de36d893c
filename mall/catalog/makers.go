package catalog

import (
	"context"
	"fmt"
)

// MakersTx says whose the videos are, whatever their state; an unknown one is absent. q is the caller's transaction or
// a pool.
func (c *Catalog) MakersTx(ctx context.Context, q Querier, spuIDs []int64) (map[int64]int64, error) {
	makers := make(map[int64]int64, len(spuIDs))
	if len(spuIDs) == 0 {
		return makers, nil
	}
	rows, err := c.queries.Makers(ctx, q, spuIDs)
	if err != nil {
		return nil, fmt.Errorf("makers of SPUs %v: %w", spuIDs, err)
	}
	for _, r := range rows {
		makers[r.ID] = r.CreatorID
	}
	return makers, nil
}
