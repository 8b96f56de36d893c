package order

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
)

// causeChannel is the cause of a refund that somebody made at the provider itself.
const causeChannel = "channel"

// channelRefundTx records a refund that somebody made at the provider itself. If it returns all that is left of the
// order, the whole order is refunded. A refund of a part names no items, so an operator has to settle it.
func (s *Refunds) channelRefundTx(ctx context.Context, tx pgx.Tx, o Order, captures []payment.Capture,
	n payment.Notice,
) (string, error) {
	shares, err := s.sharesTx(ctx, tx, o, nil)
	if err != nil && !errors.Is(err, ErrNothingLeft) {
		return "", err
	}
	for _, c := range captures {
		if c.State != payment.Consumed || c.AttemptNo != n.AttemptNo {
			continue
		}
		if n.Amount.IsZero() { // the notice tells only how much has been refunded so far
			all, err := s.deps.Payments.RefundsTx(ctx, tx, o.OrderNo)
			if err != nil {
				return "", err
			}
			made, standing := soFar(all, c.ID)
			if n.RefundedTotal.Amount <= made {
				return OutcomeDuplicate, nil // all of it is booked
			}
			n.Amount = money.Of(n.RefundedTotal.Amount-standing, c.Amount.Currency)
		}
		if n.Amount.Amount <= 0 || total(shares, o.Total.Currency) != n.Amount {
			continue
		}
		refund, err := s.startRefundTx(ctx, tx, o, newRefund{
			capture: c,
			shares:  shares,
			amount:  n.Amount,
			cause:   causeChannel,
			key:     "channel:" + n.EventID,
			actor:   "provider:" + n.Provider,
		})
		if err != nil {
			return "", err
		}
		if err := s.revokeTx(ctx, tx, &o, shares); err != nil {
			return "", err
		}
		return s.settleTx(ctx, tx, o, refund.RefundNo, payment.Succeeded, n.ChannelRefundNo)
	}
	return OutcomeRefundUnmatched, s.openCaseTx(ctx, tx, OutcomeRefundUnmatched, o.OrderNo, n.Provider+"/"+n.EventID,
		map[string]any{"attemptNo": n.AttemptNo, "amount": n.Amount})
}

// takenUpTx finds the refund that somebody made at the provider, and that another notice or a statement has told
// before. Statements name it by another number than notices do, or by none: it is then the one of the same payment and
// sum. There can be only one, since such a refund is taken up only if it gives back all that is left.
func (s *Refunds) takenUpTx(ctx context.Context, tx pgx.Tx, o Order,
	n payment.Notice,
) (taken payment.Refund, known bool, err error) {
	ours, err := s.q.RefundNosByCause(ctx, tx, dbsqlc.RefundNosByCauseParams{OrderNo: o.OrderNo, Cause: causeChannel})
	if err != nil {
		return payment.Refund{}, false, fmt.Errorf("refunds of %s at %s: %w", o.OrderNo, n.Provider, err)
	}
	if len(ours) == 0 {
		return payment.Refund{}, false, nil
	}
	list, err := s.deps.Payments.RefundsTx(ctx, tx, o.OrderNo)
	if err != nil {
		return payment.Refund{}, false, err
	}
	for _, r := range list {
		if slices.Contains(ours, r.RefundNo) && r.Provider == n.Provider && r.AttemptNo == n.AttemptNo &&
			tells(n, r, list) {
			return r, true, nil
		}
	}
	return payment.Refund{}, false, nil
}

// tells reports whether a notice is about a refund of its payment that was taken up. all are the refunds of the order.
func tells(n payment.Notice, r payment.Refund, all []payment.Refund) bool {
	if r.ChannelRefundNo != "" && numbered(n) {
		return r.ChannelRefundNo == n.RefundNo || r.ChannelRefundNo == n.ChannelRefundNo
	}
	if r.Status != payment.Succeeded {
		return false // its sum came back, and may have been refunded again
	}
	if !n.Amount.IsZero() {
		return n.Amount == r.Amount
	}
	_, standing := soFar(all, r.CaptureID)
	return n.RefundedTotal == money.Of(standing, r.Amount.Currency)
}

// soFar sums the refunds of a capture: those that have been made, even if their money came back later, and those that
// have not failed, as a provider may count one that waits here before it tells of it.
func soFar(all []payment.Refund, captureID int64) (made, standing int64) {
	for _, r := range all {
		if r.CaptureID != captureID || r.Status == payment.Failed {
			continue
		}
		standing += r.Amount.Amount
		if r.Status == payment.Succeeded || settledAfterReturn(r.Status) {
			made += r.Amount.Amount
		}
	}
	return made, standing
}

// numbered reports whether the notice of a refund names it.
func numbered(n payment.Notice) bool { return n.RefundNo+n.ChannelRefundNo != "" }
