package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
)

// Past is an attempt of the past: it was paid at PaidAt with the provider's transaction number, or closed if PaidAt is
// zero.
type Past struct {
	AttemptNo    string
	Reference    string
	Provider     string
	ChannelTxnNo string
	Amount       money.Money
	CreatedAt    time.Time
	ExpiresAt    time.Time
	PaidAt       time.Time
	Refund       *PastRefund
}

// PastRefund is a settled refund of a past payment. A refund that failed moved no money.
type PastRefund struct {
	RefundNo  string
	Amount    money.Money
	Reason    string
	CreatedAt time.Time
	SettledAt time.Time
	LastError string // why it failed; empty for a refund that succeeded
}

// ImportTx writes past attempts with their captures and refunds in the caller's transaction. It asks no provider and
// writes no notices. It skips attempts with an amount of zero. It fails if the number of an attempt, a transaction or a
// refund exists already.
func (p *Payments) ImportTx(ctx context.Context, tx pgx.Tx, past []Past) error {
	var attempts, captures [][]any
	references := []string{}
	for _, a := range past {
		if a.Amount.IsZero() {
			continue
		}
		status, txn, ended := AttemptClosed, (*string)(nil), a.ExpiresAt
		if !a.PaidAt.IsZero() {
			status = AttemptSucceeded
			txn = &a.ChannelTxnNo
			ended = a.PaidAt
			refunded := int64(0)
			if a.Refund != nil {
				references = append(references, a.Reference)
				if a.Refund.LastError == "" {
					refunded = a.Refund.Amount.Amount
				}
			}
			captures = append(captures, []any{
				a.Provider,
				a.ChannelTxnNo,
				a.AttemptNo,
				a.Reference,
				a.Amount.Amount,
				a.Amount.Currency,
				string(Consumed),
				refunded,
				a.PaidAt,
				a.PaidAt,
			})
		}
		attempts = append(attempts, []any{
			a.AttemptNo,
			a.Reference,
			a.Provider,
			a.Amount.Amount,
			a.Amount.Currency,
			status,
			txn,
			a.ExpiresAt,
			a.CreatedAt,
			ended,
		})
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"video_payment"}, []string{
		"attempt_no",
		"reference",
		"provider",
		"amount",
		"currency",
		"status",
		"channel_txn_no",
		"expires_at",
		"created_at",
		"updated_at",
	}, pgx.CopyFromRows(attempts))
	if err != nil {
		return fmt.Errorf("import %d attempts: %w", len(attempts), err)
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"payment_capture"}, []string{
		"provider",
		"channel_txn_no",
		"attempt_no",
		"reference",
		"amount",
		"currency",
		"state",
		"refunded",
		"captured_at",
		"created_at",
	}, pgx.CopyFromRows(captures))
	if err != nil {
		return fmt.Errorf("import %d captures: %w", len(captures), err)
	}
	return p.importRefunds(ctx, tx, past, references)
}

func (p *Payments) importRefunds(ctx context.Context, tx pgx.Tx, past []Past, references []string) error {
	consumed, err := p.q.ConsumedOf(ctx, tx, references)
	if err != nil {
		return fmt.Errorf("captures of %d imported refunds: %w", len(references), err)
	}
	captureOf := make(map[string]int64, len(consumed))
	for _, c := range consumed {
		captureOf[c.Reference] = c.ID
	}
	var rows [][]any
	for _, a := range past {
		r := a.Refund
		if r == nil || a.Amount.IsZero() || r.Amount.IsZero() {
			continue
		}
		status := Succeeded
		if r.LastError != "" {
			status = Failed
		}
		rows = append(rows, []any{
			r.RefundNo,
			captureOf[a.Reference],
			a.Reference,
			a.Provider,
			r.Amount.Amount,
			r.Amount.Currency,
			status,
			a.Provider + "-" + r.RefundNo,
			r.Reason,
			1,
			r.LastError,
			r.CreatedAt,
			r.SettledAt,
		})
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"payment_refund"}, []string{
		"refund_no",
		"capture_id",
		"reference",
		"provider",
		"amount",
		"currency",
		"status",
		"channel_refund_no",
		"reason",
		"attempts",
		"last_error",
		"created_at",
		"updated_at",
	}, pgx.CopyFromRows(rows))
	if err != nil {
		return fmt.Errorf("import %d refunds: %w", len(rows), err)
	}
	return nil
}
