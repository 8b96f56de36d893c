package entitlement

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Past is a grant of the past. StartedAt is the first play of a rental; RevokedAt is when the access ended, because of
// Cause. Both are zero if that did not happen.
type Past struct {
	Grant
	GrantedAt time.Time
	StartedAt time.Time
	RevokedAt time.Time
	Cause     string
}

// ImportTx writes past grants in the caller's transaction. It fails if one of their sources exists already.
func (e *Entitlements) ImportTx(ctx context.Context, tx pgx.Tx, past []Past) error {
	rows := make([][]any, len(past))
	for n, p := range past {
		state, started, expires, revoked := "active", (*time.Time)(nil), (*time.Time)(nil), (*time.Time)(nil)
		if !p.StartedAt.IsZero() {
			started = &p.StartedAt
			if p.Kind == KindRent {
				until := p.StartedAt.Add(time.Duration(p.RentHours) * time.Hour)
				expires = &until
			}
		}
		if !p.RevokedAt.IsZero() {
			state, revoked = "revoked", &p.RevokedAt
		}
		rows[n] = []any{
			p.UserID,
			p.SPUID,
			p.SKUID,
			p.Reference,
			p.Source,
			p.Kind,
			p.Quality,
			p.RentHours,
			state,
			p.GrantedAt,
			started,
			expires,
			revoked,
			p.Cause,
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"video_entitlement"}, []string{
		"user_id",
		"spu_id",
		"sku_id",
		"reference",
		"source",
		"kind",
		"quality",
		"rent_hours",
		"state",
		"granted_at",
		"first_played_at",
		"expires_at",
		"revoked_at",
		"revoked_cause",
	}, pgx.CopyFromRows(rows))
	if err != nil {
		return fmt.Errorf("import %d grants: %w", len(past), err)
	}
	return nil
}
