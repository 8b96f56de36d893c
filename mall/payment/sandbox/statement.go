package sandbox

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox/internal/dbsqlc"
)

// Zone is UTC.
func (s *Sandbox) Zone() *time.Location { return time.UTC }

// Statement yields the settled payments and refunds of one UTC day, in the order of their time. The sandbox takes no
// fee.
func (s *Sandbox) Statement(ctx context.Context, at time.Time) iter.Seq2[payment.StatementLine, error] {
	return func(yield func(payment.StatementLine, error) bool) {
		lines, err := s.linesOf(ctx, at)
		if err != nil {
			yield(payment.StatementLine{}, err)
			return
		}
		for _, l := range lines {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func (s *Sandbox) linesOf(ctx context.Context, day time.Time) ([]payment.StatementLine, error) {
	from := day.UTC().Truncate(24 * time.Hour)
	to := from.Add(24 * time.Hour)
	paid, err := s.q.Payments(ctx, s.pool, dbsqlc.PaymentsParams{FromTime: from, ToTime: to})
	if err != nil {
		return nil, fmt.Errorf("sandbox: statement of %s: %w", from.Format(time.DateOnly), err)
	}
	refunds, err := s.q.Refunds(ctx, s.pool, dbsqlc.RefundsParams{FromTime: &from, ToTime: &to})
	if err != nil {
		return nil, fmt.Errorf("sandbox: statement of %s: %w", from.Format(time.DateOnly), err)
	}
	lines := make([]payment.StatementLine, 0, len(paid)+len(refunds))
	for _, t := range paid {
		lines = append(lines, payment.StatementLine{
			Kind:         payment.StatementPayment,
			AttemptNo:    t.OutTradeNo,
			ChannelTxnNo: t.TxnNo,
			Amount:       money.Of(t.Amount, t.Currency),
			Fee:          money.Of(0, t.Currency),
			At:           t.PaidAt,
		})
	}
	for _, r := range refunds {
		lines = append(lines, payment.StatementLine{
			Kind:         payment.StatementRefund,
			AttemptNo:    r.OutTradeNo,
			ChannelTxnNo: r.TxnNo,
			RefundNo:     r.OutRefundNo,
			Amount:       money.Of(r.Amount, r.Currency),
			Fee:          money.Of(0, r.Currency),
			At:           *r.SettledAt,
		})
	}
	returned, err := s.q.ReturnedRefunds(ctx, s.pool, dbsqlc.ReturnedRefundsParams{FromTime: from, ToTime: to})
	if err != nil {
		return nil, fmt.Errorf("sandbox: statement of %s: %w", from.Format(time.DateOnly), err)
	}
	for _, r := range returned {
		lines = append(lines, payment.StatementLine{
			Kind:         payment.StatementRefundReturned,
			AttemptNo:    r.OutTradeNo,
			ChannelTxnNo: r.TxnNo,
			RefundNo:     r.OutRefundNo,
			Amount:       money.Of(r.Amount, r.Currency),
			Fee:          money.Of(0, r.Currency),
			At:           *r.ReturnedAt,
		})
	}
	disputes, err := s.q.DisputeMoves(ctx, s.pool, dbsqlc.DisputeMovesParams{FromTime: from, ToTime: to})
	if err != nil {
		return nil, fmt.Errorf("sandbox: statement of %s: %w", from.Format(time.DateOnly), err)
	}
	for _, d := range disputes {
		lines = append(lines, payment.StatementLine{
			Kind:         d.Kind,
			AttemptNo:    d.OutTradeNo,
			ChannelTxnNo: d.TxnNo,
			DisputeNo:    d.DisputeNo,
			Amount:       money.Of(d.Amount, d.Currency),
			Fee:          money.Of(0, d.Currency),
			At:           d.At,
		})
	}
	slices.SortStableFunc(lines, func(a, b payment.StatementLine) int { return a.At.Compare(b.At) })
	return lines, nil
}
