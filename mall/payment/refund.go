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
// failed. One that has succeeded is returned if the payer's bank sends the money back later: the provider then holds it
// again, and we still owe it, until it is transferred to the payer in another way.
const (
	Pending     = "pending"
	Submitted   = "submitted"
	Succeeded   = "succeeded"
	Failed      = "failed"
	Returned    = "returned"
	Transferred = "transferred"
)

// Refund is a refund of one capture. To make one, set RefundNo (8 to 64 characters; the same number is the same
// refund), CaptureID, Amount and Reason.
type Refund struct {
	RefundNo        string
	CaptureID       int64
	Amount          money.Money
	Reason          string
	ByBank          bool // the payer's bank takes it for a dispute: it is never requested from the provider
	Reference       string
	Provider        string
	AttemptNo       string
	ChannelTxnNo    string
	ChannelRefundNo string
	Status          string
	Transfer        string // the reference of the transfer that paid it instead
	Attempts        int
	LastError       string
	CreatedAt       time.Time
	UpdatedAt       time.Time
	ref             RefundRef
}

func refundOf(row dbsqlc.RefundRow) (Refund, error) {
	r, c := row.PaymentRefund, row.PaymentCapture
	request, err := requestOf(c.AttemptNo, row.Request)
	if err != nil {
		return Refund{}, err
	}
	out := Refund{
		RefundNo:     r.RefundNo,
		CaptureID:    r.CaptureID,
		Amount:       money.Of(r.Amount, r.Currency),
		Reason:       r.Reason,
		ByBank:       r.ByBank,
		Reference:    r.Reference,
		Provider:     r.Provider,
		AttemptNo:    c.AttemptNo,
		ChannelTxnNo: c.ChannelTxnNo,
		Status:       r.Status,
		Transfer:     r.Transfer,
		Attempts:     int(r.Attempts),
		LastError:    r.LastError,
		CreatedAt:    r.CreatedAt,
		UpdatedAt:    r.UpdatedAt,
	}
	if r.ChannelRefundNo != nil {
		out.ChannelRefundNo = *r.ChannelRefundNo
	}
	out.ref = RefundRef{
		RefundNo:        out.RefundNo,
		ChannelRefundNo: out.ChannelRefundNo,
		Charge:          ChargeRef{request, row.ProviderRef},
		ChannelTxnNo:    out.ChannelTxnNo,
		Captured:        money.Of(c.Amount, c.Currency),
		Amount:          out.Amount,
	}
	return out, nil
}

func refundsOf(rows []dbsqlc.RefundRow) ([]Refund, error) {
	out := make([]Refund, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = refundOf(r); err != nil {
			return nil, err
		}
	}
	return out, nil
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
		was := old.PaymentRefund
		if was.CaptureID != r.CaptureID || money.Of(was.Amount, was.Currency) != r.Amount {
			return ErrRefundNoReused.Because("refund %s is %d %s of capture %d, asked %s of %d", r.RefundNo, was.Amount,
				was.Currency, was.CaptureID, r.Amount, r.CaptureID)
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
		ByBank:    r.ByBank,
		At:        p.now(),
	}); err != nil {
		return fmt.Errorf("refund %s: %w", r.RefundNo, err)
	}
	return nil
}

// SubmitRefund requests a recorded refund from the provider, or asks for its state; it uses the same number however
// often it is called. The returned Status (Submitted, Succeeded or Failed) is the provider's. The row stays submitted
// until the caller settles it with SettleRefundTx, in one transaction with all else that follows. A refund that has
// ended, or that the payer's bank makes, is returned as it is. Errors: ErrUnknownRefund, ErrUnknownProvider,
// ErrRetryLater if the provider can't do it now, and ErrProviderDown, after which the state is unknown: after either,
// call again.
func (p *Payments) SubmitRefund(ctx context.Context, refundNo string) (Refund, error) {
	r, err := p.Refund(ctx, refundNo)
	if err != nil || r.ByBank || r.Status != Pending && r.Status != Submitted {
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
	case errors.Is(err, ErrRetryLater):
		return r, err
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
		return provider.QueryRefund(ctx, r.ref)
	}
	if r.Status == Submitted {
		if result, err := look(); !errors.Is(err, ErrAbsent) {
			return result, err
		}
	}
	result, err := provider.Refund(ctx, RefundRequest{r.ref, r.Reason})
	if err == nil || errors.Is(err, ErrRejected) || errors.Is(err, ErrRetryLater) {
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
	// What a bank takes counts when it is withdrawn, which may be before the dispute ends, or after.
	if rows == 1 && status == Succeeded && !row.PaymentRefund.ByBank {
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
	r, err = refundOf(row)
	return r, rows == 1, err
}

// NameRefundTx keeps the provider's number of a refund that has none yet; an empty one changes nothing.
func (p *Payments) NameRefundTx(ctx context.Context, tx pgx.Tx, refundNo, channelRefundNo string) error {
	if err := p.q.NameRefund(ctx, tx, dbsqlc.NameRefundParams{
		ChannelRefundNo: optional(channelRefundNo),
		RefundNo:        refundNo,
	}); err != nil {
		return fmt.Errorf("name refund %s: %w", refundNo, err)
	}
	return nil
}

// ReturnRefundTx books that a refund which had succeeded has failed after all: the provider holds its sum again. It
// returns false if the refund had not succeeded. Errors: ErrUnknownRefund.
func (p *Payments) ReturnRefundTx(ctx context.Context, tx pgx.Tx, refundNo, reason string) (bool, error) {
	row, err := p.refundRow(ctx, tx, refundNo)
	if err != nil {
		return false, err
	}
	if _, err := p.q.LockCapture(ctx, tx, row.PaymentRefund.CaptureID); err != nil {
		return false, fmt.Errorf("return refund %s: %w", refundNo, err)
	}
	rows, err := p.q.ReturnRefund(ctx, tx, dbsqlc.ReturnRefundParams{
		LastError: reason,
		At:        p.now(),
		RefundNo:  refundNo,
	})
	if err != nil || rows == 0 {
		return false, wrap("return refund "+refundNo, err)
	}
	return true, wrap("return refund "+refundNo, p.q.AddRefunded(ctx, tx, dbsqlc.AddRefundedParams{
		Amount: -row.PaymentRefund.Amount,
		ID:     row.PaymentRefund.CaptureID,
	}))
}

// TransferRefundTx books that a refund which was returned has been paid to the payer in another way; transfer is the
// reference of that payment. It returns false if the refund does not wait for one.
func (p *Payments) TransferRefundTx(ctx context.Context, tx pgx.Tx, refundNo, transfer string) (bool, error) {
	rows, err := p.q.TransferRefund(ctx, tx, dbsqlc.TransferRefundParams{
		Transfer: transfer,
		At:       p.now(),
		RefundNo: refundNo,
	})
	return rows == 1, wrap("transfer refund "+refundNo, err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Refund finds one refund. Errors: ErrUnknownRefund.
func (p *Payments) Refund(ctx context.Context, refundNo string) (Refund, error) {
	row, err := p.refundRow(ctx, p.pool, refundNo)
	if err != nil {
		return Refund{}, err
	}
	return refundOf(row)
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
	return p.refunds(ctx, p.pool, reference)
}

// RefundsTx is Refunds as the caller's transaction sees them.
func (p *Payments) RefundsTx(ctx context.Context, tx pgx.Tx, reference string) ([]Refund, error) {
	return p.refunds(ctx, tx, reference)
}

func (p *Payments) refunds(ctx context.Context, db dbsqlc.DBTX, reference string) ([]Refund, error) {
	rows, err := p.q.Refunds(ctx, db, reference)
	if err != nil {
		return nil, fmt.Errorf("refunds of %s: %w", reference, err)
	}
	out := make([]dbsqlc.RefundRow, len(rows))
	for i, r := range rows {
		out[i] = dbsqlc.RefundRow(r)
	}
	return refundsOf(out)
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
	out := make([]dbsqlc.RefundRow, len(rows))
	for i, r := range rows {
		out[i] = dbsqlc.RefundRow(r)
	}
	return refundsOf(out)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
