package order

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/order/internal/dbsqlc"
)

// Settled is a payment or a refund of an order that has come to its end. Key tells those of one moment apart.
type Settled struct {
	Key     string
	OrderNo string
	At      time.Time
	Amount  int64 // in minor units of the order's currency
}

// PaidAfter lists at most most paid orders, in the order of their payments: those that were paid after the one with the
// number afterNo, which was paid at a moment, and before another moment.
func (s *Orders) PaidAfter(ctx context.Context, after time.Time, afterNo string, before time.Time,
	most int,
) ([]Settled, error) {
	rows, err := s.q.PaidAfter(ctx, s.deps.Pool, dbsqlc.PaidAfterParams{
		At:      after,
		AfterNo: afterNo,
		Before:  before,
		MaxRows: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("orders paid after %s: %w", after, err)
	}
	list := make([]Settled, len(rows))
	for n, r := range rows {
		list[n] = Settled{
			Key:     r.OrderNo,
			OrderNo: r.OrderNo,
			At:      r.PaidAt,
			Amount:  r.TotalAmount,
		}
	}
	return list, nil
}

// SettledAfter lists refunds that succeeded, as PaidAfter lists payments.
func (s *Refunds) SettledAfter(ctx context.Context, after time.Time, afterNo string, before time.Time,
	most int,
) ([]Settled, error) {
	rows, err := s.q.RefundsSettledAfter(ctx, s.deps.Pool, dbsqlc.RefundsSettledAfterParams{
		At:      after,
		AfterNo: afterNo,
		Before:  before,
		MaxRows: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("refunds settled after %s: %w", after, err)
	}
	list := make([]Settled, len(rows))
	for n, r := range rows {
		list[n] = Settled{
			Key:     r.RefundNo,
			OrderNo: r.OrderNo,
			At:      r.SettledAt,
			Amount:  r.Amount,
		}
	}
	return list, nil
}
