package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"videomall/mall/inventory/internal/dbsqlc"
)

// A reservation's states. Each unit moves available → frozen → sold or back with the reservation's own
// guarded move, in one transaction, so it leaves a bucket once.
const (
	held     = "held"
	sold     = "sold"
	released = "released"
)

// ReserveTx freezes r.Qty units until the order is paid or closed. Errors: ErrSoldOut, which leaves the
// transaction usable. Reserve several SKUs in ascending order of their ids, or two orders can deadlock.
func (i *Inventory) ReserveTx(ctx context.Context, tx pgx.Tx, r Reservation) error {
	id, err := i.q.Freeze(ctx, tx, dbsqlc.FreezeParams{Qty: int64(r.Qty), SkuID: r.SKUID})
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrSoldOut.Because("sku %d, %d wanted", r.SKUID, r.Qty)
	}
	if err != nil {
		return fmt.Errorf("freeze %d of sku %d: %w", r.Qty, r.SKUID, err)
	}
	err = i.q.InsertReservation(ctx, tx, dbsqlc.InsertReservationParams{Token: r.Token, InventoryID: id, OrderNo: r.OrderNo,
		SkuID: r.SKUID, UserID: r.UserID, Qty: int32(r.Qty), CreatedAt: i.now(), ExpiresAt: r.ExpiresAt})
	if err != nil {
		return fmt.Errorf("reserve sku %d for %s: %w", r.SKUID, r.OrderNo, err)
	}
	return nil
}

// SellTx turns a held reservation into a sale; false when it was not held any more.
func (i *Inventory) SellTx(ctx context.Context, tx pgx.Tx, token uuid.UUID) (bool, error) {
	return i.moveTx(ctx, tx, token, held, sold, func(id, qty int64) error {
		return i.q.SellFrozen(ctx, tx, dbsqlc.SellFrozenParams{ID: id, Qty: qty})
	})
}

// ReleaseTx gives a held reservation's units back; false when it was not held any more.
func (i *Inventory) ReleaseTx(ctx context.Context, tx pgx.Tx, token uuid.UUID) (bool, error) {
	return i.moveTx(ctx, tx, token, held, released, func(id, qty int64) error {
		return i.q.ReturnFrozen(ctx, tx, dbsqlc.ReturnFrozenParams{ID: id, Qty: qty})
	})
}

// RestockTx gives a sold reservation's units back after a refund; false when they were back already.
func (i *Inventory) RestockTx(ctx context.Context, tx pgx.Tx, token uuid.UUID) (bool, error) {
	return i.moveTx(ctx, tx, token, sold, released, func(id, qty int64) error {
		return i.q.ReturnSold(ctx, tx, dbsqlc.ReturnSoldParams{ID: id, Qty: qty})
	})
}

func (i *Inventory) moveTx(ctx context.Context, tx pgx.Tx, token uuid.UUID, from, to string, count func(id, qty int64) error) (bool, error) {
	row, err := i.q.SettleReservation(ctx, tx, dbsqlc.SettleReservationParams{ToState: to, SettledAt: i.now(), Token: token, FromState: from})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err == nil {
		err = count(row.InventoryID, int64(row.Qty))
	}
	if err != nil {
		return false, fmt.Errorf("reservation %s from %s to %s: %w", token, from, to, err)
	}
	return true, nil
}
