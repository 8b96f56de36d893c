package order

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/entitlement"
	"videomall/mall/order/internal/dbsqlc"
)

// Deliver grants every item of a paid order and makes it DELIVERED. Items that the buyer owns through another order by
// then are refunded instead. An order in any other state stays as it is, so that a job, its retry and the sweeper may
// all call Deliver.
func (s *Orders) Deliver(ctx context.Context, orderNo string) error {
	var waited time.Duration
	err := db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) (err error) {
		waited, err = s.deliverTx(ctx, tx, orderNo)
		return err
	})
	switch {
	case err != nil:
		s.deps.Metrics.GrantOutcome("error", 0)
	case waited > 0:
		s.deps.Metrics.GrantOutcome("granted", waited)
	}
	return err
}

// deliverTx returns how long the buyer has waited since the payment, or 0 if there was nothing to do.
func (s *Orders) deliverTx(ctx context.Context, tx pgx.Tx, orderNo string) (time.Duration, error) {
	o, err := s.lockTx(ctx, tx, orderNo)
	if err != nil || o.Status != Paid {
		return 0, err
	}
	if err := s.lockBuyerTx(ctx, tx, o); err != nil {
		return 0, err
	}
	if o, err = s.returnOwnedTx(ctx, tx, o); err != nil || o.Status != Paid {
		return 0, err
	}
	now, granted := s.deps.Now(), 0
	for n, i := range o.Items {
		if i.RevokedAt != nil { // being refunded already
			continue
		}
		if _, err := s.deps.Entitlements.GrantTx(ctx, tx, entitlement.Grant{
			UserID:    o.UserID,
			SPUID:     i.SPUID,
			SKUID:     i.SKUID,
			Reference: o.OrderNo,
			Source:    source(o.OrderNo, i.LineNo),
			Kind:      i.Kind,
			Quality:   i.Quality,
			RentHours: i.RentHours * i.Quantity,
		}); err != nil {
			return 0, err
		}
		if err := s.q.GrantItem(ctx, tx, dbsqlc.GrantItemParams{ID: i.ID, At: now}); err != nil {
			return 0, fmt.Errorf("note the grant of item %d of %s: %w", i.LineNo, orderNo, err)
		}
		o.Items[n].GrantedAt = &now
		granted++
	}
	if granted == 0 {
		return 0, nil // all items are being refunded: the order becomes REFUNDED next
	}
	if err := s.settleRatingsTx(ctx, tx, o); err != nil {
		return 0, err
	}
	if err := s.closeOwnedTx(ctx, tx, o); err != nil {
		return 0, err
	}
	if err := s.moveTx(ctx, tx, &o, move{Delivered, "granted", "system"}); err != nil {
		return 0, err
	}
	if err := s.eventTx(ctx, tx, "order.delivered", o); err != nil {
		return 0, err
	}
	return max(now.Sub(*o.PaidAt), time.Nanosecond), nil
}

// SweepUndelivered delivers orders that were paid longer than grace ago, so that access follows within 30 s even if the
// job is lost. It returns the number of orders that it tried to deliver.
func (s *Orders) SweepUndelivered(ctx context.Context, grace time.Duration) (int, error) {
	waiting, err := s.q.Undelivered(ctx, s.deps.Pool, dbsqlc.UndeliveredParams{
		At:      s.deps.Now().Add(-grace),
		MaxRows: sweepRows,
	})
	if err != nil {
		return 0, fmt.Errorf("find undelivered orders: %w", err)
	}
	return s.each(ctx, waiting, s.Deliver)
}
