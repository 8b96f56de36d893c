package invoice

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/tax"
)

// A buyer may correct the details of an invoice for CorrectWithin after the payment, mostCorrections times.
const (
	CorrectWithin   = 30 * 24 * time.Hour
	mostCorrections = 3
)

// Correctable reports whether the buyer may still correct the details of an order's invoice: nothing of the order is
// refunded, being refunded or disputed, and the time and the number of corrections are not used up.
func (s *Invoices) Correctable(o order.Order, docs []Document, refunds []order.Refund) bool {
	invoices := 0
	for _, d := range docs {
		if d.Kind == Invoice {
			invoices++
		}
	}
	return Billable(o) && invoices > 0 && invoices <= mostCorrections &&
		s.deps.Now().Before(o.PaidAt.Add(CorrectWithin)) &&
		!slices.ContainsFunc(refunds, func(r order.Refund) bool { return r.Status != payment.Failed })
}

// Standing reads a person's order and its latest invoice, if the details of that can be corrected. Errors:
// order.ErrNotFound; ErrLocked, together with the order.
func (s *Invoices) Standing(ctx context.Context, userID int64, orderNo string) (order.Order, Document, error) {
	o, err := s.deps.Orders.Get(ctx, userID, orderNo)
	if err != nil {
		return o, Document{}, err
	}
	docs, err := s.OfOrder(ctx, o.OrderNo)
	if err != nil {
		return o, Document{}, err
	}
	refunds, err := s.deps.Orders.Refunds().OfOrder(ctx, o.OrderNo)
	if err != nil {
		return o, Document{}, err
	}
	if !s.Correctable(o, docs, refunds) {
		return o, Document{}, ErrLocked.Because("order %s", o.OrderNo)
	}
	return o, docs[len(docs)-1], nil // a correction ends with its invoice, and there are no other credit notes
}

// Correct replaces the invoice of a person's order by one with other details of the buyer: a credit note takes the old
// one back as a whole, and both are issued in one transaction. The tax stays what was paid. Details that are written as
// the invoice has them change nothing. Errors: tax.ErrProfile with its fields, order.ErrNotFound, ErrLocked,
// ErrCountry.
func (s *Invoices) Correct(ctx context.Context, userID int64, orderNo string, p tax.Profile) error {
	p, err := tax.CheckProfile(p)
	if err != nil {
		return err
	}
	o, of, err := s.Standing(ctx, userID, orderNo)
	if err != nil {
		return err
	}
	if o.Tax.Mode != "" && p.Country != o.Tax.Country {
		return ErrCountry.With("country", ErrCountry.Slug)
	}
	buyer := buyerOf(p)
	if buyer.Name == "" {
		if buyer.Name, err = s.deps.Buyer(ctx, userID); err != nil {
			return fmt.Errorf("buyer of %s: %w", orderNo, err)
		}
	}
	if buyer.equal(of.Facts.Buyer) {
		return nil
	}
	err = db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error { return s.replaceTx(ctx, tx, o, of, buyer) })
	if db.IsUnique(err, "invoice_cancels_key") || db.IsCheck(err, "invoice_credit_within") {
		return ErrLocked.Because("a refund or a correction of %s came first: %w", orderNo, err)
	}
	return err
}

// replaceTx takes an invoice back and issues it again for another buyer. Credit notes are always numbered before
// invoices, so that two transactions never wait for each other's counters.
func (s *Invoices) replaceTx(ctx context.Context, tx pgx.Tx, o order.Order, of Document, buyer Party) error {
	issued := of.IssuedAt.UTC()
	back := of.Facts
	back.InvoiceNo, back.InvoicedAt = of.No(), &issued
	if err := s.insertTx(ctx, tx, draft{
		kind:  CreditNote,
		order: o,
		facts: back,
		of:    of.ID,
	}); err != nil {
		return err
	}
	again := back
	again.Buyer = buyer
	return s.insertTx(ctx, tx, draft{
		kind:     Invoice,
		order:    o,
		facts:    again,
		replaces: of.ID,
	})
}
