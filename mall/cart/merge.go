package cart

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/cart/internal/dbsqlc"
)

// Merge moves the guest's lines into the person's cart and deletes the guest's: the larger quantity where both have a
// SKU; what finds no room below MaxLines is dropped, oldest first. merged counts the lines that arrived. A token with
// no cart, or one merged before, changes nothing, so sign-in may call it whenever the cookie is there.
func (c *Carts) Merge(ctx context.Context, guestToken string, userID int64) (merged int, err error) {
	if !validToken(guestToken) || userID <= 0 {
		return 0, nil
	}
	err = db.InTx(ctx, c.pool, func(tx pgx.Tx) error {
		// Guest first, person second, everywhere: two sign-ins with one cookie queue up instead of deadlocking,
		// and the second finds the guest's cart gone.
		from, err := c.q.LockGuestCart(ctx, tx, hash(guestToken))
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		to, err := c.openTx(ctx, tx, Owner{UserID: userID})
		if err != nil {
			return err
		}
		held, err := c.q.CountLines(ctx, tx, to)
		if err != nil {
			return err
		}
		n, err := c.q.TakeLines(ctx, tx, dbsqlc.TakeLinesParams{
			ToID:   to,
			FromID: from,
			Room:   max(0, MaxLines-held),
		})
		if err != nil {
			return err
		}
		merged = int(n)
		return c.q.DeleteCart(ctx, tx, from)
	})
	if err != nil {
		return 0, fmt.Errorf("merge a guest's cart into that of user %d: %w", userID, err)
	}
	return merged, nil
}

// purgeBatch keeps one statement short; PurgeStale goes on until nothing is left.
const purgeBatch = 1000

// PurgeStale deletes the carts of guests who changed nothing for olderThan, and says how many. A person's cart is kept.
func (c *Carts) PurgeStale(ctx context.Context, olderThan time.Duration) (purged int, err error) {
	before := c.now().Add(-olderThan)
	for {
		n, err := c.q.PurgeGuests(ctx, c.pool, dbsqlc.PurgeGuestsParams{Before: before, AtMost: purgeBatch})
		if err != nil {
			return purged, fmt.Errorf("purge guests' carts: %w", err)
		}
		purged += int(n)
		if n < purgeBatch {
			return purged, nil
		}
	}
}
