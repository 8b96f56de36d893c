// Package sales draws the creator's pages of what was sold, to whom, and what was said of it.
package sales

import (
	"videomall/mall/money"
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

// skuName is how an item was bought: "Rent, 48 h, HD · 2 ×".
func skuName(t *text.Printer, kind, quality string, hours, quantity int) string {
	s := t.SKU(kind, quality, hours)
	if quantity > 1 {
		s += " · " + t.Number(quantity) + " ×"
	}
	return s
}
