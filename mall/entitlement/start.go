package entitlement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/entitlement/internal/dbsqlc"
)

// Start records the first play of an entitlement, which opens the window of a rental, and returns the entitlement in
// its new state. Of several first plays at once, one opens the window and the others find it open. If the entitlement
// has ended, Start returns it with its Refusal as the error.
func (e *Entitlements) Start(ctx context.Context, id int64) (Entitlement, error) {
	ent, err := e.ByID(ctx, id)
	if err != nil {
		return Entitlement{}, err
	}
	now := e.now()
	if refusal := ent.Refusal(now); refusal != nil || ent.FirstPlayedAt != nil {
		return ent, refusal
	}
	var expires *time.Time
	if ent.Kind == KindRent {
		t := now.Add(time.Duration(ent.RentHours) * time.Hour)
		expires = &t
	}
	row, err := e.q.Start(ctx, e.pools.Primary, dbsqlc.StartParams{
		ID:        id,
		At:        now,
		ExpiresAt: expires,
	})
	if errors.Is(err, pgx.ErrNoRows) { // another first play, or a refund, came before
		if ent, err = e.ByID(ctx, id); err != nil {
			return Entitlement{}, err
		}
		return ent, ent.Refusal(now)
	}
	if err != nil {
		return Entitlement{}, fmt.Errorf("start entitlement %d: %w", id, err)
	}
	return fromRow(row), nil
}
