package order

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/payment"
)

// Outcomes of a notice that moves no money of its own.
const (
	OutcomeRejected        = "rejected" // a bad or stale signature, or malformed: nothing is written
	OutcomeApproved        = "approved" // the buyer has agreed to pay: a job takes the money
	OutcomePaymentFailed   = "payment_failed"
	OutcomeRefundSettled   = "refund_settled"
	OutcomeRefundFailed    = "refund_failed"
	OutcomeRefundUnmatched = "refund_unmatched" // it does not agree with our refunds: a case for an operator
	OutcomeDispute         = "dispute"          // a dispute is opened, or moves on
	OutcomeDisputeLost     = "dispute_lost"
	OutcomeDisputeWon      = "dispute_won"
	OutcomeForeign         = "foreign" // of the provider's account, and not ours; it may be recorded, and changes nothing
	OutcomeIgnored         = "ignored" // recorded; it changes nothing here
)

// paymentFirst is the error of a refund notice that came before the payment is known here.
type paymentFirst struct{ orderNo string }

func (p paymentFirst) Error() string {
	return "order " + p.orderNo + ": the refund came before its payment"
}

// ApplyNotice verifies a provider's notice, then records and applies it in one transaction. An event is applied once,
// however often its notice is sent. ack is the answer in the provider's own form: "received", or "send it again"; it is
// positive only after the commit. err explains a negative ack.
func (s *Orders) ApplyNotice(ctx context.Context, provider string, header http.Header,
	body []byte,
) (outcome string, ack payment.Ack, err error) {
	began := s.deps.Now()
	defer func() { s.deps.Metrics.Callback(provider, s.deps.Now().Sub(began), outcome == OutcomeDuplicate) }()
	notice, err := s.deps.Payments.ParseNotice(provider, header, body)
	if err != nil {
		return OutcomeRejected, s.deps.Payments.Acknowledge(provider, err), err
	}
	if notice.Type == payment.Foreign {
		return OutcomeForeign, s.deps.Payments.Acknowledge(provider, nil), nil
	}
	if outcome, err = s.applyNotice(ctx, notice); err != nil {
		return "", s.deps.Payments.Acknowledge(provider, err), fmt.Errorf("apply notice %s of %s: %w", notice.EventID,
			provider, err)
	}
	if notice.Type == payment.PaymentSucceeded {
		s.deps.Metrics.PaymentOutcome(provider, outcome)
	}
	return outcome, s.deps.Payments.Acknowledge(provider, nil), nil
}

// applyNotice applies one notice. If it came before its payment, the provider is asked for that first.
func (s *Orders) applyNotice(ctx context.Context, n payment.Notice) (outcome string, err error) {
	outcome, err = s.recordNotice(ctx, n, false)
	if early, ok := errors.AsType[paymentFirst](err); ok {
		if _, err = s.inquire(ctx, early.orderNo); err == nil {
			outcome, err = s.recordNotice(ctx, n, true)
		}
	}
	return outcome, err
}

// recordNotice records and applies one notice in one transaction. inquired says that the provider was asked for a
// missing payment.
func (s *Orders) recordNotice(ctx context.Context, n payment.Notice, inquired bool) (outcome string, err error) {
	err = db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		outcome, err = s.recordNoticeTx(ctx, tx, n, inquired)
		return err
	})
	return outcome, err
}

func (s *Orders) recordNoticeTx(ctx context.Context, tx pgx.Tx, n payment.Notice, inquired bool) (string, error) {
	fresh, err := s.deps.Payments.RecordNoticeTx(ctx, tx, n)
	if err != nil {
		return "", err
	}
	if !fresh {
		return OutcomeDuplicate, nil
	}
	outcome, err := s.noticeTx(ctx, tx, n, inquired)
	if err != nil {
		return "", err
	}
	return outcome, s.deps.Payments.SetNoticeOutcomeTx(ctx, tx, n, outcome)
}

// failedTx ends the attempt of a payment that failed. An attempt may have had a second charge at its provider, if the
// answer about the first was lost: the end of the one that nobody pays is not the end of the attempt.
func (s *Orders) failedTx(ctx context.Context, tx pgx.Tx, n payment.Notice) (string, error) {
	attempt, err := s.deps.Payments.AttemptTx(ctx, tx, n.Provider, n.AttemptNo)
	switch {
	case errors.Is(err, payment.ErrUnknownAttempt):
		return OutcomePaymentFailed, nil
	case err != nil:
		return "", err
	case n.ProviderRef != "" && attempt.ProviderRef != "" && n.ProviderRef != attempt.ProviderRef:
		return OutcomeIgnored, nil
	}
	return OutcomePaymentFailed, s.deps.Payments.FailAttemptTx(ctx, tx, n.Provider, n.AttemptNo)
}

func (s *Orders) noticeTx(ctx context.Context, tx pgx.Tx, n payment.Notice, inquired bool) (string, error) {
	switch n.Type {
	case payment.PaymentSucceeded:
		return s.confirmTx(ctx, tx, Money{
			Provider:     n.Provider,
			AttemptNo:    n.AttemptNo,
			ChannelTxnNo: n.ChannelTxnNo,
			Amount:       n.Amount,
			At:           n.OccurredAt,
		})
	case payment.PaymentApproved:
		return s.approvedTx(ctx, tx, n)
	case payment.PaymentFailed:
		return s.failedTx(ctx, tx, n)
	case payment.RefundSucceeded, payment.RefundFailed:
		return s.refunds.refundNoticeTx(ctx, tx, n, inquired)
	case payment.DisputeOpened, payment.DisputeFundsWithdrawn, payment.DisputeFundsReinstated, payment.DisputeWon,
		payment.DisputeLost, payment.DisputeWarning:
		return s.refunds.disputeNoticeTx(ctx, tx, n, inquired)
	default:
		return OutcomeIgnored, nil
	}
}
