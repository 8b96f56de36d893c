package sandbox

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox/internal/dbsqlc"
)

// ReturnRefund makes a refund that has succeeded fail after all, as if the payer's bank had sent the money back, and
// sends the notice of it. Errors: payment.ErrAbsent if no such refund has succeeded.
func (s *Sandbox) ReturnRefund(ctx context.Context, refundNo string) error {
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return s.returnRefundTx(ctx, tx, refundNo) })
	if err != nil {
		return fmt.Errorf("sandbox: return refund %s: %w", refundNo, err)
	}
	return nil
}

// returnTx returns a refund whose success was acknowledged, if the charge was paid with RefundsReturn.
func (s *Sandbox) returnTx(ctx context.Context, tx pgx.Tx, outTradeNo, refundNo string) error {
	c, err := s.q.Charge(ctx, tx, outTradeNo)
	if err != nil || !c.RefundsReturn {
		return err
	}
	return s.returnRefundTx(ctx, tx, refundNo)
}

func (s *Sandbox) returnRefundTx(ctx context.Context, tx pgx.Tx, refundNo string) error {
	now := s.opt.Now()
	r, err := s.q.ReturnRefund(ctx, tx, dbsqlc.ReturnRefundParams{At: now, OutRefundNo: refundNo})
	if notFound(err) {
		return payment.ErrAbsent
	}
	if err != nil {
		return err
	}
	if err := s.q.AddRefunded(ctx, tx, dbsqlc.AddRefundedParams{Amount: -r.Amount, TxnNo: r.TxnNo}); err != nil {
		return err
	}
	return s.announceTx(ctx, tx, announcement{
		notice: wireNotice{
			Type:         payment.RefundFailed,
			OutTradeNo:   r.OutTradeNo,
			ChannelTxnNo: r.TxnNo,
			RefundNo:     r.OutRefundNo,
			RefundTxnNo:  r.RefundTxnNo,
			Currency:     r.Currency,
			OccurredAt:   &now,
		},
		amount:       r.Amount,
		copies:       1,
		firstSigning: SignWell,
	})
}
