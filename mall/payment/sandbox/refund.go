package sandbox

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox/internal/dbsqlc"
)

// Refund accepts a refund of one transaction, once for each refund number; a notice then says how it ended. An empty
// ChannelTxnNo means the charge's first transaction. Errors: payment.ErrRejected if the transaction is unknown or
// disputed, if less than the amount is left, or if another refund has this number.
func (s *Sandbox) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	if !plain(r.RefundNo) || r.Amount.Amount <= 0 {
		return payment.RefundResult{}, payment.ErrRejected.Because("refund %q of %s", r.RefundNo, r.Amount)
	}
	var result payment.RefundResult
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		result, err = s.refundTx(ctx, tx, r)
		return err
	})
	if err != nil {
		return payment.RefundResult{}, fmt.Errorf("sandbox: refund %s: %w", r.RefundNo, err)
	}
	return result, nil
}

func (s *Sandbox) refundTx(ctx context.Context, tx pgx.Tx, r payment.RefundRequest) (payment.RefundResult, error) {
	var none payment.RefundResult
	charge, err := s.q.Charge(ctx, tx, r.Charge.AttemptNo)
	if notFound(err) || err == nil && charge.Status != StatusPaid {
		return none, payment.ErrRejected.Because("charge %q is not paid", r.Charge.AttemptNo)
	}
	if err != nil {
		return none, err
	}
	t, err := s.lockTransactionTx(ctx, tx, r)
	if err != nil {
		return none, err
	}
	// The transaction is locked, so the second of two requests with one number finds the refund of the first.
	old, err := s.q.Refund(ctx, tx, r.RefundNo)
	if err == nil {
		return repeated(old, r, t.TxnNo)
	}
	if !notFound(err) {
		return none, err
	}
	disputed, err := s.q.HasOpenDispute(ctx, tx, t.TxnNo)
	if err != nil {
		return none, err
	}
	if disputed {
		return none, payment.ErrRejected.Because("%s is disputed", t.TxnNo)
	}
	if r.Amount.Currency != t.Currency || r.Amount.Amount > t.Amount-t.Refunded {
		return none, payment.ErrRejected.Because("%s of %s, %d %s are left", r.Amount, t.TxnNo, t.Amount-t.Refunded,
			t.Currency)
	}
	return s.startRefundTx(ctx, tx, charge, r, t.TxnNo)
}

// lockTransactionTx locks the transaction that a refund names, or the first one of its charge.
func (s *Sandbox) lockTransactionTx(ctx context.Context, tx pgx.Tx,
	r payment.RefundRequest,
) (dbsqlc.SandboxTransaction, error) {
	txnNo := r.ChannelTxnNo
	if txnNo == "" {
		first, err := s.q.FirstTransaction(ctx, tx, r.Charge.AttemptNo)
		if err != nil {
			return dbsqlc.SandboxTransaction{}, err
		}
		txnNo = first.TxnNo
	}
	t, err := s.q.LockTransaction(ctx, tx, dbsqlc.LockTransactionParams{TxnNo: txnNo, OutTradeNo: r.Charge.AttemptNo})
	if notFound(err) {
		return t, payment.ErrRejected.Because("charge %s has no transaction %q", r.Charge.AttemptNo, txnNo)
	}
	return t, err
}

// repeated answers a request whose refund number is known: with that refund, if the request asks for the same.
func repeated(old dbsqlc.SandboxRefund, r payment.RefundRequest, txnNo string) (payment.RefundResult, error) {
	if old.TxnNo != txnNo || money.Of(old.Amount, old.Currency) != r.Amount {
		return payment.RefundResult{}, payment.ErrRejected.Because("refund %s is %d %s of %s", r.RefundNo, old.Amount,
			old.Currency, old.TxnNo)
	}
	return resultOf(old), nil
}

// startRefundTx writes a refund down and schedules the notice of its end.
func (s *Sandbox) startRefundTx(ctx context.Context, tx pgx.Tx, charge dbsqlc.SandboxCharge, r payment.RefundRequest,
	txnNo string,
) (payment.RefundResult, error) {
	var none payment.RefundResult
	refundTxnNo, err := s.newNo("sbr")
	if err != nil {
		return none, err
	}
	now := s.opt.Now()
	if err := s.q.AddRefunded(ctx, tx, dbsqlc.AddRefundedParams{Amount: r.Amount.Amount, TxnNo: txnNo}); err != nil {
		return none, err
	}
	if err := s.q.InsertRefund(ctx, tx, dbsqlc.InsertRefundParams{
		OutRefundNo: r.RefundNo,
		OutTradeNo:  r.Charge.AttemptNo,
		TxnNo:       txnNo,
		RefundTxnNo: refundTxnNo,
		Amount:      r.Amount.Amount,
		Currency:    r.Amount.Currency,
		At:          now,
	}); err != nil {
		return none, err
	}
	end := payment.RefundSucceeded
	if charge.RefundsFail {
		end = payment.RefundFailed
	}
	if err := s.announceTx(ctx, tx, announcement{
		notice: wireNotice{
			Type:         end,
			OutTradeNo:   r.Charge.AttemptNo,
			ChannelTxnNo: txnNo,
			RefundNo:     r.RefundNo,
			RefundTxnNo:  refundTxnNo,
			Currency:     r.Amount.Currency,
			OccurredAt:   &now,
		},
		amount:       r.Amount.Amount,
		copies:       1,
		firstSigning: SignWell,
	}); err != nil {
		return none, err
	}
	return payment.RefundResult{Status: payment.ResultProcessing, ChannelRefundNo: refundTxnNo}, nil
}

// QueryRefund returns the state of a refund. Errors: payment.ErrAbsent.
func (s *Sandbox) QueryRefund(ctx context.Context, ref payment.RefundRef) (payment.RefundResult, error) {
	refundNo, attemptNo := ref.RefundNo, ref.Charge.AttemptNo
	r, err := s.q.Refund(ctx, s.pool, refundNo)
	if notFound(err) || err == nil && r.OutTradeNo != attemptNo {
		return payment.RefundResult{}, fmt.Errorf("sandbox: refund %s of %s: %w", refundNo, attemptNo,
			payment.ErrAbsent)
	}
	if err != nil {
		return payment.RefundResult{}, fmt.Errorf("sandbox: refund %s: %w", refundNo, err)
	}
	return resultOf(r), nil
}

func resultOf(r dbsqlc.SandboxRefund) payment.RefundResult {
	result := payment.RefundResult{Status: payment.ResultProcessing, ChannelRefundNo: r.RefundTxnNo}
	switch r.Status {
	case "succeeded":
		result.Status = payment.ResultSucceeded
	case "failed":
		result.Status = payment.ResultFailed
	}
	return result
}
