package catalog

import (
	"context"
	"fmt"
)

// CreatorsOfTx says whose the videos are, whatever their state; an unknown one is absent. q is the caller's transaction
// or a pool.
func (c *Catalog) CreatorsOfTx(ctx context.Context, q Querier, spuIDs []int64) (map[int64]int64, error) {
	creators := make(map[int64]int64, len(spuIDs))
	if len(spuIDs) == 0 {
		return creators, nil
	}
	rows, err := c.queries.CreatorsOf(ctx, q, spuIDs)
	if err != nil {
		return nil, fmt.Errorf("creators of SPUs %v: %w", spuIDs, err)
	}
	for _, r := range rows {
		creators[r.ID] = r.CreatorID
	}
	return creators, nil
}
