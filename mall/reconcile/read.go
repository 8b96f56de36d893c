package reconcile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/reconcile/internal/dbsqlc"
)

// batch is how many lines of a statement are held in memory.
const batch = 1000

var errLine = errors.New("reconcile: a line of the statement is no movement")

// read reads the whole statement, a batch at a time and outside any transaction, since the provider's server decides
// how long it takes.
func (r *Reconciler) read(ctx context.Context, one *run) error {
	digest := sha256.New()
	rows := make([]dbsqlc.StageParams, 0, batch)
	flush := func() error {
		_, err := r.q.Stage(ctx, r.deps.Pool, rows)
		rows = rows[:0]
		return err
	}
	for l, err := range one.provider.Statement(ctx, one.begins) {
		if err != nil {
			return fmt.Errorf("statement: %w", err)
		}
		fmt.Fprintf(digest, "%q\n", []string{
			l.Kind, l.AttemptNo, l.ChannelTxnNo, l.RefundNo, l.DisputeNo, l.Amount.String(), l.Fee.String(),
			l.At.UTC().Format(time.RFC3339), strconv.FormatBool(l.Foreign),
		})
		if l.Foreign {
			one.foreign++
			continue
		}
		row, err := staged(one.id, one.lines+1, l)
		if err != nil {
			return err
		}
		one.lines++
		if rows = append(rows, row); len(rows) == batch {
			if err := flush(); err != nil {
				return fmt.Errorf("stage the lines up to %d: %w", one.lines, err)
			}
		}
	}
	if err := flush(); err != nil {
		return fmt.Errorf("stage the lines up to %d: %w", one.lines, err)
	}
	one.digest = digest.Sum(nil)
	return nil
}

// staged checks a line. A statement with a line that can't be proves nothing as a whole.
func staged(runID, ordinal int64, l payment.StatementLine) (dbsqlc.StageParams, error) {
	key, ok := keyOf(l)
	l.Fee.Currency = cmp.Or(l.Fee.Currency, l.Amount.Currency)
	other := l.Kind == payment.StatementCredit || l.Kind == payment.StatementDebit
	moves := l.Amount.Payable() || other && l.Amount.IsZero()
	if !ok || !moves || !money.IsCurrency(l.Amount.Currency) || !money.IsCurrency(l.Fee.Currency) ||
		max(l.Fee.Amount, -l.Fee.Amount) > money.MaxSum || l.At.IsZero() {
		return dbsqlc.StageParams{}, fmt.Errorf("%w: line %d, %.40q of %s with a fee of %s", errLine, ordinal, l.Kind,
			l.Amount, l.Fee)
	}
	return dbsqlc.StageParams{
		RunID:        runID,
		Ordinal:      ordinal,
		Kind:         l.Kind,
		LineKey:      key,
		AttemptNo:    l.AttemptNo,
		ChannelTxnNo: l.ChannelTxnNo,
		RefundNo:     l.RefundNo,
		DisputeNo:    l.DisputeNo,
		Amount:       l.Amount.Amount,
		Currency:     l.Amount.Currency,
		Fee:          l.Fee.Amount,
		FeeCurrency:  l.Fee.Currency,
		At:           l.At,
	}, nil
}

// keyOf names a movement as its provider does. Without a number of its own it is named by the payment and its time.
func keyOf(l payment.StatementLine) (key string, ok bool) {
	at := l.ChannelTxnNo + "@" + l.At.UTC().Format(time.RFC3339)
	switch l.Kind {
	case payment.StatementPayment:
		return l.ChannelTxnNo, l.ChannelTxnNo != ""
	case payment.StatementRefund, payment.StatementRefundReturned:
		return cmp.Or(l.RefundNo, at), l.RefundNo != "" || l.ChannelTxnNo != ""
	case payment.StatementDispute, payment.StatementDisputeWon:
		return l.DisputeNo, l.DisputeNo != ""
	case payment.StatementCredit, payment.StatementDebit:
		return at, true
	}
	return "", false
}
