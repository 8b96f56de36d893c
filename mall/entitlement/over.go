package entitlement

import (
	"context"
	"fmt"

	"videomall/mall/entitlement/internal/dbsqlc"
)

// Over returns which of these sources granted a rental that has expired.
func (e *Entitlements) Over(ctx context.Context, sources []string) (map[string]bool, error) {
	rows, err := e.q.Over(ctx, e.pools.Primary, dbsqlc.OverParams{Sources: sources, At: e.now()})
	if err != nil {
		return nil, fmt.Errorf("rentals that are over, of %d: %w", len(sources), err)
	}
	over := make(map[string]bool, len(rows))
	for _, s := range rows {
		over[s] = true
	}
	return over, nil
}
