package order

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/payment"
)

// Evidence is what we can tell a payer's bank about a disputed order.
type Evidence struct {
	Dispute  payment.DisputeRecord
	Order    Order
	Captures []payment.Capture
	History  []Transition
	Refunds  []Refund
	Asked    []Asked
}

// Evidence reads what we know of a disputed order, for an operator, and writes down who read it. Errors:
// payment.ErrUnknownDispute.
func (s *Orders) Evidence(ctx context.Context, disputeID int64, actor string) (e Evidence, err error) {
	if e.Dispute, err = s.deps.Payments.Dispute(ctx, disputeID); err != nil {
		return Evidence{}, err
	}
	no := e.Dispute.Reference
	if e.Order, err = s.GetAny(ctx, no); err != nil {
		return Evidence{}, err
	}
	if e.Captures, err = s.deps.Payments.Captures(ctx, no); err != nil {
		return Evidence{}, err
	}
	if e.History, err = s.History(ctx, no); err != nil {
		return Evidence{}, err
	}
	if e.Refunds, err = s.refunds.OfOrder(ctx, no); err != nil {
		return Evidence{}, err
	}
	if e.Asked, err = s.refunds.Asked(ctx, no); err != nil {
		return Evidence{}, err
	}
	return e, db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		return s.auditTx(ctx, tx, actor, "order.evidence", no, map[string]any{"dispute": e.Dispute.DisputeNo})
	})
}
