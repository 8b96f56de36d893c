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

// CaptureState is what a captured sum is for.
type CaptureState string

// The states of a Capture: it paid for its reference; it came on top of what did; or it fits nothing
// that was asked (amount, currency, unknown number) and waits for a person.
const (
	Consumed CaptureState = "consumed"
	Surplus  CaptureState = "surplus"
	Suspense CaptureState = "suspense"
)

// Capture is a sum that a provider says it took. Refunded is what has been settled; Refundable is what no
// living refund has claimed yet, filled by Captures and CapturesTx only.
type Capture struct {
	ID           int64
	Provider     string
	ChannelTxnNo string
	AttemptNo    string
	Reference    string
	Amount       money.Money
	State        CaptureState
	Refunded     money.Money
	Refundable   money.Money
	CapturedAt   time.Time
}

func captureOf(r dbsqlc.PaymentCapture) Capture {
	return Capture{
		ID:           r.ID,
		Provider:     r.Provider,
		ChannelTxnNo: r.ChannelTxnNo,
		AttemptNo:    r.AttemptNo,
		Reference:    r.Reference,
		Amount:       money.Of(r.Amount, r.Currency),
		State:        CaptureState(r.State),
		Refunded:     money.Of(r.Refunded, r.Currency),
		CapturedAt:   r.CapturedAt,
	}
}

// CaptureTx records money once per provider and transaction number. When it was recorded before, the row
// as it stands comes back and fresh is false. Its attempt, if it has one, succeeded, whatever it was thought
// to be: even a sum in suspense was taken through it, and it can't be paid or closed again.
// Errors: ErrAlreadyConsumed (State is Consumed but another transaction paid this reference: record it as
// Surplus), ErrTransactionReused. After either the caller's transaction is still good.
func (p *Payments) CaptureTx(ctx context.Context, tx pgx.Tx, c Capture) (stored Capture, fresh bool, err error) {
	row, err := p.q.InsertCapture(ctx, tx, dbsqlc.InsertCaptureParams{
		Provider:     c.Provider,
		ChannelTxnNo: c.ChannelTxnNo,
		AttemptNo:    c.AttemptNo,
		Reference:    c.Reference,
		Amount:       c.Amount.Amount,
		Currency:     c.Amount.Currency,
		State:        string(c.State),
		CapturedAt:   c.CapturedAt,
		At:           p.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return p.captured(ctx, tx, c)
	}
	if err != nil {
		return Capture{}, false, fmt.Errorf("capture %s of %s: %w", c.ChannelTxnNo, c.Provider, err)
	}
	if _, err := p.q.SucceedAttempt(ctx, tx, dbsqlc.SucceedAttemptParams{
		ChannelTxnNo: &c.ChannelTxnNo,
		At:           p.now(),
		AttemptNo:    c.AttemptNo,
		Provider:     c.Provider,
	}); err != nil {
		return Capture{}, false, fmt.Errorf("succeed attempt %s: %w", c.AttemptNo, err)
	}
	return captureOf(row), true, nil
}

// captured finds out which row kept a capture from being inserted.
func (p *Payments) captured(ctx context.Context, tx pgx.Tx, c Capture) (Capture, bool, error) {
	row, err := p.q.CaptureByTxn(ctx, tx, dbsqlc.CaptureByTxnParams{Provider: c.Provider, ChannelTxnNo: c.ChannelTxnNo})
	if err == nil {
		return captureOf(row), false, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return Capture{}, false, fmt.Errorf("capture %s of %s: %w", c.ChannelTxnNo, c.Provider, err)
	}
	if c.State == Consumed {
		consumed, err := p.q.IsConsumed(ctx, tx, c.Reference)
		if err != nil {
			return Capture{}, false, fmt.Errorf("capture %s of %s: %w", c.ChannelTxnNo, c.Provider, err)
		}
		if consumed {
			return Capture{}, false, ErrAlreadyConsumed.Because("reference %s, transaction %s of %s", c.Reference,
				c.ChannelTxnNo, c.Provider)
		}
	}
	return Capture{}, false, ErrTransactionReused.Because("reference %s, transaction %s of %s", c.Reference,
		c.ChannelTxnNo, c.Provider)
}

// CapturesTx lists what was taken for a reference, the oldest first.
func (p *Payments) CapturesTx(ctx context.Context, tx pgx.Tx, reference string) ([]Capture, error) {
	return p.captures(ctx, tx, reference)
}

// Captures is CapturesTx outside a transaction.
func (p *Payments) Captures(ctx context.Context, reference string) ([]Capture, error) {
	return p.captures(ctx, p.pool, reference)
}

func (p *Payments) captures(ctx context.Context, db dbsqlc.DBTX, reference string) ([]Capture, error) {
	rows, err := p.q.Captures(ctx, db, reference)
	if err != nil {
		return nil, fmt.Errorf("captures of %s: %w", reference, err)
	}
	out := make([]Capture, len(rows))
	for i, r := range rows {
		out[i] = captureOf(r.PaymentCapture)
		out[i].Refundable = money.Of(r.Refundable, r.PaymentCapture.Currency)
	}
	return out, nil
}
