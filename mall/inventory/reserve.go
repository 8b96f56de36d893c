package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/inventory/internal/dbsqlc"
)

// A reservation's states. Each unit moves available → frozen → sold or back with the reservation's own
// guarded move, in one transaction, so it leaves a bucket once.
const (
	held     = "held"
	sold     = "sold"
	released = "released"
)

// ReserveTx freezes the units of a set of reservations that were taken from a count, until their orders are paid or
// closed: all of them, or the caller rolls back. What needs no answer before the commit is left to later, the hot stock
// last, so that it is held for the commit alone. Where there are several stocks, or limited buyers, they are locked
// now, in the order of their SKUs. Errors, here and of later's Send: ErrMoved, unless the count holds the locks.
func (i *Inventory) ReserveTx(ctx context.Context, tx pgx.Tx, later *db.Later, count *Count, rs []Reservation) error {
	if len(rs) == 0 {
		return nil
	}
	wanted := map[int64]int64{}
	arg := dbsqlc.InsertReservationsParams{CreatedAt: i.now()}
	for _, r := range rs {
		s, found := count.stocks[r.Stock]
		if !found {
			return fmt.Errorf("reserve sku %d of campaign %d for %s: %w", r.Stock.SKUID, r.Stock.CampaignID, r.OrderNo,
				ErrMoved)
		}
		wanted[s.id] += int64(r.Qty)
		arg.Tokens = append(arg.Tokens, r.Token)
		arg.InventoryIds = append(arg.InventoryIds, s.id)
		arg.OrderNos = append(arg.OrderNos, r.OrderNo)
		arg.SkuIds, arg.CampaignIds = append(arg.SkuIds, r.Stock.SKUID), append(arg.CampaignIds, r.Stock.CampaignID)
		arg.UserIds = append(arg.UserIds, r.UserID)
		arg.Qtys = append(arg.Qtys, int32(r.Qty))
		arg.ExpiresAts = append(arg.ExpiresAts, r.ExpiresAt)
	}
	shares := sharesOf(rs, count.stocks)
	if !count.locked && (len(wanted) > 1 || len(shares.UserIds) > 0) {
		if _, err := i.stocksTx(ctx, tx, rs, true); err != nil {
			return err
		}
	}
	if n := len(shares.UserIds); n > 0 {
		if _, err := i.q.TakeShares(ctx, later.Exactly(n, ErrMoved), shares); err != nil {
			return fmt.Errorf("count the units of %d buyers: %w", n, err)
		}
	}
	if err := i.q.InsertReservations(ctx, later, arg); err != nil {
		return fmt.Errorf("write %d reservations: %w", len(rs), err)
	}
	var freeze dbsqlc.FreezeParams
	for id, qty := range wanted {
		freeze.Ids, freeze.Qtys = append(freeze.Ids, id), append(freeze.Qtys, qty)
	}
	if _, err := i.q.Freeze(ctx, later.Exactly(len(freeze.Ids), ErrMoved), freeze); err != nil {
		return fmt.Errorf("freeze %v of %v: %w", freeze.Qtys, freeze.Ids, err)
	}
	return nil
}

// sharesOf are the units of limited buyers, one row a person and stock whatever the number of orders.
func sharesOf(rs []Reservation, stocks map[StockKey]counted) (arg dbsqlc.TakeSharesParams) {
	at := map[buyer]int{}
	for _, r := range rs {
		s := stocks[r.Stock]
		if s.perUser == 0 {
			continue
		}
		b := buyer{r.Stock, r.UserID}
		if n, known := at[b]; known {
			arg.Units[n] += int32(r.Qty)
			continue
		}
		at[b] = len(arg.UserIds)
		arg.InventoryIds, arg.UserIds = append(arg.InventoryIds, s.id), append(arg.UserIds, r.UserID)
		arg.Units, arg.Mosts = append(arg.Units, int32(r.Qty)), append(arg.Mosts, s.perUser)
	}
	return arg
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

func (i *Inventory) moveTx(ctx context.Context, tx pgx.Tx, token uuid.UUID, from, to string,
	count func(id, qty int64) error,
) (bool, error) {
	row, err := i.q.SettleReservation(ctx, tx, dbsqlc.SettleReservationParams{
		ToState:   to,
		SettledAt: i.now(),
		Token:     token,
		FromState: from,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err == nil {
		err = count(row.InventoryID, int64(row.Qty))
	}
	if err == nil && to == released {
		err = i.q.ReturnShare(ctx, tx, dbsqlc.ReturnShareParams{
			InventoryID: row.InventoryID,
			UserID:      row.UserID,
			Units:       row.Qty,
		})
	}
	if err != nil {
		return false, fmt.Errorf("reservation %s from %s to %s: %w", token, from, to, err)
	}
	return true, nil
}
