package order

import (
	"context"
	"encoding/json"
	"fmt"

	"videomall/mall/payment"
)

// ApplyStatement applies a line of a provider's statement that nothing of ours answers to: what its notice would have
// done, once for each key. Money is confirmed as if it had been notified; refunds and disputes take the path of their
// notices, so that what names no items, or contradicts us, becomes a case. It fails for a kind that moves no money of
// ours, such as a credit.
func (s *Orders) ApplyStatement(ctx context.Context, provider, key string,
	l payment.StatementLine,
) (outcome string, err error) {
	if l.Kind == payment.StatementPayment {
		return s.ConfirmPaid(ctx, Money{
			Provider:     provider,
			AttemptNo:    l.AttemptNo,
			ChannelTxnNo: l.ChannelTxnNo,
			Amount:       l.Amount,
			At:           l.At,
		})
	}
	n := payment.Notice{
		Provider:        provider,
		EventID:         "statement/" + key,
		AttemptNo:       l.AttemptNo,
		ChannelTxnNo:    l.ChannelTxnNo,
		RefundNo:        l.RefundNo,
		ChannelRefundNo: l.RefundNo,
		Amount:          l.Amount,
		OccurredAt:      l.At,
	}
	switch l.Kind {
	case payment.StatementRefund:
		n.Type = payment.RefundSucceeded
	case payment.StatementRefundReturned:
		n.Type = payment.RefundFailed
	case payment.StatementDispute, payment.StatementDisputeWon:
		n.Type = payment.DisputeFundsWithdrawn
		if l.Kind == payment.StatementDisputeWon {
			n.Type = payment.DisputeFundsReinstated
		}
		n.Dispute = &payment.Dispute{DisputeNo: l.DisputeNo}
	default:
		return "", fmt.Errorf("a line of kind %q moves no money of ours", l.Kind)
	}
	if n.Raw, err = json.Marshal(l); err != nil {
		return "", fmt.Errorf("line %s of %s: %w", key, provider, err)
	}
	if outcome, err = s.applyNotice(ctx, n); err != nil {
		return "", fmt.Errorf("apply line %s of %s: %w", key, provider, err)
	}
	return outcome, nil
}
