// Package sales draws the creator's pages of what was sold, to whom, and what was said of it.
package sales

import (
	"slices"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/views/text"
)

// name stands in for somebody who has left.
func name(t *text.Printer, s string) string {
	if s == "" {
		return t.T("sales.gone")
	}
	return s
}

func refunded(t *text.Printer, m money.Money) string {
	if m.IsZero() {
		return "—"
	}
	return t.Money(m)
}

// unrefunded is what is left of an item's price, less what is on its way back.
func (p OrderPage) unrefunded(i order.Item) money.Money {
	return money.Of(i.Untaxed().Amount-i.RefundedUntaxed().Amount-p.Pending[i.ID], i.Amount.Currency)
}

// amountHint says what an amount is for, and that it has the tax in it if there is any: items are listed without.
func amountHint(t *text.Printer, o order.Order) string {
	hint := t.T("refund.amount_hint")
	if slices.ContainsFunc(o.Items, func(i order.Item) bool { return !i.Tax.Amount.IsZero() }) {
		hint += t.T("sales.amount_tax")
	}
	return hint
}

// skuName is how an item was bought: "Rent, 48 h, HD · 2 ×".
func skuName(t *text.Printer, kind, quality string, hours, quantity int) string {
	s := t.SKU(kind, quality, hours)
	if quantity > 1 {
		s += " · " + t.Number(quantity) + " ×"
	}
	return s
}
