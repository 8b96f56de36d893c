package order

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/transition"
)

// Status is the state of an order.
type Status string

// The six states of an order. docs/order-states.md draws them.
const (
	Init       Status = "INIT"        // being written; never visible outside its transaction
	PendingPay Status = "PENDING_PAY" // stock is held until PayBefore
	Paid       Status = "PAID"        // paid; access follows within 30 s
	Delivered  Status = "DELIVERED"   // every item is granted
	Closed     Status = "CLOSED"      // not paid in time, or cancelled; its stock was returned
	Refunded   Status = "REFUNDED"    // the whole sum was refunded; final
)

// transitions is the whole state machine. A CHECK on order_transition holds the same pairs, and a test
// compares the two with the drawn diagram.
var transitions = transition.Table[Status]{
	Init:       {PendingPay, Closed},
	PendingPay: {Paid, Closed},
	Paid:       {Delivered, Refunded},
	Delivered:  {Refunded},
	Closed:     {Paid, Refunded},
	Refunded:   {},
}

// Transitions returns a copy of the state machine's table.
func Transitions() transition.Table[Status] {
	return transitions.Clone()
}

// Final reports whether the shopper has nothing to wait for any more.
func (s Status) Final() bool { return s == Delivered || s == Closed || s == Refunded }

// move is one step of an order with who caused it, such as "shopper:7", "operator:2" or "system".
type move struct {
	to    Status
	cause string
	actor string
}

// moveTx moves an order to another state, if it is still in the state and version of o, and records the move with its
// cause. Errors: ErrMoved. A move that is not in the table is a mistake in the program.
func (s *store) moveTx(ctx context.Context, tx pgx.Tx, o *Order, m move) error {
	if err := transitions.Check(o.Status, m.to); err != nil {
		return fmt.Errorf("order %s: %w (%s)", o.OrderNo, err, m.cause)
	}
	at := s.deps.Now()
	row, err := s.q.MoveOrder(ctx, tx, dbsqlc.MoveOrderParams{
		OrderNo:    o.OrderNo,
		FromStatus: string(o.Status),
		ToStatus:   string(m.to),
		Version:    int32(o.Version),
		At:         at,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrMoved.Because("order %s is not %s at version %d any more", o.OrderNo, o.Status, o.Version)
	}
	if err != nil {
		return fmt.Errorf("move order %s to %s: %w", o.OrderNo, m.to, err)
	}
	if err := s.q.InsertTransition(ctx, tx, dbsqlc.InsertTransitionParams{
		OrderNo:    o.OrderNo,
		FromStatus: string(o.Status),
		ToStatus:   string(m.to),
		Version:    row.Version,
		Cause:      m.cause,
		Actor:      m.actor,
		At:         at,
	}); err != nil {
		return fmt.Errorf("record order %s to %s: %w", o.OrderNo, m.to, err)
	}
	items := o.Items
	*o = orderOf(row)
	o.Items = items
	o.sumTax()
	return nil
}

// lockTx reads an order with its items and locks it until the transaction ends. Errors: ErrNotFound.
func (s *store) lockTx(ctx context.Context, tx pgx.Tx, orderNo string) (Order, error) {
	row, err := s.q.LockOrder(ctx, tx, orderNo)
	if errors.Is(err, pgx.ErrNoRows) {
		return Order{}, ErrNotFound.Because("order %q", orderNo)
	}
	if err != nil {
		return Order{}, fmt.Errorf("lock order %s: %w", orderNo, err)
	}
	orders := []Order{orderOf(row)}
	if err := s.loadItems(ctx, tx, orders); err != nil {
		return Order{}, err
	}
	return orders[0], nil
}
