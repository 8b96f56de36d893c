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

// CaptureState says what a captured sum is for.
type CaptureState string

// The states of a Capture: the sum paid for its reference; it came in addition to the sum that did; or it does not
// match what was asked for (amount, currency, unknown number) and waits for a person.
const (
	Consumed CaptureState = "consumed"
	Surplus  CaptureState = "surplus"
	Suspense CaptureState = "suspense"
)

// Capture is a sum that a provider says it took. Refunded is the sum of the refunds that succeeded. Refundable is what
// is left beside all refunds that have not failed; only Captures and CapturesTx fill it.
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

// CaptureTx records money once for each provider and transaction number. If it was recorded before, CaptureTx returns
// the stored row, and fresh is false. The attempt of the capture, if there is one, becomes succeeded, whatever its
// status: even a sum in suspense was taken through it, so it can't be paid or closed any more. Errors:
// ErrAlreadyConsumed (State is Consumed, but another transaction has paid for this reference: record it as Surplus) and
// ErrTransactionReused. The caller's transaction can go on after either.
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

// captured finds the row that kept a capture from being inserted.
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

// CapturesTx lists the captures of a reference, the oldest first.
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
