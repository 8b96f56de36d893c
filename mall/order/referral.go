package order

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/order/internal/dbsqlc"
)

// Referral is the partner's link by which the buyer of an order came. Reference is the partner's own name of the sale.
type Referral struct {
	PartnerID int64
	LinkID    int64
	Reference string
}

// insertReferrals keeps with the orders of a set by which link they came, in one statement. It has none if no order
// came by a link.
func (s *store) insertReferrals(ctx context.Context, q dbsqlc.DBTX, set []*placeAttempt) error {
	var arg dbsqlc.InsertReferralsParams
	for _, w := range set {
		if r := w.Referral; r != nil {
			arg.OrderNos, arg.PartnerIds = append(arg.OrderNos, w.orderNo), append(arg.PartnerIds, r.PartnerID)
			arg.LinkIds, arg.Refs = append(arg.LinkIds, r.LinkID), append(arg.Refs, r.Reference)
		}
	}
	if len(arg.OrderNos) == 0 {
		return nil
	}
	if err := s.q.InsertReferrals(ctx, q, arg); err != nil {
		return fmt.Errorf("keep the links of %d orders: %w", len(arg.OrderNos), err)
	}
	return nil
}

// ReferralTx returns by which link an order came; nil if by none.
func (s *Orders) ReferralTx(ctx context.Context, tx pgx.Tx, orderNo string) (*Referral, error) {
	return s.referral(ctx, tx, orderNo)
}

// Referral is ReferralTx outside of any transaction.
func (s *Orders) Referral(ctx context.Context, orderNo string) (*Referral, error) {
	return s.referral(ctx, s.deps.Pool, orderNo)
}

func (s *Orders) referral(ctx context.Context, q dbsqlc.DBTX, orderNo string) (*Referral, error) {
	row, err := s.q.ReferralOf(ctx, q, orderNo)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("link of order %s: %w", orderNo, err)
	}
	return &Referral{
		PartnerID: row.PartnerID,
		LinkID:    row.LinkID,
		Reference: row.Reference,
	}, nil
}

// ByLink returns the newest order of a person that came by a partner's link; found is false if there is none.
func (s *Orders) ByLink(ctx context.Context, userID, linkID int64) (o Order, found bool, err error) {
	row, err := s.q.OrderByLink(ctx, s.deps.Pool, dbsqlc.OrderByLinkParams{UserID: userID, LinkID: linkID})
	if errors.Is(err, pgx.ErrNoRows) {
		return Order{}, false, nil
	}
	if err != nil {
		return Order{}, false, fmt.Errorf("order of user %d by link %d: %w", userID, linkID, err)
	}
	return orderOf(row), true, nil
}

// Referred is an order with the reference of the partner from whom its buyer came.
type Referred struct {
	Order
	Reference string
}

// ReferredFilter chooses orders of a partner's links. Zero fields choose all.
type ReferredFilter struct {
	PartnerID int64
	Reference string
	Before    string // only orders with a smaller number, which are older
	Limit     int
}

// Referred returns the orders that came by a partner's links, the newest first.
func (s *Orders) Referred(ctx context.Context, f ReferredFilter) ([]Referred, error) {
	rows, err := s.q.Referred(ctx, s.deps.Pool, dbsqlc.ReferredParams{
		PartnerID: f.PartnerID,
		Reference: f.Reference,
		Before:    f.Before,
		Most:      int32(f.Limit),
	})
	if err != nil {
		return nil, fmt.Errorf("orders of partner %d: %w", f.PartnerID, err)
	}
	orders, list := make([]dbsqlc.VideoOrder, len(rows)), make([]Referred, len(rows))
	for n, r := range rows {
		orders[n], list[n].Reference = r.VideoOrder, r.Reference
	}
	whole, err := s.withItems(ctx, orders)
	if err != nil {
		return nil, err
	}
	for n, o := range whole {
		list[n].Order = o
	}
	return list, nil
}
