package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/payment"
)

// ImportTx writes past payments into the bank's books, so that they agree with the mall's. It skips payments of other
// providers and attempts that were never paid. It sends no notices.
func (s *Sandbox) ImportTx(ctx context.Context, tx pgx.Tx, past []payment.Past) error {
	var charges, transactions, refunds [][]any
	for _, p := range past {
		if p.Provider != Name || p.Amount.IsZero() || p.PaidAt.IsZero() {
			continue
		}
		charges = append(charges, []any{
			p.AttemptNo,
			rand.Text(),
			p.Amount.Amount,
			p.Amount.Currency,
			"",
			"/orders/" + p.Reference,
			StatusPaid,
			p.Refund != nil && p.Refund.LastError != "",
			p.ExpiresAt,
			p.CreatedAt,
			p.PaidAt,
		})
		refunded := int64(0)
		if r := p.Refund; r != nil && !r.Amount.IsZero() {
			status := "failed"
			if r.LastError == "" {
				status, refunded = "succeeded", r.Amount.Amount
			}
			refunds = append(refunds, []any{
				r.RefundNo,
				p.AttemptNo,
				p.ChannelTxnNo,
				Name + "-" + r.RefundNo,
				r.Amount.Amount,
				r.Amount.Currency,
				status,
				r.CreatedAt,
				r.SettledAt,
			})
		}
		transactions = append(transactions, []any{
			p.ChannelTxnNo,
			p.AttemptNo,
			p.Amount.Amount,
			p.Amount.Currency,
			refunded,
			p.PaidAt,
		})
	}
	for _, t := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"sandbox_charge", []string{
			"out_trade_no",
			"page_token",
			"amount",
			"currency",
			"subject",
			"return_url",
			"status",
			"refunds_fail",
			"expires_at",
			"created_at",
			"paid_at",
		}, charges},
		{"sandbox_transaction", []string{
			"txn_no",
			"out_trade_no",
			"amount",
			"currency",
			"refunded",
			"paid_at",
		}, transactions},
		{"sandbox_refund", []string{
			"out_refund_no",
			"out_trade_no",
			"txn_no",
			"refund_txn_no",
			"amount",
			"currency",
			"status",
			"created_at",
			"settled_at",
		}, refunds},
	} {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
			return fmt.Errorf("sandbox: import %d rows of %s: %w", len(t.rows), t.name, err)
		}
	}
	return nil
}
