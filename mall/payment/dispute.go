package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// The statuses of a DisputeRecord.
const (
	DisputeIsOpen = "open"
	DisputeIsWon  = "won"
	DisputeIsLost = "lost"
)

// DisputeRecord is a dispute as we know it. RefundNo is the refund by which it is booked, which the payer's bank makes;
// it is empty if nothing of the payment was left to give back. WithdrawnAt and ReinstatedAt say when the provider took
// the sum from our account and gave it back.
type DisputeRecord struct {
	ID           int64
	Provider     string
	DisputeNo    string
	CaptureID    int64
	Reference    string
	RefundNo     string
	Amount       money.Money
	Status       string
	Reason       string
	EvidenceDue  *time.Time
	WithdrawnAt  *time.Time
	ReinstatedAt *time.Time
	OpenedAt     time.Time
	ClosedAt     *time.Time
}

func disputeOf(r dbsqlc.PaymentDispute) DisputeRecord {
	return DisputeRecord{
		ID:           r.ID,
		Provider:     r.Provider,
		DisputeNo:    r.DisputeNo,
		CaptureID:    r.CaptureID,
		Reference:    r.Reference,
		RefundNo:     r.RefundNo,
		Amount:       money.Of(r.Amount, r.Currency),
		Status:       r.Status,
		Reason:       r.Reason,
		EvidenceDue:  r.EvidenceDue,
		WithdrawnAt:  r.WithdrawnAt,
		ReinstatedAt: r.ReinstatedAt,
		OpenedAt:     r.OpenedAt,
		ClosedAt:     r.ClosedAt,
	}
}

// AttemptOfTxn finds our number of the attempt that a provider's transaction paid, for notices that name only the
// latter. It is empty if we know of no such transaction.
func (p *Payments) AttemptOfTxn(ctx context.Context, tx pgx.Tx, provider, channelTxnNo string) (string, error) {
	no, err := p.q.AttemptOfTxn(ctx, tx, dbsqlc.AttemptOfTxnParams{Provider: provider, ChannelTxnNo: channelTxnNo})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return no, wrap("attempt of transaction "+channelTxnNo, err)
}

// DisputeTx finds a dispute and locks it for the rest of the caller's transaction; known is false if there is none.
func (p *Payments) DisputeTx(ctx context.Context, tx pgx.Tx, provider, disputeNo string) (DisputeRecord, bool, error) {
	row, err := p.q.LockDispute(ctx, tx, dbsqlc.LockDisputeParams{Provider: provider, DisputeNo: disputeNo})
	if errors.Is(err, pgx.ErrNoRows) {
		return DisputeRecord{}, false, nil
	}
	return disputeOf(row), err == nil, wrap("dispute "+disputeNo, err)
}

// OpenDisputeTx records a dispute of a capture. The caller has locked what the capture paid for, so that the same
// dispute is not recorded twice.
func (p *Payments) OpenDisputeTx(ctx context.Context, tx pgx.Tx, d DisputeRecord) (DisputeRecord, error) {
	row, err := p.q.InsertDispute(ctx, tx, dbsqlc.InsertDisputeParams{
		Provider:    d.Provider,
		DisputeNo:   d.DisputeNo,
		CaptureID:   d.CaptureID,
		Reference:   d.Reference,
		RefundNo:    d.RefundNo,
		Amount:      d.Amount.Amount,
		Currency:    d.Amount.Currency,
		Reason:      d.Reason,
		EvidenceDue: d.EvidenceDue,
		OpenedAt:    d.OpenedAt,
		At:          p.now(),
	})
	return disputeOf(row), wrap("open dispute "+d.DisputeNo, err)
}

// SaveDisputeTx stores what changed of a dispute: its status and times. added is what the provider took with this
// change from our account for the dispute's refund, below zero if it gave it back, zero if neither.
func (p *Payments) SaveDisputeTx(ctx context.Context, tx pgx.Tx, d DisputeRecord, added money.Money) error {
	if err := p.q.UpdateDispute(ctx, tx, dbsqlc.UpdateDisputeParams{
		Status:       d.Status,
		WithdrawnAt:  d.WithdrawnAt,
		ReinstatedAt: d.ReinstatedAt,
		ClosedAt:     d.ClosedAt,
		EvidenceDue:  d.EvidenceDue,
		At:           p.now(),
		ID:           d.ID,
	}); err != nil {
		return fmt.Errorf("dispute %s: %w", d.DisputeNo, err)
	}
	if added.IsZero() {
		return nil
	}
	return wrap("dispute "+d.DisputeNo, p.q.AddRefunded(ctx, tx, dbsqlc.AddRefundedParams{
		Amount: added.Amount,
		ID:     d.CaptureID,
	}))
}

// Disputes lists the disputes of a reference, the oldest first.
func (p *Payments) Disputes(ctx context.Context, reference string) ([]DisputeRecord, error) {
	rows, err := p.q.Disputes(ctx, p.pool, reference)
	return disputesOf(rows), wrap("disputes of "+reference, err)
}

// OpenDisputes lists at most limit disputes that have not ended, the one whose evidence is due first at the beginning.
func (p *Payments) OpenDisputes(ctx context.Context, limit int) ([]DisputeRecord, error) {
	rows, err := p.q.OpenDisputes(ctx, p.pool, int32(limit))
	return disputesOf(rows), wrap("open disputes", err)
}

// CountOpenDisputes counts the disputes that have not ended.
func (p *Payments) CountOpenDisputes(ctx context.Context) (int64, error) {
	n, err := p.q.CountOpenDisputes(ctx, p.pool)
	return n, wrap("count open disputes", err)
}

// ErrUnknownDispute says that there is no such dispute.
var ErrUnknownDispute = fault.New(fault.NotFound, "unknown_dispute", "There is no such dispute.")

// Dispute reads one dispute by our id. Errors: ErrUnknownDispute.
func (p *Payments) Dispute(ctx context.Context, id int64) (DisputeRecord, error) {
	row, err := p.q.DisputeByID(ctx, p.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return DisputeRecord{}, ErrUnknownDispute.Because("dispute %d", id)
	}
	return disputeOf(row), wrap("read a dispute", err)
}

func disputesOf(rows []dbsqlc.PaymentDispute) []DisputeRecord {
	out := make([]DisputeRecord, len(rows))
	for i, r := range rows {
		out[i] = disputeOf(r)
	}
	return out
}
