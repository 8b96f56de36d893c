package mailing

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"videomall/mall"
	"videomall/mall/invoice"
	"videomall/mall/mail"
	"videomall/mall/notice"
	"videomall/mall/order"
	"videomall/views/mails"
	"videomall/views/text"
)

// orderKinds are the mails to buyers about orders.
var orderKinds = map[string]kind{
	notice.Receipt:       about(mail.TopicOrders, readReceipt, writeReceipt, sampleReceipt),
	notice.Refund:        about(mail.TopicOrders, readRefund, writeRefund, sampleRefund),
	notice.AccessGranted: about(mail.TopicOrders, readAccess, writeAccess, sampleOrder),
}

// receipt is a paid order, with its document if there is one.
type receipt struct {
	order order.Order
	doc   *invoice.Document
}

// documentIn is how long a receipt waits for its document, which is issued when the order is delivered.
const documentIn = 2 * time.Minute

// readReceipt reads an order and issues its document if its job has not come to that yet. A mail is sent without the
// document if there is none after documentIn.
func readReceipt(ctx context.Context, c *Composer, m *mall.Mall, to mail.Mail, a notice.About) (r receipt, err error) {
	if r.order, err = m.Orders.Get(ctx, to.UserID, a.OrderNo); err != nil {
		return r, err
	}
	if r.order.PaidAt == nil {
		return r, mail.ErrMoot
	}
	if !invoice.Billable(r.order) {
		return r, nil
	}
	late := c.deps.Now().Sub(*r.order.PaidAt) > documentIn
	docs, err := documents(ctx, m, a.OrderNo)
	switch {
	case err != nil && late:
		c.lacks(ctx, r.order, err)
	case err != nil:
		return r, err
	case len(docs) == 0 && !late:
		return r, mail.ErrNotYet
	}
	for _, d := range docs { // the latest invoice is the one that stands
		if d.Kind == invoice.Invoice {
			r.doc = &d
		}
	}
	return r, nil
}

func documents(ctx context.Context, m *mall.Mall, orderNo string) ([]invoice.Document, error) {
	if err := m.Invoices.Issue(ctx, orderNo); err != nil {
		return nil, err
	}
	return m.Invoices.OfOrder(ctx, orderNo)
}

// lacks says in the log that a receipt goes out without its document.
func (c *Composer) lacks(ctx context.Context, o order.Order, err error) {
	if c.deps.Log != nil {
		c.deps.Log.ErrorContext(ctx, "a receipt is mailed without its document",
			slog.String("order", o.OrderNo), slog.Any("error", err))
	}
}

func writeReceipt(c *Composer, t *text.Printer, r receipt) mails.Body {
	o := r.order
	facts := append(lines(t, o), totals(t, o, t.T("mail.total_paid"))...)
	if o.PaidAt != nil {
		facts = append(facts, mails.Fact{Label: t.T("mail.paid_at"), Value: t.DateTime(*o.PaidAt)})
	}
	b := mails.Body{
		Subject:    t.T("mail.receipt_subject", "Sum", t.Money(o.Total)),
		Title:      t.T("mail.receipt_title"),
		Paragraphs: []string{t.T("mail.receipt_body", "Sum", t.Money(o.Total))},
		Facts:      facts,
		Button:     c.page(t.T("mail.see_order"), "/orders/"+o.OrderNo),
		Reason:     t.T("mail.reason_order"),
	}
	b.Attachments = c.attach(t, r)
	key := "mail.receipt_on_page"
	if len(b.Attachments) > 0 {
		key = "mail.receipt_attached"
	}
	b.Paragraphs = append(b.Paragraphs, t.T(key))
	if o.Status == order.Delivered {
		b.Notes = []string{t.T("mail.receipt_note")}
	}
	return b
}

// attach draws the document of a receipt. A mail goes without one that can't be drawn.
func (c *Composer) attach(t *text.Printer, r receipt) []mail.Attachment {
	if r.doc == nil || c.deps.PDF == nil {
		return nil
	}
	body, err := c.deps.PDF(t, *r.doc)
	if err != nil {
		c.lacks(context.Background(), r.order, err)
		return nil
	}
	return []mail.Attachment{{Name: r.doc.No() + ".pdf", Type: "application/pdf", Data: body}}
}

// lines are what was bought, each with what was paid for it.
func lines(t *text.Printer, o order.Order) (facts []mails.Fact) {
	for _, i := range o.Items {
		facts = append(facts, mails.Fact{Label: itemName(t, i), Value: t.Money(i.Net())})
	}
	return facts
}

func itemName(t *text.Printer, i order.Item) string {
	name := t.Of(i.Title) + " · " + t.SKU(i.Kind, i.Quality, i.RentHours)
	if i.Quantity > 1 {
		name += fmt.Sprintf(" × %d", i.Quantity)
	}
	return name
}

// totals are the sum of an order, the tax in it, and its number.
func totals(t *text.Printer, o order.Order, label string) []mails.Fact {
	facts := []mails.Fact{{Label: label, Value: t.Money(o.Total)}}
	if !o.Tax.Amount.IsZero() {
		facts = append(facts, mails.Fact{
			Label: t.T("mail.tax_in_it", "Name", cmp.Or(o.Tax.Name, t.T("tax.title"))),
			Value: t.Money(o.Tax.Amount),
		})
	}
	return append(facts, mails.Fact{Label: t.T("order.number"), Value: o.OrderNo})
}

// refund is a refund with its order.
type refund struct {
	order  order.Order
	refund order.Refund
}

func readRefund(ctx context.Context, _ *Composer, m *mall.Mall, to mail.Mail, a notice.About) (r refund, err error) {
	if r.order, err = m.Orders.Get(ctx, to.UserID, a.OrderNo); err != nil {
		return r, err
	}
	all, err := m.Orders.Refunds().OfOrder(ctx, a.OrderNo)
	if err != nil {
		return r, err
	}
	for _, one := range all {
		if one.RefundNo == a.RefundNo && one.SettledAt != nil && one.Status != "failed" {
			r.refund = one
			return r, nil
		}
	}
	return r, mail.ErrMoot
}

// refundWhy are the causes of refunds that have words of their own.
var refundWhy = map[string]string{
	"paid_after_close": "mail.refund_late",
	"paid_twice":       "mail.refund_twice",
	"already_owned":    "mail.refund_owned",
	"channel":          "mail.refund_bank",
	"dispute":          "mail.refund_bank",
}

func writeRefund(c *Composer, t *text.Printer, r refund) mails.Body {
	sum := t.Money(r.refund.Amount)
	var facts []mails.Fact
	ended := false
	for _, share := range r.refund.Items {
		if i, ok := r.order.Item(share.ItemID); ok {
			facts = append(facts, mails.Fact{Label: itemName(t, i), Value: t.Money(share.Amount)})
			// whoever owns it by another order goes on watching
			ended = ended || i.RevokedAt != nil && refundWhy[r.refund.Cause] != "mail.refund_owned"
		}
	}
	facts = append(facts,
		mails.Fact{Label: t.T("mail.total_refunded"), Value: sum},
		mails.Fact{Label: t.T("order.number"), Value: r.order.OrderNo})
	if r.refund.SettledAt != nil {
		facts = append(facts, mails.Fact{Label: t.T("mail.when"), Value: t.DateTime(*r.refund.SettledAt)})
	}
	notes := []string{t.T("mail.refund_note")}
	if ended {
		notes = append(notes, t.T("mail.refund_ended"))
	}
	return mails.Body{
		Subject:    t.T("mail.refund_subject", "Sum", sum),
		Title:      t.T("mail.refund_title"),
		Paragraphs: []string{t.T(cmp.Or(refundWhy[r.refund.Cause], "mail.refund_body"), "Sum", sum)},
		Facts:      facts,
		Button:     c.page(t.T("mail.see_order"), "/orders/"+r.order.OrderNo),
		Notes:      notes,
		Reason:     t.T("mail.reason_order"),
	}
}

func readAccess(ctx context.Context, _ *Composer, m *mall.Mall, to mail.Mail, a notice.About) (order.Order, error) {
	o, err := m.Orders.Get(ctx, to.UserID, a.OrderNo)
	if err == nil && o.Status != order.Delivered {
		err = mail.ErrMoot
	}
	return o, err
}

func writeAccess(c *Composer, t *text.Printer, o order.Order) mails.Body {
	var facts []mails.Fact
	for _, i := range o.Items {
		if i.GrantedAt != nil && i.RevokedAt == nil {
			facts = append(facts, mails.Fact{Label: t.Of(i.Title), Value: t.SKU(i.Kind, i.Quality, i.RentHours*i.Quantity)})
		}
	}
	return mails.Body{
		Subject:    t.T("mail.access_granted_subject"),
		Title:      t.T("mail.access_granted_title"),
		Paragraphs: []string{t.T("mail.access_granted_body")},
		Facts:      append(facts, mails.Fact{Label: t.T("order.number"), Value: o.OrderNo}),
		Button:     c.page(t.T("mail.see_library"), "/library"),
		Reason:     t.T("mail.reason_order"),
	}
}
