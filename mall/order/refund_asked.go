package order

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/order/internal/dbsqlc"
)

// Asked lists what the buyer of an order has asked to have back, the oldest first.
func (s *Refunds) Asked(ctx context.Context, orderNo string) ([]Asked, error) {
	rows, err := s.q.RequestsOf(ctx, s.deps.Pool, orderNo)
	if err != nil {
		return nil, fmt.Errorf("refund requests of %s: %w", orderNo, err)
	}
	return s.withAskedItems(ctx, s.deps.Pool, rows)
}

// Waiting lists at most limit requests that wait for the staff, those that wait the longest first.
func (s *Refunds) Waiting(ctx context.Context, limit int) ([]Asked, error) {
	rows, err := s.q.OpenRequests(ctx, s.deps.Pool, int32(limit))
	if err != nil {
		return nil, fmt.Errorf("refund requests that wait: %w", err)
	}
	return s.withAskedItems(ctx, s.deps.Pool, rows)
}

// CountAsked counts the requests that wait for the staff.
func (s *Refunds) CountAsked(ctx context.Context) (int64, error) {
	return s.q.CountOpenRequests(ctx, s.deps.Pool)
}

// Returned lists at most limit refunds that the buyer's bank sent back, and that were not paid in another way yet.
func (s *Refunds) Returned(ctx context.Context, limit int) ([]Refund, error) {
	rows, err := s.q.ReturnedRefunds(ctx, s.deps.Pool, int32(limit))
	if err != nil {
		return nil, fmt.Errorf("returned refunds: %w", err)
	}
	refunds := make([]Refund, len(rows))
	for n, r := range rows {
		refunds[n] = refundOf(r)
	}
	return refunds, nil
}

// askedTx is a request with its items.
func (s *Refunds) askedTx(ctx context.Context, tx pgx.Tx, row dbsqlc.OrderRefundRequest) (Asked, error) {
	list, err := s.withAskedItems(ctx, tx, []dbsqlc.OrderRefundRequest{row})
	if err != nil {
		return Asked{}, err
	}
	return list[0], nil
}

func (s *Refunds) withAskedItems(ctx context.Context, q dbsqlc.DBTX,
	rows []dbsqlc.OrderRefundRequest,
) ([]Asked, error) {
	list, at, ids := make([]Asked, len(rows)), map[int64]int{}, make([]int64, len(rows))
	for n, r := range rows {
		list[n] = Asked{
			ID:        r.ID,
			OrderNo:   r.OrderNo,
			Reason:    r.Reason,
			Status:    r.Status,
			ByRule:    r.ByRule,
			Outside:   r.Outside,
			Answer:    r.Answer,
			DecidedBy: r.DecidedBy,
			CreatedAt: r.CreatedAt,
			DecidedAt: r.DecidedAt,
		}
		if r.RefundNo != nil {
			list[n].RefundNo = *r.RefundNo
		}
		at[r.ID], ids[n] = n, r.ID
	}
	if len(rows) == 0 {
		return list, nil
	}
	items, err := s.q.RequestItems(ctx, q, ids)
	if err != nil {
		return nil, fmt.Errorf("items of %d refund requests: %w", len(rows), err)
	}
	for _, i := range items {
		a := &list[at[i.RequestID]]
		a.Items = append(a.Items, AskedItem{i.ItemID, int(i.Watched)})
	}
	return list, nil
}

// watchedOf returns how much the buyer has watched by now of the videos of a request's order.
func (s *Refunds) watchedOf(ctx context.Context, id int64) (map[int64]int, error) {
	row, err := s.q.RequestByID(ctx, s.deps.Pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrAskNotFound.Because("request %d", id)
	}
	if err != nil {
		return nil, fmt.Errorf("refund request %d: %w", id, err)
	}
	o, err := s.orderOf(ctx, row.OrderNo)
	if err != nil {
		return nil, err
	}
	return s.watched(ctx, o)
}
