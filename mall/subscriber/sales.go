package subscriber

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/mall/insight"
	"videomall/mall/order"
	"videomall/mall/outbox"
)

// countSales keeps what "popular" sorts by, and how high a search ranks: an order that is paid adds, one that was paid
// and is refunded as a whole takes back. Each happens once to an order.
func (h handlers) countSales(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	o, err := outbox.Payload[order.Event](e)
	if err != nil {
		return err
	}
	var sign int
	switch {
	case e.Type == "order.paid":
		sign = 1
	case e.Type == "order.refunded" && o.Status == order.Refunded && o.PaidAt != nil:
		sign = -1
	default:
		return nil
	}
	// In the order of their ids, as everybody who locks several.
	slices.SortFunc(o.Items, func(a, b order.EventItem) int { return cmp.Compare(a.VideoID, b.VideoID) })
	for _, i := range o.Items {
		if err := h.deps.Catalog.CountSaleTx(ctx, tx, i.VideoID, sign*i.Quantity); err != nil {
			return err
		}
		if err := h.deps.Search.RankTx(ctx, tx, i.VideoID); err != nil {
			return err
		}
	}
	return nil
}

// countCustomers keeps who bought from whom.
func (h handlers) countCustomers(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	o, err := outbox.Payload[order.Event](e)
	if err != nil {
		return err
	}
	return h.deps.Orders.CountCustomersTx(ctx, tx, o)
}

// sumSales hands what became of orders to the sums of their creators.
func (h handlers) sumSales(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	o, err := outbox.Payload[order.Event](e)
	if err != nil {
		return err
	}
	f := insight.Fact{
		EventID:  e.ID,
		XID:      e.XID,
		BuyerID:  o.UserID,
		Currency: o.Total.Currency,
	}
	switch {
	case e.Type == "order.paid" && o.PaidAt != nil:
		f.At = *o.PaidAt
		for _, i := range o.Items {
			paid := i.Paid
			if paid.Currency == "" { // written before events said what was paid, when it was the amount
				paid = i.Amount
			}
			f.Lines = append(f.Lines, insight.FactLine{
				CreatorID: i.CreatorID,
				SPUID:     i.VideoID,
				Units:     int64(i.Quantity),
				Amount:    paid.Amount,
			})
		}
		return h.deps.Insight.PaidTx(ctx, tx, f)
	case o.Refund != nil:
		f.At = o.Refund.SettledAt
		for _, i := range o.Refund.Items {
			f.Lines = append(f.Lines, insight.FactLine{
				CreatorID: i.CreatorID,
				SPUID:     i.VideoID,
				Amount:    i.Amount.Amount,
			})
		}
		return h.deps.Insight.RefundedTx(ctx, tx, f)
	}
	return nil // written before events said what went back: the rows say it, and the days are held against them
}

// issueInvoices has an order's invoice issued once it is delivered, and a credit note for each refund.
func (h handlers) issueInvoices(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	o, err := outbox.Payload[order.Event](e)
	if err != nil || o.Total.IsZero() {
		return err
	}
	return h.deps.Invoices.EnqueueTx(ctx, tx, o.OrderNo)
}
