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

// Merge moves the lines of a guest's cart into the person's cart and deletes the guest's. If both have a SKU, the
// larger quantity counts. Lines beyond MaxLines are dropped, the oldest first. merged is the number of lines moved.
// If the token has no cart, or none any more, nothing changes, so sign-in may call Merge whenever there is a cookie.
func (c *Carts) Merge(ctx context.Context, guestToken string, userID int64) (merged int, err error) {
	if !validToken(guestToken) || userID <= 0 {
		return 0, nil
	}
	err = db.InTx(ctx, c.pool, func(tx pgx.Tx) error {
		// Always lock the guest's cart before the person's: two sign-ins with one cookie then wait for each other
		// instead of deadlocking, and the second finds that the guest's cart is gone.
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

// purgeBatch keeps one statement short; PurgeStale repeats it until nothing is left.
const purgeBatch = 1000

// PurgeStale deletes the carts that guests have not changed for olderThan, and returns their number. It keeps the carts
// of people.
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
