package entitlement

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/entitlement/internal/dbsqlc"
	"videomall/mall/fault"
)

// ErrBadCursor says that a cursor was not returned by List.
var ErrBadCursor = fault.New(fault.Invalid, "bad_cursor", "This page link is not valid.")

// Find returns the entitlement by which the user may watch the video now. If there are several, it prefers the better
// quality, and then the one that never ends. If there is none, the error is ErrNotEntitled, or ErrExpired or ErrRevoked
// if that is how the latest one ended.
func (e *Entitlements) Find(ctx context.Context, userID, spuID int64) (Entitlement, error) {
	now := e.now()
	row, err := e.q.BestLiving(ctx, e.pools.Primary, dbsqlc.BestLivingParams{
		UserID: userID,
		SpuID:  spuID,
		At:     now,
	})
	if err == nil {
		return fromRow(row), nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return Entitlement{}, fmt.Errorf("find entitlement of user %d for SPU %d: %w", userID, spuID, err)
	}
	row, err = e.q.LatestOver(ctx, e.pools.Primary, dbsqlc.LatestOverParams{UserID: userID, SpuID: spuID})
	if errors.Is(err, pgx.ErrNoRows) {
		return Entitlement{}, ErrNotEntitled
	}
	if err != nil {
		return Entitlement{}, fmt.Errorf("find past entitlement of user %d for SPU %d: %w", userID, spuID, err)
	}
	over := fromRow(row)
	if err := over.Refusal(now); err != nil {
		return Entitlement{}, err
	}
	return over, nil // granted between the two statements
}

// ByID returns one entitlement, whatever its state, or ErrNotEntitled.
func (e *Entitlements) ByID(ctx context.Context, id int64) (Entitlement, error) {
	row, err := e.q.ByID(ctx, e.pools.Primary, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Entitlement{}, ErrNotEntitled
	}
	if err != nil {
		return Entitlement{}, fmt.Errorf("read entitlement %d: %w", id, err)
	}
	return fromRow(row), nil
}

// OfReference lists what was granted for a reference, the oldest first, whatever became of it since.
func (e *Entitlements) OfReference(ctx context.Context, reference string) ([]Entitlement, error) {
	rows, err := e.q.OfReference(ctx, e.pools.Primary, reference)
	if err != nil {
		return nil, fmt.Errorf("entitlements of %s: %w", reference, err)
	}
	list := make([]Entitlement, len(rows))
	for n, r := range rows {
		list[n] = fromRow(r)
	}
	return list, nil
}

// Owned returns the entitlements by which a user may watch the given videos now, beginning with the one that Find
// returns. The answer may be a second old, so it is for display and not for decisions.
func (e *Entitlements) Owned(ctx context.Context, userID int64, spuIDs []int64) (map[int64][]Entitlement, error) {
	owned := make(map[int64][]Entitlement, len(spuIDs))
	if userID == 0 || len(spuIDs) == 0 {
		return owned, nil
	}
	rows, err := e.q.Living(ctx, e.pools.Replica, dbsqlc.LivingParams{
		UserID: userID,
		SpuIds: spuIDs,
		At:     e.now(),
	})
	if err != nil {
		return nil, fmt.Errorf("entitlements of user %d for %d videos: %w", userID, len(spuIDs), err)
	}
	for _, r := range rows {
		owned[r.SpuID] = append(owned[r.SpuID], fromRow(r))
	}
	return owned, nil
}

const (
	defaultPage = 24
	maxPage     = 100
)

// List returns a user's entitlements, including those that have ended, the newest first, and the cursor of the next
// page, which is empty at the end. A limit of 0 means 24, and more than 100 means 100. Errors: ErrBadCursor for a
// cursor that was not returned by List.
func (e *Entitlements) List(ctx context.Context, userID int64, cursor string,
	limit int,
) (items []Entitlement, next string, err error) {
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, maxPage)
	before, beforeID := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), int64(0)
	if cursor != "" {
		if before, beforeID, err = parseCursor(cursor); err != nil {
			return nil, "", err
		}
	}
	rows, err := e.q.List(ctx, e.pools.Primary, dbsqlc.ListParams{
		UserID:   userID,
		Before:   before,
		BeforeID: beforeID,
		MaxRows:  int32(limit + 1),
	})
	if err != nil {
		return nil, "", fmt.Errorf("list entitlements of user %d: %w", userID, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = formatCursor(last.GrantedAt, last.ID)
	}
	items = make([]Entitlement, len(rows))
	for i, r := range rows {
		items[i] = fromRow(r)
	}
	return items, next, nil
}

func formatCursor(at time.Time, id int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%d", at.UnixMicro(), id))
}

func parseCursor(s string) (time.Time, int64, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return time.Time{}, 0, ErrBadCursor.Because("cursor: %w", err)
	}
	var micros, id int64
	if _, err := fmt.Sscanf(string(raw), "%d.%d", &micros, &id); err != nil ||
		formatCursor(time.UnixMicro(micros), id) != s {
		return time.Time{}, 0, ErrBadCursor.Because("cursor %q", raw)
	}
	return time.UnixMicro(micros), id, nil
}
