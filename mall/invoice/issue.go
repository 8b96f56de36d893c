package invoice

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/invoice/internal/dbsqlc"
	"videomall/mall/order"
	"videomall/mall/payment"
)

// patience is how long an order that was paid may take to be delivered before its invoice is issued without the date of
// the delivery.
const patience = time.Minute

// Issue issues what an order lacks: its invoice once it is delivered, and a credit note for each refund that succeeded.
// An order that has all, or is no sale, stays as it is, so that it may be called at any time and by many at once. A
// fapiao that a refund made wrong is marked. Errors: order.ErrNotFound.
func (s *Invoices) Issue(ctx context.Context, orderNo string) error {
	o, err := s.deps.Orders.GetAny(ctx, orderNo)
	if err != nil || !Billable(o) {
		return err
	}
	if o.Status == order.Paid && o.Refunded.IsZero() && s.deps.Now().Sub(*o.PaidAt) < patience {
		return nil // its delivery or the sweeper calls again
	}
	docs, err := s.OfOrder(ctx, orderNo)
	if err != nil {
		return err
	}
	if len(docs) == 0 {
		if err := s.issueInvoice(ctx, o); err != nil || o.Refunded.IsZero() {
			return err
		}
		if docs, err = s.OfOrder(ctx, orderNo); err != nil {
			return err
		}
	}
	if o.Refunded.IsZero() {
		return nil
	}
	if err := s.issueCredits(ctx, o, docs); err != nil {
		return err
	}
	return s.flagFapiao(ctx, o)
}

func (s *Invoices) issueInvoice(ctx context.Context, o order.Order) error {
	f, err := s.factsOf(ctx, o)
	if err != nil {
		return err
	}
	return s.insert(ctx, draft{
		kind:    Invoice,
		order:   o,
		facts:   f,
		already: "invoice_order_key",
	})
}

// issueCredits issues a credit note for each refund of the order that has succeeded and has none among its documents. A
// refund that comes back from the buyer's bank keeps it: the buyer is still owed the money, and nothing is sold again.
func (s *Invoices) issueCredits(ctx context.Context, o order.Order, docs []Document) error {
	refunds, err := s.deps.Orders.Refunds().OfOrder(ctx, o.OrderNo)
	if err != nil {
		return err
	}
	of, credited := Document{}, map[string]bool{}
	for _, d := range docs { // the latest invoice is the one that stands
		if d.Kind == Invoice {
			of = d
		}
		credited[d.RefundNo] = true
	}
	for _, r := range refunds {
		if !wentBack(r) || credited[r.RefundNo] {
			continue
		}
		f := creditOf(of, o, r)
		if f.sums().Gross == 0 {
			continue // a surplus that had paid for no item
		}
		if err := s.insert(ctx, draft{
			kind:     CreditNote,
			order:    o,
			facts:    f,
			refundNo: r.RefundNo,
			of:       of.ID,
			already:  "invoice_refund_key",
		}); err != nil {
			return err
		}
	}
	return nil
}

// wentBack reports whether a refund has succeeded, whatever became of the transfer after that.
func wentBack(r order.Refund) bool {
	return r.SettledAt != nil && r.Status != payment.Failed && !r.Amount.IsZero()
}

// draft is a document without its number.
type draft struct {
	kind     Kind
	order    order.Order
	facts    Facts
	refundNo string
	of       int64  // the invoice that a credit note takes from
	replaces int64  // the invoice that an invoice replaces
	already  string // the constraint that another document of the same order or refund violates
}

// insert issues a document in a transaction of its own. If somebody else was faster, nothing is issued.
func (s *Invoices) insert(ctx context.Context, d draft) error {
	err := db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		return s.insertTx(ctx, tx, d)
	})
	if db.IsUnique(err, d.already) {
		return nil
	}
	return err
}

// insertTx takes the next number and inserts a document. Other documents of its kind and year wait until the
// transaction ends, so it has to be a short one.
func (s *Invoices) insertTx(ctx context.Context, tx pgx.Tx, d draft) error {
	body, err := json.Marshal(d.facts)
	if err != nil {
		return fmt.Errorf("facts of %s: %w", d.order.OrderNo, err)
	}
	now := s.deps.Now()
	year := now.In(s.Zone().Location()).Year()
	next, err := s.q.NextNumber(ctx, tx, dbsqlc.NextNumberParams{
		Kind: string(d.kind),
		Year: int32(year),
		At:   now,
	})
	if err != nil {
		return fmt.Errorf("next number of %s %d: %w", d.kind, year, err)
	}
	sums := d.facts.sums()
	arg := dbsqlc.InsertInvoiceParams{
		Kind:     string(d.kind),
		Year:     int32(year),
		Number:   next.Last,
		OrderNo:  d.order.OrderNo,
		UserID:   d.order.UserID,
		RefundNo: d.refundNo,
		Currency: d.order.Total.Currency,
		Net:      sums.Net,
		Tax:      sums.Tax,
		Gross:    sums.Gross,
		Facts:    body,
		IssuedAt: next.LastAt,
	}
	if d.of != 0 {
		arg.InvoiceID = &d.of
	}
	if d.replaces != 0 {
		arg.ReplacesID = &d.replaces
	}
	if err := s.q.InsertInvoice(ctx, tx, arg); err != nil {
		return fmt.Errorf("issue the %s of %s: %w", d.kind, d.order.OrderNo, err)
	}
	return nil
}
