package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// The statuses of a Refund: pending until the provider has accepted it, then submitted until it has succeeded or
// failed.
const (
	Pending   = "pending"
	Submitted = "submitted"
	Succeeded = "succeeded"
	Failed    = "failed"
)

// Refund is a refund of one capture. To make one, set RefundNo (8 to 64 characters; the same number is the same
// refund), CaptureID, Amount and Reason.
type Refund struct {
	RefundNo        string
	CaptureID       int64
	Amount          money.Money
	Reason          string
	Reference       string
	Provider        string
	AttemptNo       string
	ChannelTxnNo    string
	ChannelRefundNo string
	Status          string
	Attempts        int
	LastError       string
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

func refundOf(r dbsqlc.PaymentRefund, attemptNo, channelTxnNo string) Refund {
	out := Refund{
		RefundNo:     r.RefundNo,
		CaptureID:    r.CaptureID,
		Amount:       money.Of(r.Amount, r.Currency),
		Reason:       r.Reason,
		Reference:    r.Reference,
		Provider:     r.Provider,
		AttemptNo:    attemptNo,
		ChannelTxnNo: channelTxnNo,
		Status:       r.Status,
		Attempts:     int(r.Attempts),
		LastError:    r.LastError,
		CreatedAt:    r.CreatedAt,
		UpdatedAt:    r.UpdatedAt,
	}
	if r.ChannelRefundNo != nil {
		out.ChannelRefundNo = *r.ChannelRefundNo
	}
	return out
}

// RefundTx records a refund to be submitted. It locks the capture, so that all refunds that have not failed never
// exceed what was taken. Repeating a number with the same capture and amount is no error. Errors: ErrUnknownCapture,
// ErrRefundExceeds, ErrRefundNoReused, money.ErrCurrency.
func (p *Payments) RefundTx(ctx context.Context, tx pgx.Tx, r Refund) error {
	c, err := p.q.LockCapture(ctx, tx, r.CaptureID)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrUnknownCapture.Because("refund %s of capture %d", r.RefundNo, r.CaptureID)
	}
	if err != nil {
		return fmt.Errorf("refund %s: %w", r.RefundNo, err)
	}
	switch old, err := p.q.Refund(ctx, tx, r.RefundNo); {
	case err == nil:
		was := refundOf(old.PaymentRefund, old.AttemptNo, old.ChannelTxnNo)
		if was.CaptureID != r.CaptureID || was.Amount != r.Amount {
			return ErrRefundNoReused.Because("refund %s is %s of capture %d, asked %s of %d", r.RefundNo, was.Amount,
				was.CaptureID, r.Amount, r.CaptureID)
		}
		return nil
	case !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("refund %s: %w", r.RefundNo, err)
	}
	claimed, err := p.q.ClaimedByRefunds(ctx, tx, c.ID)
	if err != nil {
		return fmt.Errorf("refund %s: %w", r.RefundNo, err)
	}
	left, err := money.Of(c.Amount-claimed, c.Currency).Sub(r.Amount)
	if err != nil {
		return fmt.Errorf("refund %s: %w", r.RefundNo, err)
	}
	if r.Amount.Amount <= 0 || left.Amount < 0 {
		return ErrRefundExceeds.Because("refund %s of %s: %d of capture %d are claimed already", r.RefundNo, r.Amount,
			claimed, c.ID)
	}
	if err := p.q.InsertRefund(ctx, tx, dbsqlc.InsertRefundParams{
		RefundNo:  r.RefundNo,
		CaptureID: c.ID,
		Reference: c.Reference,
		Provider:  c.Provider,
		Amount:    r.Amount.Amount,
		Currency:  c.Currency,
		Reason:    r.Reason,
		At:        p.now(),
	}); err != nil {
		return fmt.Errorf("refund %s: %w", r.RefundNo, err)
	}
	return nil
}

// SubmitRefund requests a recorded refund from the provider, or asks for its state; it uses the same number however
// often it is called. The returned Status (Submitted, Succeeded or Failed) is the provider's. The row stays submitted
// until the caller settles it with SettleRefundTx, in one transaction with all else that follows. Errors:
// ErrUnknownRefund, ErrUnknownProvider, and ErrProviderDown, after which the state is unknown: call again.
func (p *Payments) SubmitRefund(ctx context.Context, refundNo string) (Refund, error) {
	r, err := p.Refund(ctx, refundNo)
	if err != nil || r.Status == Succeeded || r.Status == Failed {
		return r, err
	}
	provider, err := p.Provider(r.Provider)
	if err != nil {
		return r, err
	}
	result, err := p.submit(ctx, provider, r)
	note := ""
	if err != nil {
		note = err.Error()
	}
	if e := p.q.CountRefundTry(ctx, p.pool, dbsqlc.CountRefundTryParams{
		LastError: note,
		At:        p.now(),
		RefundNo:  refundNo,
	}); e != nil {
		return r, fmt.Errorf("refund %s: %w", refundNo, e)
	}
	switch {
	case errors.Is(err, ErrRejected):
		r.Status, r.LastError = Failed, note
		return r, nil
	case err != nil:
		return r, ErrProviderDown.Because("refund %s: %w", refundNo, err)
	}
	if e := p.q.SubmitRefund(ctx, p.pool, dbsqlc.SubmitRefundParams{
		ChannelRefundNo: optional(result.ChannelRefundNo),
		At:              p.now(),
		RefundNo:        refundNo,
	}); e != nil {
		return r, fmt.Errorf("refund %s: %w", refundNo, e)
	}
	// Read the refund again, since a notice may have settled it meanwhile.
	if r, err = p.Refund(ctx, refundNo); err != nil || r.Status != Submitted {
		return r, err
	}
	switch result.Status {
	case ResultSucceeded:
		r.Status = Succeeded
	case ResultFailed:
		r.Status = Failed
	}
	return r, nil
}

// submit asks for the state of a submitted refund. It requests a pending refund, and asks for its state if the answer
// is lost.
func (p *Payments) submit(ctx context.Context, provider Provider, r Refund) (RefundResult, error) {
	look := func() (RefundResult, error) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		return provider.QueryRefund(ctx, r.RefundNo, r.AttemptNo)
	}
	if r.Status == Submitted {
		if result, err := look(); !errors.Is(err, ErrAbsent) {
			return result, err
		}
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	result, err := provider.Refund(call, RefundRequest{
		RefundNo:     r.RefundNo,
		AttemptNo:    r.AttemptNo,
		ChannelTxnNo: r.ChannelTxnNo,
		Amount:       r.Amount,
		Reason:       r.Reason,
	})
	if err == nil || errors.Is(err, ErrRejected) {
		return result, err
	}
	found, queried := look()
	if queried != nil {
		return RefundResult{}, fmt.Errorf("%w; query: %w", err, queried)
	}
	return found, nil
}

// SettleRefundTx ends a refund as Succeeded or Failed. The amount of a failed refund can be refunded again. If the
// refund had ended before, changed is false and r has its status, which the caller should compare with its own: if a
// provider contradicts itself, a person has to decide. Errors: ErrUnknownRefund.
func (p *Payments) SettleRefundTx(ctx context.Context, tx pgx.Tx,
	refundNo, status, channelRefundNo string,
) (r Refund, changed bool, err error) {
	if status != Succeeded && status != Failed {
		return Refund{}, false, fmt.Errorf("settle refund %s: %q is no end", refundNo, status)
	}
	row, err := p.refundRow(ctx, tx, refundNo)
	if err != nil {
		return Refund{}, false, err
	}
	// Lock the capture first, as RefundTx does, so that the two can't deadlock.
	if _, err := p.q.LockCapture(ctx, tx, row.PaymentRefund.CaptureID); err != nil {
		return Refund{}, false, fmt.Errorf("settle refund %s: %w", refundNo, err)
	}
	rows, err := p.q.SettleRefund(ctx, tx, dbsqlc.SettleRefundParams{
		Status:          status,
		ChannelRefundNo: optional(channelRefundNo),
		At:              p.now(),
		RefundNo:        refundNo,
	})
	if err != nil {
		return Refund{}, false, fmt.Errorf("settle refund %s: %w", refundNo, err)
	}
	if rows == 1 && status == Succeeded {
		if err := p.q.AddRefunded(ctx, tx, dbsqlc.AddRefundedParams{
			Amount: row.PaymentRefund.Amount,
			ID:     row.PaymentRefund.CaptureID,
		}); err != nil {
			return Refund{}, false, fmt.Errorf("settle refund %s: %w", refundNo, err)
		}
	}
	if row, err = p.refundRow(ctx, tx, refundNo); err != nil {
		return Refund{}, false, err
	}
	return refundOf(row.PaymentRefund, row.AttemptNo, row.ChannelTxnNo), rows == 1, nil
}

// Refund finds one refund. Errors: ErrUnknownRefund.
func (p *Payments) Refund(ctx context.Context, refundNo string) (Refund, error) {
	row, err := p.refundRow(ctx, p.pool, refundNo)
	if err != nil {
		return Refund{}, err
	}
	return refundOf(row.PaymentRefund, row.AttemptNo, row.ChannelTxnNo), nil
}

func (p *Payments) refundRow(ctx context.Context, db dbsqlc.DBTX, refundNo string) (dbsqlc.RefundRow, error) {
	row, err := p.q.Refund(ctx, db, refundNo)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrUnknownRefund.Because("refund %q", refundNo)
	}
	if err != nil {
		return row, fmt.Errorf("refund %s: %w", refundNo, err)
	}
	return row, nil
}

// Refunds lists the refunds of a reference, the oldest first.
func (p *Payments) Refunds(ctx context.Context, reference string) ([]Refund, error) {
	rows, err := p.q.Refunds(ctx, p.pool, reference)
	if err != nil {
		return nil, fmt.Errorf("refunds of %s: %w", reference, err)
	}
	out := make([]Refund, len(rows))
	for i, r := range rows {
		out[i] = refundOf(r.PaymentRefund, r.AttemptNo, r.ChannelTxnNo)
	}
	return out, nil
}

// OpenRefunds lists at most limit refunds that were recorded longer than olderThan ago and have not ended, the oldest
// first.
func (p *Payments) OpenRefunds(ctx context.Context, olderThan time.Duration, limit int) ([]Refund, error) {
	rows, err := p.q.OpenRefunds(ctx, p.pool, dbsqlc.OpenRefundsParams{
		Before: p.now().Add(-olderThan),
		Max:    int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("open refunds: %w", err)
	}
	out := make([]Refund, len(rows))
	for i, r := range rows {
		out[i] = refundOf(r.PaymentRefund, r.AttemptNo, r.ChannelTxnNo)
	}
	return out, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
