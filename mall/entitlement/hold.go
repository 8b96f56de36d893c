package entitlement

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/entitlement/internal/dbsqlc"
)

// Holdings are the entitlements by which one person may watch now, by video.
type Holdings map[int64][]Entitlement

// Cover reports whether an offer of that kind and quality would give the person nothing new: the person owns the video
// in that quality or a better one or, if the offer is a rental, rents it so.
func (h Holdings) Cover(spuID int64, kind, quality string) bool {
	for _, e := range h[spuID] {
		if (e.Kind == KindOwn || kind == KindRent) && (e.Quality == quality || e.Quality == Quality4K) {
			return true
		}
	}
	return false
}

// Own reports whether the person owns the video in that quality or a better one. A rental does not count.
func (h Holdings) Own(spuID int64, quality string) bool {
	for _, e := range h[spuID] {
		if e.Kind == KindOwn && (e.Quality == quality || e.Quality == Quality4K) {
			return true
		}
	}
	return false
}

// HoldingsTx reads a person's holdings of some videos, as the caller's transaction sees them.
func (e *Entitlements) HoldingsTx(ctx context.Context, tx pgx.Tx, userID int64, spuIDs []int64) (Holdings, error) {
	held := Holdings{}
	if userID == 0 || len(spuIDs) == 0 {
		return held, nil
	}
	rows, err := e.q.Living(ctx, tx, dbsqlc.LivingParams{
		UserID: userID,
		SpuIds: spuIDs,
		At:     e.now(),
	})
	if err != nil {
		return nil, fmt.Errorf("holdings of user %d among %d videos: %w", userID, len(spuIDs), err)
	}
	for _, r := range rows {
		held[r.SpuID] = append(held[r.SpuID], fromRow(r))
	}
	return held, nil
}

// HeldTx returns which of these videos a person was granted and has not been refunded. A rental that is over counts,
// since the person has had it.
func (e *Entitlements) HeldTx(ctx context.Context, tx pgx.Tx, userID int64, spuIDs []int64) (map[int64]bool, error) {
	rows, err := e.q.Held(ctx, tx, dbsqlc.HeldParams{UserID: userID, SpuIds: spuIDs})
	if err != nil {
		return nil, fmt.Errorf("unrefunded grants of user %d among %d videos: %w", userID, len(spuIDs), err)
	}
	held := make(map[int64]bool, len(rows))
	for _, id := range rows {
		held[id] = true
	}
	return held, nil
}

// LockHeldTx is HeldTx for one video. It also locks the entitlements, so that a refund waits until the transaction
// ends.
func (e *Entitlements) LockHeldTx(ctx context.Context, tx pgx.Tx, userID, spuID int64) (bool, error) {
	rows, err := e.q.LockHeld(ctx, tx, dbsqlc.LockHeldParams{UserID: userID, SpuID: spuID})
	if err != nil {
		return false, fmt.Errorf("lock the grants of user %d for SPU %d: %w", userID, spuID, err)
	}
	return len(rows) > 0, nil
}
