package order

import (
	"context"
	"fmt"
)

// OfOrder reads an order's refunds with the items they pay back, oldest first.
func (s *Refunds) OfOrder(ctx context.Context, orderNo string) ([]Refund, error) {
	rows, err := s.q.RefundsOf(ctx, s.deps.Pool, orderNo)
	if err != nil {
		return nil, fmt.Errorf("refunds of %s: %w", orderNo, err)
	}
	refunds, at, nos := make([]Refund, len(rows)), map[string]int{}, make([]string, len(rows))
	for i, r := range rows {
		refunds[i] = refundOf(r)
		at[r.RefundNo] = i
		nos[i] = r.RefundNo
	}
	shares, err := s.q.RefundItemsOf(ctx, s.deps.Pool, nos)
	if err != nil {
		return nil, fmt.Errorf("refunded items of %s: %w", orderNo, err)
	}
	for _, share := range shares {
		r := &refunds[at[share.RefundNo]]
		r.Items = append(r.Items, sharedBack(share, r.Amount.Currency))
	}
	return refunds, nil
}

// CountPending counts the refunds that are neither succeeded nor failed yet.
func (s *Refunds) CountPending(ctx context.Context) (int64, error) {
	return s.q.CountPendingRefunds(ctx, s.deps.Pool)
}
