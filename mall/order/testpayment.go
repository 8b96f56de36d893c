package order

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"videomall/mall/ledger"
	"videomall/mall/payment"
)

// OutcomeTest says that a sum was taken for a test payment of an operator: it is refunded automatically.
const OutcomeTest = "test_payment"

// AskTest asks the provider about a test payment, and applies what was paid, or takes what the payer has agreed to. A
// provider that gives no answer, or is still processing, changes nothing.
func (s *Orders) AskTest(ctx context.Context, key string) error {
	if _, err := s.collect(ctx, payment.TestReference(key)); err != nil && !errors.Is(err, ErrAwaitsProvider) {
		return err
	}
	return nil
}

// testPaidTx records what was taken for a test payment, whatever the sum, and starts its refund.
func (s *Orders) testPaidTx(ctx context.Context, tx pgx.Tx, reference string, m Money) (string, error) {
	c, fresh, err := s.captureTx(ctx, tx, m, &Order{OrderNo: reference}, payment.Surplus)
	if err != nil || !fresh {
		return OutcomeDuplicate, err
	}
	r := payment.Refund{
		RefundNo:  newNumber(s.deps.Now()),
		CaptureID: c.ID,
		Amount:    c.Amount,
		Reason:    "test payment",
	}
	return OutcomeTest, s.refunds.bookTx(ctx, tx, r, ledger.Refund{Reference: r.RefundNo, Amount: r.Amount})
}

// testNoticeTx applies a notice on the refund of a test payment.
func (s *Refunds) testNoticeTx(ctx context.Context, tx pgx.Tx, n payment.Notice, status string) (string, error) {
	_, err := s.deps.Payments.Refund(ctx, n.RefundNo)
	if errors.Is(err, payment.ErrUnknownRefund) {
		return OutcomeIgnored, nil // made at the provider by hand, which the statement tells
	}
	if err != nil {
		return "", err
	}
	return s.settleTestTx(ctx, tx, n.RefundNo, status, n.ChannelRefundNo)
}

// settleTestTx settles the refund of a test payment once. No order changes; a refund that fails becomes a case.
func (s *Refunds) settleTestTx(ctx context.Context, tx pgx.Tx,
	refundNo, status, channelRefundNo string,
) (string, error) {
	r, changed, err := s.deps.Payments.SettleRefundTx(ctx, tx, refundNo, status, channelRefundNo)
	if err != nil {
		return "", err
	}
	detail := map[string]any{"refundNo": refundNo, "amount": r.Amount, "test": r.Reference}
	switch {
	case changed && status == payment.Succeeded:
		return OutcomeRefundSettled, s.deps.Ledger.RefundSentTx(ctx, tx, r.Provider, ledger.Refund{
			Reference: refundNo,
			Amount:    r.Amount,
		})
	case changed:
		if err := s.deps.Ledger.RefundFailedTx(ctx, tx, refundNo); err != nil {
			return "", err
		}
		return OutcomeRefundFailed, s.openCaseTx(ctx, tx, OutcomeRefundFailed, "", refundNo, detail)
	case r.Status == payment.Succeeded && status == payment.Failed:
		returned, err := s.bookReturnTx(ctx, tx, r)
		if err != nil || !returned {
			return OutcomeDuplicate, err
		}
		return OutcomeRefundFailed, s.openCaseTx(ctx, tx, caseRefundReturned, "", refundNo, detail)
	}
	return OutcomeDuplicate, nil
}
