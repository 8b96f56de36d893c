package cart

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/cart/internal/dbsqlc"
)

// Add adds a quantity of a SKU to the cart, and creates the cart if there is none. The quantity of the line grows to
// atMost, the limit of the offer, and no further, since a second click on "add" should not make an order impossible.
// Errors: ErrQuantity (outside 1 to MaxQuantity), ErrFull, ErrNoOwner.
func (c *Carts) Add(ctx context.Context, o Owner, skuID int64, quantity, atMost int) error {
	if quantity < 1 || quantity > MaxQuantity || atMost < 1 {
		return ErrQuantity.Because("add %d of SKU %d, at most %d", quantity, skuID, atMost)
	}
	return db.InTx(ctx, c.pool, func(tx pgx.Tx) error {
		id, err := c.openTx(ctx, tx, o)
		if err != nil {
			return err
		}
		if err := c.q.PutItem(ctx, tx, dbsqlc.PutItemParams{
			CartID:   id,
			SkuID:    skuID,
			Quantity: int32(quantity),
			AtMost:   int32(min(atMost, MaxQuantity)),
			At:       c.now(),
		}); err != nil {
			return fmt.Errorf("add SKU %d to cart %d: %w", skuID, id, err)
		}
		// The cart's row is locked, so two calls at once can't both take the last place.
		switch n, err := c.q.CountLines(ctx, tx, id); {
		case err != nil:
			return err
		case n > MaxLines:
			return ErrFull.Because("cart %d", id)
		}
		return nil
	})
}

// openTx finds or creates the owner's cart and locks its row until the transaction ends.
func (c *Carts) openTx(ctx context.Context, tx pgx.Tx, o Owner) (int64, error) {
	userID, guest := o.keys()
	switch {
	case userID != nil:
		return c.q.OpenUserCart(ctx, tx, dbsqlc.OpenUserCartParams{UserID: *userID, At: c.now()})
	case guest != nil:
		return c.q.OpenGuestCart(ctx, tx, dbsqlc.OpenGuestCartParams{GuestHash: guest, At: c.now()})
	}
	return 0, ErrNoOwner
}

// SetQuantity changes the quantity of a line; 0 removes the line. Errors: ErrQuantity, and ErrNoLine if another window
// has removed the line.
func (c *Carts) SetQuantity(ctx context.Context, o Owner, skuID int64, quantity int) error {
	if quantity == 0 {
		return c.Remove(ctx, o, skuID)
	}
	if quantity < 0 || quantity > MaxQuantity {
		return ErrQuantity.Because("set %d of SKU %d", quantity, skuID)
	}
	userID, guest := o.keys()
	n, err := c.q.SetQuantity(ctx, c.pool, dbsqlc.SetQuantityParams{
		Quantity:  int32(quantity),
		SkuID:     skuID,
		UserID:    userID,
		GuestHash: guest,
	})
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNoLine.Because("SKU %d", skuID)
	}
	return nil
}

// Remove removes a line. It is no error if there is no such line.
func (c *Carts) Remove(ctx context.Context, o Owner, skuID int64) error {
	return c.remove(ctx, o, []int64{skuID}, nil)
}

// Clear removes the lines that an order placed at placedAt has bought. A line that was added again later stays, so that
// Clear may be repeated together with the request that placed the order.
func (c *Carts) Clear(ctx context.Context, o Owner, skuIDs []int64, placedAt time.Time) error {
	return c.remove(ctx, o, skuIDs, &placedAt)
}

func (c *Carts) remove(ctx context.Context, o Owner, skuIDs []int64, addedBy *time.Time) error {
	userID, guest := o.keys()
	_, err := c.q.RemoveItems(ctx, c.pool, dbsqlc.RemoveItemsParams{
		SkuIds:    skuIDs,
		AddedBy:   addedBy,
		UserID:    userID,
		GuestHash: guest,
	})
	return err
}
