package order

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
)

func (im *importer) pay(ctx context.Context) error {
	for n, o := range im.orders {
		p := im.past[n]
		a := payment.Past{
			AttemptNo:    p.AttemptNo,
			Reference:    o.OrderNo,
			Provider:     p.Provider,
			ChannelTxnNo: p.TxnNo,
			Amount:       o.Total,
			CreatedAt:    o.CreatedAt,
			ExpiresAt:    o.PayBefore,
		}
		if o.PaidAt != nil {
			a.PaidAt = *o.PaidAt
		}
		if r := p.Refund; r != nil {
			a.Refund = &payment.PastRefund{
				RefundNo:  r.RefundNo,
				Amount:    o.Total,
				Reason:    r.Reason,
				CreatedAt: r.At,
				SettledAt: r.At.Add(settledIn),
				LastError: r.Error,
			}
		}
		im.done.Payments = append(im.done.Payments, a)
	}
	return im.deps.Payments.ImportTx(ctx, im.tx, im.done.Payments)
}

// refund writes the refunds and the items that they pay back, and opens a case for each refund that failed.
func (im *importer) refund(ctx context.Context) error {
	var numbers []string
	for n, o := range im.orders {
		if im.past[n].Refund != nil {
			numbers = append(numbers, o.OrderNo)
		}
	}
	items, err := im.q.ItemsOf(ctx, im.tx, numbers)
	if err != nil {
		return fmt.Errorf("items of %d refunds: %w", len(numbers), err)
	}
	ids := make(map[string]int64, len(items))
	for _, i := range items {
		ids[source(i.OrderNo, int(i.LineNo))] = i.ID
	}
	var refunds, shares [][]any
	for n, o := range im.orders {
		r := im.past[n].Refund
		if r == nil {
			continue
		}
		status := payment.Succeeded
		if r.Error != "" {
			status = payment.Failed
		}
		refunds = append(refunds, []any{
			r.RefundNo,
			o.OrderNo,
			o.Total.Amount,
			o.Total.Currency,
			byOperator,
			"import-" + r.RefundNo,
			r.Reason,
			r.Actor,
			status,
			r.At,
			r.At.Add(settledIn),
		})
		for k := range o.Items {
			i := &im.orders[n].Items[k]
			i.ID = ids[source(o.OrderNo, i.LineNo)]
			shares = append(shares, []any{r.RefundNo, i.ID, i.Net().Amount})
		}
	}
	if err := im.copy(ctx, "order_refund", []string{
		"refund_no",
		"order_no",
		"amount",
		"currency",
		"cause",
		"request_key",
		"reason",
		"actor",
		"status",
		"created_at",
		"settled_at",
	}, refunds); err != nil {
		return err
	}
	if err := im.copy(ctx, "order_refund_item", []string{"refund_no", "item_id", "amount"}, shares); err != nil {
		return err
	}
	for n, o := range im.orders {
		if r := im.past[n].Refund; r != nil && r.Error != "" {
			if err := im.openCase(ctx, o, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *importer) openCase(ctx context.Context, o Order, r *PastRefund) error {
	detail, err := json.Marshal(map[string]any{"refundNo": r.RefundNo, "amount": o.Total, "error": r.Error})
	if err != nil {
		return err
	}
	return im.q.OpenCase(ctx, im.tx, dbsqlc.OpenCaseParams{
		Kind:      OutcomeRefundFailed,
		OrderNo:   o.OrderNo,
		Reference: r.RefundNo,
		Detail:    detail,
		CreatedAt: r.At.Add(settledIn),
	})
}

// booking is one entry of the books and its time.
type booking struct {
	at    time.Time
	write func() error
}

// book writes the books in the order of time, with a clock that it sets to each entry: sales, daily clearings, promised
// refunds and sent refunds.
func (im *importer) book(ctx context.Context) error {
	var clock time.Time
	books := im.deps.Ledger.ForHistory(func() time.Time { return clock }, nil)
	var due []booking
	for n, o := range im.orders {
		if o.PaidAt == nil || o.Total.IsZero() {
			continue
		}
		p := im.past[n]
		due = append(due, booking{*o.PaidAt, func() error {
			return books.SaleTx(ctx, im.tx, saleOf(&o, p.Provider, p.TxnNo))
		}})
		r := p.Refund
		if r == nil {
			continue
		}
		refund := Refund{RefundNo: r.RefundNo, Amount: o.Total}
		for _, i := range o.Items {
			refund.Items = append(refund.Items, RefundItem{ItemID: i.ID, Amount: i.Net()})
		}
		book := bookOf(o, refund)
		due = append(due,
			booking{r.At, func() error { return books.RefundTx(ctx, im.tx, book) }},
			booking{r.At.Add(settledIn), func() error {
				if r.Error != "" {
					return books.RefundFailedTx(ctx, im.tx, r.RefundNo)
				}
				return books.RefundSentTx(ctx, im.tx, p.Provider, book)
			}})
	}
	if len(due) == 0 {
		return nil
	}
	byTime := func(a, b booking) int { return a.at.Compare(b.at) }
	slices.SortStableFunc(due, byTime)
	clearing := func() error { _, err := books.ClearTx(ctx, im.tx); return err }
	for day := due[0].at.Truncate(24*time.Hour).
		AddDate(0, 0, 1); day.Before(im.deps.Now()); day = day.AddDate(0, 0, 1) {
		due = append(due, booking{day, clearing})
	}
	slices.SortStableFunc(due, byTime)
	for _, b := range due {
		clock = b.at
		if err := b.write(); err != nil {
			return err
		}
	}
	return nil
}
