package mailing

import (
	"context"
	"errors"
	"time"

	"videomall/mall"
	"videomall/mall/entitlement"
	"videomall/mall/mail"
	"videomall/mall/notice"
	"videomall/mall/order"
	"videomall/views/mails"
	"videomall/views/text"
)

// reminderKinds are the mails to buyers about what ends soon.
var reminderKinds = map[string]kind{
	notice.OrderWaiting: about(mail.TopicReminders, readWaiting, writeWaiting, sampleOrder),
	notice.RentalEnding: about(mail.TopicReminders, readRental, writeRental, sampleRental),
}

func readWaiting(ctx context.Context, c *Composer, m *mall.Mall, to mail.Mail, a notice.About) (order.Order, error) {
	o, err := m.Orders.Get(ctx, to.UserID, a.OrderNo)
	if err == nil && (o.Status != order.PendingPay || !o.PayBefore.After(c.deps.Now())) {
		err = mail.ErrMoot
	}
	return o, err
}

func writeWaiting(c *Composer, t *text.Printer, o order.Order) mails.Body {
	return mails.Body{
		Subject:    t.T("mail.order_waiting_subject"),
		Title:      t.T("mail.order_waiting_title"),
		Paragraphs: []string{t.T("mail.order_waiting_body", "When", t.DateTime(o.PayBefore))},
		Facts:      append(lines(t, o), totals(t, o, t.T("order.total"))...),
		Button:     c.page(t.T("mail.order_waiting_button"), "/orders/"+o.OrderNo),
		Notes:      []string{t.T("mail.order_waiting_note")},
		Reason:     t.T("mail.reason_order"),
	}
}

// rental is a rental that ends, with the line of the order that gave it.
type rental struct {
	item order.Item
	ends time.Time
}

func readRental(ctx context.Context, c *Composer, m *mall.Mall, to mail.Mail, a notice.About) (r rental, err error) {
	e, err := m.Entitlements.ByID(ctx, a.EntitlementID)
	if errors.Is(err, entitlement.ErrNotEntitled) {
		return r, mail.ErrMoot
	}
	if err != nil {
		return r, err
	}
	if e.UserID != to.UserID || e.RevokedAt != nil || e.ExpiresAt == nil || !e.ExpiresAt.After(c.deps.Now()) {
		return r, mail.ErrMoot
	}
	r.ends = *e.ExpiresAt
	o, err := m.Orders.Get(ctx, to.UserID, e.Reference)
	for _, i := range o.Items {
		if i.SKUID == e.SKUID {
			r.item = i
		}
	}
	return r, err
}

func writeRental(c *Composer, t *text.Printer, r rental) mails.Body {
	title := t.Of(r.item.Title)
	return mails.Body{
		Subject:    t.T("mail.rental_ending_subject"),
		Title:      t.T("mail.rental_ending_title"),
		Paragraphs: []string{t.T("mail.rental_ending_body", "Title", title, "When", t.DateTime(r.ends))},
		Button:     c.page(t.T("mail.rental_ending_button"), "/watch/"+r.item.Slug),
		Reason:     t.T("mail.reason_rental"),
	}
}
