package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox/internal/dbsqlc"
)

// evidenceTime is how long the mall has to send evidence against a dispute.
const evidenceTime = 7 * 24 * time.Hour

// disputeReason is the reason that the payer's bank gives.
const disputeReason = "product_not_received"

// Dispute moves the dispute of a paid charge's first transaction on, and sends the notice of it: to is
// payment.DisputeOpened, or another type of dispute, for which it must be open. A step that was made before is no error
// and sends nothing. Errors: payment.ErrAbsent if there is nothing to dispute; payment.ErrRejected for a step that can't
// follow.
func (s *Sandbox) Dispute(ctx context.Context, outTradeNo, to string) error {
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return s.disputeTx(ctx, tx, outTradeNo, to) })
	if err != nil {
		return fmt.Errorf("sandbox: %s of %s: %w", to, outTradeNo, err)
	}
	return nil
}

func (s *Sandbox) disputeTx(ctx context.Context, tx pgx.Tx, outTradeNo, to string) error {
	now := s.opt.Now()
	if to == payment.DisputeWarning {
		t, err := s.q.FirstTransaction(ctx, tx, outTradeNo)
		if notFound(err) {
			return payment.ErrAbsent
		}
		if err != nil {
			return err
		}
		return s.announceDisputeTx(ctx, tx, to, dbsqlc.SandboxDispute{
			OutTradeNo: outTradeNo, TxnNo: t.TxnNo, Amount: t.Amount, Currency: t.Currency,
		})
	}
	d, err := s.q.LockDispute(ctx, tx, outTradeNo)
	if notFound(err) && to == payment.DisputeOpened {
		no, err := s.newNo("dsp")
		if err != nil {
			return err
		}
		d, err = s.q.InsertDispute(ctx, tx, dbsqlc.InsertDisputeParams{
			DisputeNo:   no,
			OutTradeNo:  outTradeNo,
			EvidenceDue: now.Add(evidenceTime),
			At:          now,
		})
		if notFound(err) {
			return payment.ErrAbsent
		}
		if err != nil {
			return err
		}
		return s.announceDisputeTx(ctx, tx, to, d)
	}
	if notFound(err) {
		return payment.ErrAbsent
	}
	if err != nil {
		return err
	}
	moved, err := s.moveDisputeTx(ctx, tx, &d, to, now)
	if err != nil || !moved {
		return err
	}
	if err := s.q.UpdateDispute(ctx, tx, dbsqlc.UpdateDisputeParams{
		Status:       d.Status,
		WithdrawnAt:  d.WithdrawnAt,
		ReinstatedAt: d.ReinstatedAt,
		ClosedAt:     d.ClosedAt,
		ID:           d.ID,
	}); err != nil {
		return err
	}
	return s.announceDisputeTx(ctx, tx, to, d)
}

// moveDisputeTx changes an open dispute and the transaction that it takes money from. It returns false if there is
// nothing to change.
func (s *Sandbox) moveDisputeTx(ctx context.Context, tx pgx.Tx, d *dbsqlc.SandboxDispute, to string,
	now time.Time,
) (bool, error) {
	take := func(amount int64) error {
		return s.q.AddRefunded(ctx, tx, dbsqlc.AddRefundedParams{Amount: amount, TxnNo: d.TxnNo})
	}
	switch to {
	case payment.DisputeOpened:
		return false, nil
	case payment.DisputeFundsWithdrawn:
		if d.WithdrawnAt != nil {
			return false, nil
		}
		d.WithdrawnAt = &now
		return true, take(d.Amount)
	case payment.DisputeFundsReinstated:
		if d.ReinstatedAt != nil {
			return false, nil
		}
		if d.WithdrawnAt == nil {
			return false, payment.ErrRejected.Because("nothing was withdrawn for %s", d.DisputeNo)
		}
		d.ReinstatedAt = &now
		return true, take(-d.Amount)
	case payment.DisputeWon, payment.DisputeLost:
		end := to[len("dispute."):]
		if d.Status == end {
			return false, nil
		}
		if d.Status != "open" {
			return false, payment.ErrRejected.Because("dispute %s is %s", d.DisputeNo, d.Status)
		}
		d.Status, d.ClosedAt = end, &now
		if to == payment.DisputeLost && d.WithdrawnAt == nil {
			d.WithdrawnAt = &now
			return true, take(d.Amount)
		}
		return true, nil
	}
	return false, payment.ErrRejected.Because("type %q", to)
}

func (s *Sandbox) announceDisputeTx(ctx context.Context, tx pgx.Tx, kind string, d dbsqlc.SandboxDispute) error {
	now := s.opt.Now()
	n := wireNotice{
		Type:         kind,
		OutTradeNo:   d.OutTradeNo,
		ChannelTxnNo: d.TxnNo,
		DisputeNo:    d.DisputeNo,
		Reason:       disputeReason,
		Currency:     d.Currency,
		OccurredAt:   &now,
	}
	if d.DisputeNo != "" {
		n.EvidenceDue = &d.EvidenceDue
	}
	return s.announceTx(ctx, tx, announcement{notice: n, amount: d.Amount, copies: 1, firstSigning: SignWell})
}
