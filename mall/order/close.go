package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/inventory"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
)

// Expire closes an order whose time to pay is over, unless a provider has taken the money or may still take it.
// An order that is closed or paid stays as it is. Errors: ErrAwaitsProvider asks the caller to try again soon.
func (s *Orders) Expire(ctx context.Context, orderNo string) error {
	return s.close(ctx, orderNo, move{Closed, "not_paid_in_time", "system"})
}

// Cancel closes the user's own unpaid order. Errors: ErrNotFound; ErrNotPayable if the order no longer waits for
// payment; ErrBeingPaid while a provider is processing a payment.
func (s *Orders) Cancel(ctx context.Context, userID int64, orderNo string) (Order, error) {
	o, err := s.Get(ctx, userID, orderNo)
	if err != nil {
		return Order{}, err
	}
	if o.Status == Closed {
		return o, nil // the second click
	}
	if o.Status != PendingPay {
		return Order{}, ErrNotPayable.Because("order %s is %s", orderNo, o.Status)
	}
	if err := s.close(ctx, orderNo, move{Closed, "cancelled", shopper(userID)}); err != nil {
		if errors.Is(err, ErrAwaitsProvider) {
			return Order{}, ErrBeingPaid.Because("%w", err)
		}
		return Order{}, err
	}
	if o, err = s.Get(ctx, userID, orderNo); err != nil {
		return Order{}, err
	}
	if o.Status != Closed {
		return Order{}, ErrNotPayable.Because("order %s was paid first", orderNo)
	}
	return o, nil
}

// close asks the providers first. It applies money that was paid, leaves the order open while a payment is being
// processed, and otherwise closes the attempts at the providers before it closes the order. If the time to pay is over
// and the buyer has agreed to pay, the money is taken: the stock is still held. Whoever cancels has changed their mind.
func (s *Orders) close(ctx context.Context, orderNo string, m move) error {
	row, err := s.q.OrderByNo(ctx, s.deps.Pool, orderNo)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound.Because("order %q", orderNo)
	}
	if err != nil {
		return fmt.Errorf("order %s: %w", orderNo, err)
	}
	if Status(row.Status) != PendingPay {
		return nil
	}
	if m.cause == "not_paid_in_time" && s.deps.Now().Before(row.PayBefore) {
		return fmt.Errorf("%w: order %s may be paid until %s", ErrAwaitsProvider, orderNo, row.PayBefore)
	}
	ask := s.inquire
	if m.cause == "not_paid_in_time" {
		ask = s.collect
	}
	if paid, err := ask(ctx, orderNo); err != nil || paid {
		return err
	}
	if err := s.deps.Payments.CloseAttempts(ctx, orderNo); err != nil {
		return fmt.Errorf("%w: close the attempts of %s: %w", ErrAwaitsProvider, orderNo, err)
	}
	return s.closeUnasked(ctx, orderNo, m)
}

// closeUnasked closes an order that is still unpaid and returns its units to the gate. It does not ask the providers.
func (s *Orders) closeUnasked(ctx context.Context, orderNo string, m move) error {
	var returned []inventory.Want
	err := db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) (err error) {
		returned, err = s.closeTx(ctx, tx, orderNo, m)
		return err
	})
	if err != nil {
		return err
	}
	s.deps.Inventory.Gate.Return(ctx, returned)
	s.deps.Metrics.OrderOutcome(m.cause)
	return nil
}

func (s *Orders) closeTx(ctx context.Context, tx pgx.Tx, orderNo string,
	m move,
) (returned []inventory.Want, err error) {
	o, err := s.lockTx(ctx, tx, orderNo)
	if err != nil || o.Status != PendingPay {
		return nil, err // if it was paid meanwhile, it stays paid
	}
	if err := s.moveTx(ctx, tx, &o, m); err != nil {
		return nil, err
	}
	for _, i := range limited(o.Items) {
		if _, err := s.deps.Inventory.ReleaseTx(ctx, tx, *i.reservation); err != nil {
			return nil, err
		}
		returned = append(returned, inventory.Want{
			Token:  *i.reservation,
			Stock:  i.stockKey(),
			UserID: o.UserID,
			Qty:    i.Quantity,
		})
	}
	if o.couponID != 0 { // coupons are always locked after stock
		if err := s.deps.Promotions.ReleaseTx(ctx, tx, o.OrderNo); err != nil {
			return nil, err
		}
	}
	return returned, s.eventTx(ctx, tx, "order.closed", o)
}

// CloseSiblings closes, at their providers, the other attempts of an order that was paid through one of them.
func (s *Orders) CloseSiblings(ctx context.Context, orderNo string) error {
	if err := s.deps.Payments.CloseAttempts(ctx, orderNo); err != nil && !errors.Is(err, payment.ErrAlreadyPaid) {
		return fmt.Errorf("close the siblings of %s: %w", orderNo, err)
	}
	_, err := s.inquire(ctx, orderNo) // an attempt that was paid meanwhile becomes surplus
	return err
}

// SweepOverdue closes orders that are still open longer than grace after their time to pay, because their job was lost.
// It returns the number of orders that it tried to close.
func (s *Orders) SweepOverdue(ctx context.Context, grace time.Duration) (int, error) {
	overdue, err := s.q.Overdue(ctx, s.deps.Pool, dbsqlc.OverdueParams{
		At:      s.deps.Now().Add(-grace),
		MaxRows: sweepRows,
	})
	if err != nil {
		return 0, fmt.Errorf("find overdue orders: %w", err)
	}
	return s.each(ctx, overdue, s.Expire)
}
