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

// ReserveTx freezes the units of a set of reservations until their orders are paid or closed: all of them, or it fails and the
// caller rolls back. Shelves are locked in the order of their SKUs, and only now, so that a hot one is held for the commit alone.
// Errors: ErrMoved, unless the set was taken from a Count that holds the locks.
func (i *Inventory) ReserveTx(ctx context.Context, tx pgx.Tx, rs []Reservation) error {
	if len(rs) == 0 {
		return nil
	}
	shelves, err := i.shelvesTx(ctx, tx, rs, true)
	if err != nil {
		return err
	}
	if err := i.takeSharesTx(ctx, tx, rs, shelves); err != nil {
		return err
	}
	wanted := map[int64]int64{}
	arg := dbsqlc.InsertReservationsParams{CreatedAt: i.now()}
	for _, r := range rs {
		s, found := shelves[r.Shelf]
		if !found {
			return fmt.Errorf("reserve sku %d of campaign %d for %s: %w", r.Shelf.SKUID, r.Shelf.CampaignID, r.OrderNo, ErrMoved)
		}
		wanted[s.id] += int64(r.Qty)
		arg.Tokens, arg.InventoryIds, arg.OrderNos = append(arg.Tokens, r.Token), append(arg.InventoryIds, s.id), append(arg.OrderNos, r.OrderNo)
		arg.SkuIds, arg.CampaignIds = append(arg.SkuIds, r.Shelf.SKUID), append(arg.CampaignIds, r.Shelf.CampaignID)
		arg.UserIds, arg.Qtys, arg.ExpiresAts = append(arg.UserIds, r.UserID), append(arg.Qtys, int32(r.Qty)), append(arg.ExpiresAts, r.ExpiresAt)
	}
	var freeze dbsqlc.FreezeParams
	for id, qty := range wanted {
		freeze.Ids, freeze.Qtys = append(freeze.Ids, id), append(freeze.Qtys, qty)
	}
	frozen, err := i.q.Freeze(ctx, tx, freeze)
	if err != nil {
		return fmt.Errorf("freeze %v of %v: %w", freeze.Qtys, freeze.Ids, err)
	}
	if int(frozen) < len(freeze.Ids) {
		return fmt.Errorf("freeze %v of %v: %w", freeze.Qtys, freeze.Ids, ErrMoved)
	}
	if err := i.q.InsertReservations(ctx, tx, arg); err != nil {
		return fmt.Errorf("write %d reservations: %w", len(rs), err)
	}
	return nil
}

// takeSharesTx counts the units of limited buyers where the limit is kept.
func (i *Inventory) takeSharesTx(ctx context.Context, tx pgx.Tx, rs []Reservation, shelves map[Shelf]counted) error {
	var arg dbsqlc.TakeSharesParams
	at := map[buyer]int{} // one row a person and shelf, whatever the number of orders
	for _, r := range rs {
		s := shelves[r.Shelf]
		if s.perUser == 0 {
			continue
		}
		b := buyer{r.Shelf, r.UserID}
		if n, known := at[b]; known {
			arg.Units[n] += int32(r.Qty)
			continue
		}
		at[b] = len(arg.UserIds)
		arg.InventoryIds, arg.UserIds = append(arg.InventoryIds, s.id), append(arg.UserIds, r.UserID)
		arg.Units, arg.Mosts = append(arg.Units, int32(r.Qty)), append(arg.Mosts, s.perUser)
	}
	if len(at) == 0 {
		return nil
	}
	taken, err := i.q.TakeShares(ctx, tx, arg)
	if err != nil {
		return fmt.Errorf("count the units of %d buyers: %w", len(at), err)
	}
	if int(taken) < len(at) {
		return fmt.Errorf("count the units of %d buyers: %w", len(at), ErrMoved)
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
	if err == nil && to == released {
		err = i.q.ReturnShare(ctx, tx, dbsqlc.ReturnShareParams{InventoryID: row.InventoryID, UserID: row.UserID, Units: row.Qty})
	}
	if err != nil {
		return false, fmt.Errorf("reservation %s from %s to %s: %w", token, from, to, err)
	}
	return true, nil
}
