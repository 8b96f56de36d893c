package entitlement

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/mall/entitlement/internal/dbsqlc"
)

// Grant is the entitlement that a delivered line of an order gives.
type Grant struct {
	UserID, SPUID, SKUID int64
	// Reference is the order number. Source is "orderNo/line"; it is unique, and RevokeTx takes it.
	Reference, Source string
	Kind, Quality     string
	// RentHours is 0 for KindOwn, and the whole window for KindRent, multiplied by the quantity.
	RentHours int
}

// GrantTx grants g within the caller's transaction. If its source was granted before, even if that was revoked since,
// it changes nothing and returns false: a job that runs twice grants once, and a late job does not undo a revocation.
func (e *Entitlements) GrantTx(ctx context.Context, tx pgx.Tx, g Grant) (granted bool, err error) {
	n, err := e.q.Grant(ctx, tx, dbsqlc.GrantParams{
		UserID:    g.UserID,
		SpuID:     g.SPUID,
		SkuID:     g.SKUID,
		Reference: g.Reference,
		Source:    g.Source,
		Kind:      g.Kind,
		Quality:   g.Quality,
		RentHours: int32(g.RentHours),
		GrantedAt: e.now(),
	})
	if err != nil {
		return false, fmt.Errorf("grant %s: %w", g.Source, err)
	}
	return n == 1, nil
}

// RevokeTx ends the entitlement of a source within the caller's transaction; cause is stored for operators. It returns
// false if the source was never granted, or was revoked before.
func (e *Entitlements) RevokeTx(ctx context.Context, tx pgx.Tx, source, cause string) (revoked bool, err error) {
	n, err := e.q.Revoke(ctx, tx, dbsqlc.RevokeParams{
		Source:       source,
		RevokedAt:    e.now(),
		RevokedCause: cause,
	})
	if err != nil {
		return false, fmt.Errorf("revoke %s: %w", source, err)
	}
	return n == 1, nil
}

// RestoreTx undoes a revocation with the given cause within the caller's transaction, because the refund that it was
// made for failed. It returns false if nothing was revoked with that cause.
func (e *Entitlements) RestoreTx(ctx context.Context, tx pgx.Tx, source, cause string) (restored bool, err error) {
	n, err := e.q.Restore(ctx, tx, dbsqlc.RestoreParams{Source: source, RevokedCause: cause})
	if err != nil {
		return false, fmt.Errorf("restore %s: %w", source, err)
	}
	return n == 1, nil
}

// Viewing names a person and a video.
type Viewing struct{ UserID, SPUID int64 }

// Owners says who owns which videos, and in which qualities.
type Owners map[Viewing][]string

// Own reports whether the person owns the video in that quality or a better one. A rental does not count.
func (o Owners) Own(v Viewing, quality string) bool {
	return slices.Contains(o[v], quality) || slices.Contains(o[v], Quality4K)
}

// OwnersTx finds out who owns which of these videos, so that nobody is sold the same thing twice.
func (e *Entitlements) OwnersTx(ctx context.Context, tx pgx.Tx, asked []Viewing) (Owners, error) {
	owners := Owners{}
	if len(asked) == 0 {
		return owners, nil
	}
	var arg dbsqlc.OwnedOfParams
	for _, v := range asked {
		arg.UserIds, arg.SpuIds = append(arg.UserIds, v.UserID), append(arg.SpuIds, v.SPUID)
	}
	rows, err := e.q.OwnedOf(ctx, tx, arg)
	if err != nil {
		return nil, fmt.Errorf("who owns %d videos: %w", len(asked), err)
	}
	for _, r := range rows {
		v := Viewing{r.UserID, r.SpuID}
		owners[v] = append(owners[v], r.Quality)
	}
	return owners, nil
}
