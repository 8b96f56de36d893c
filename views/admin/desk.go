package admin

import (
	"slices"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/views/text"
	"videomall/views/ui"
)

func disputeTone(status string) ui.Tone {
	switch status {
	case payment.DisputeIsWon:
		return ui.Success
	case payment.DisputeIsLost:
		return ui.Error
	}
	return ui.Warning
}

func askedTone(status string) ui.Tone {
	switch status {
	case order.AskApproved:
		return ui.Success
	case order.AskRequested:
		return ui.Warning
	}
	return ui.Plain
}

// itemTitle is the title of an item of an order; empty if the order has no such item.
func itemTitle(t *text.Printer, o order.Order, itemID int64) string {
	for _, i := range o.Items {
		if i.ID == itemID {
			return title(t, i)
		}
	}
	return ""
}

// leftOfItem is what of an item's price has not gone back.
func leftOfItem(o order.Order, itemID int64) money.Money {
	for _, i := range o.Items {
		if i.ID == itemID {
			return money.Of(i.Net().Amount-i.Refunded.Amount, i.Amount.Currency)
		}
	}
	return money.Of(0, o.Total.Currency)
}

// byNumber finds refunds by their numbers.
func byNumber(refunds []order.Refund) map[string]order.Refund {
	m := make(map[string]order.Refund, len(refunds))
	for _, r := range refunds {
		m[r.RefundNo] = r
	}
	return m
}

// refusal is what is wrong with a form, what the form is called, and the field of it to go to; "" if it is gone.
type refusal struct{ says, form, at string }

// refused is the draft of the page that can't be done; empty if there is none.
func (p OrderPage) refused(t *text.Printer) refusal {
	var r refusal
	shown := false
	switch d := p.Drafts; {
	case d.Refund.wrong() != "":
		r = refusal{
			says: d.Refund.wrong(),
			form: t.T("admin.refund"),
			at:   "refund",
		}
		shown = p.refundable()
	case d.Decision.wrong() != "":
		r = refusal{
			says: d.Decision.wrong(),
			form: t.T("refund.approve") + " / " + t.T("refund.decline"),
			at:   "answer-" + id(d.Decision.ID),
		}
		shown = slices.ContainsFunc(p.Asked, func(a order.Asked) bool {
			return a.ID == d.Decision.ID && a.Status == order.AskRequested
		})
	case d.Transfer.Error != "":
		r = refusal{
			says: d.Transfer.Error,
			form: t.T("refund.transfer"),
			at:   "reference-" + d.Transfer.RefundNo,
		}
		shown = slices.ContainsFunc(p.Refunds, func(b order.Refund) bool {
			return b.RefundNo == d.Transfer.RefundNo && b.Status == payment.Returned
		})
	}
	if !shown {
		r.at = ""
	}
	return r
}

// Shows reports whether the page has the form that was refused.
func (p RefundDeskPage) Shows() bool {
	return slices.ContainsFunc(p.Asked, func(a order.Asked) bool { return a.ID == p.Decision.ID }) ||
		slices.ContainsFunc(p.Returned, func(r order.Refund) bool { return r.RefundNo == p.Transfer.RefundNo })
}
