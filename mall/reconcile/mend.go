package reconcile

import (
	"context"
	"errors"
	"fmt"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/reconcile/internal/dbsqlc"
)

// mendAtOnce is how many differences are read at a time.
const mendAtOnce = 200

// mend applies what the statement proves, payments before what was given back of them. Each is a step of its own, and
// the same step again changes nothing; one that fails stays open with the reason.
func (r *Reconciler) mend(ctx context.Context, one *run) error {
	after := dbsqlc.MendableParams{Provider: one.name, AfterPlace: -1, Most: mendAtOnce}
	for {
		rows, err := r.q.Mendable(ctx, r.deps.Pool, after)
		if err != nil {
			return fmt.Errorf("what can be mended: %w", err)
		}
		for _, row := range rows {
			if row.Place != nil {
				after.AfterPlace, after.AfterID = *row.Place, row.ID
			}
			if err := r.mendOne(ctx, one.name, row); err != nil {
				return err
			}
		}
		if len(rows) < mendAtOnce {
			return nil
		}
	}
}

func (r *Reconciler) mendOne(ctx context.Context, provider string, row dbsqlc.MendableRow) error {
	verb, err := r.apply(ctx, provider, row)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if verb != "" && err == nil {
		return r.q.Mended(ctx, r.deps.Pool, dbsqlc.MendedParams{MendedBy: verb, ID: row.ID})
	}
	if err != nil {
		return r.q.NotMended(ctx, r.deps.Pool, dbsqlc.NotMendedParams{Error: cut(err.Error()), ID: row.ID})
	}
	return nil
}

// apply calls the verb that mends a difference, and names it with its outcome; both are empty if none can.
func (r *Reconciler) apply(ctx context.Context, provider string, row dbsqlc.MendableRow) (verb string, err error) {
	line := payment.StatementLine{
		Kind:         row.Kind,
		AttemptNo:    row.AttemptNo,
		ChannelTxnNo: row.ChannelTxnNo,
		RefundNo:     row.RefundNo,
		DisputeNo:    row.DisputeNo,
		Amount:       money.Of(row.Amount, row.Currency),
		At:           row.At,
	}
	switch cause := Cause(row.Cause); {
	case row.Kind == payment.StatementPayment && cause == MissingHere:
		if row.OurAttempt == "" {
			return "", nil // nobody knows what was paid for
		}
		line.AttemptNo = row.OurAttempt
		verb = "confirm_paid"
	case row.Kind == payment.StatementRefund && cause == State:
		if row.Status != payment.Pending && row.Status != payment.Submitted {
			return "", nil // it failed here, and its sum may have been refunded again
		}
		err = r.deps.Orders.Refunds().Submit(ctx, row.Number)
		if errors.Is(err, order.ErrAwaitsProvider) {
			return "", nil // the provider itself doesn't say so yet
		}
		return "submit_refund", err
	case row.Kind == payment.StatementRefundReturned && cause == State:
		line.RefundNo = row.Number
		verb = "refund_returned"
	case row.Kind == payment.StatementRefund, row.Kind == payment.StatementDispute,
		row.Kind == payment.StatementDisputeWon:
		verb = "notice"
	default:
		return "", nil
	}
	outcome, err := r.deps.Orders.ApplyStatement(ctx, provider, row.Kind+"/"+row.Number, line)
	switch {
	case row.Kind != payment.StatementPayment && outcome == order.OutcomeUnknownOrder,
		outcome == order.OutcomeForeign, outcome == order.OutcomeIgnored, outcome == order.OutcomeDuplicate,
		outcome == order.OutcomeRefundUnmatched:
		return "", err // nothing moved, so the difference stays open
	}
	return verb + ": " + outcome, err
}
