package entitlement

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/entitlement/internal/dbsqlc"
)

// Grant is what a delivered line of an order gives.
type Grant struct {
	UserID, SPUID, SKUID int64
	// Reference is the order number, Source "orderNo/line": unique, and what Revoke names later.
	Reference, Source string
	Kind, Quality     string
	// RentHours is 0 for KindOwn; for KindRent the whole window, quantity already multiplied in.
	RentHours int
}

// GrantTx gives g within the caller's transaction. A source that was granted before, living or revoked,
// changes nothing and reports false: a job that runs twice grants once, and a late one revives nothing.
func (e *Entitlements) GrantTx(ctx context.Context, tx pgx.Tx, g Grant) (granted bool, err error) {
	n, err := e.q.Grant(ctx, tx, dbsqlc.GrantParams{
		UserID: g.UserID, SpuID: g.SPUID, SkuID: g.SKUID, Reference: g.Reference, Source: g.Source,
		Kind: g.Kind, Quality: g.Quality, RentHours: int32(g.RentHours), GrantedAt: e.now(),
	})
	if err != nil {
		return false, fmt.Errorf("grant %s: %w", g.Source, err)
	}
	return n == 1, nil
}

// RevokeTx ends what source granted, within the caller's transaction; cause is kept for the operator.
// False when nothing of that source lives: never granted, or revoked before.
func (e *Entitlements) RevokeTx(ctx context.Context, tx pgx.Tx, source, cause string) (revoked bool, err error) {
	n, err := e.q.Revoke(ctx, tx, dbsqlc.RevokeParams{Source: source, RevokedAt: e.now(), RevokedCause: cause})
	if err != nil {
		return false, fmt.Errorf("revoke %s: %w", source, err)
	}
	return n == 1, nil
}

// RestoreTx takes a revocation of that cause back, within the caller's transaction: the refund it was made for
// failed. False when nothing was revoked for that cause.
func (e *Entitlements) RestoreTx(ctx context.Context, tx pgx.Tx, source, cause string) (restored bool, err error) {
	n, err := e.q.Restore(ctx, tx, dbsqlc.RestoreParams{Source: source, RevokedCause: cause})
	if err != nil {
		return false, fmt.Errorf("restore %s: %w", source, err)
	}
	return n == 1, nil
}

// OwnsTx says whether the user owns the video for good in that quality or a better one, so that nobody
// is sold the same thing twice. A rental is no ownership.
func (e *Entitlements) OwnsTx(ctx context.Context, tx pgx.Tx, userID, spuID int64, quality string) (bool, error) {
	owns, err := e.q.Owns(ctx, tx, dbsqlc.OwnsParams{UserID: userID, SpuID: spuID, Quality: quality})
	if err != nil {
		return false, fmt.Errorf("user %d owns SPU %d: %w", userID, spuID, err)
	}
	return owns, nil
}
