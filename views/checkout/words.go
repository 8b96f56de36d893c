// Package checkout draws the cart, the checkout, one's orders and a single order. It takes quotes and orders as the
// business hands them out and decides how they read; it refuses to work out prices or states.
package checkout

import (
	"strconv"
	"time"

	"videomall/mall/order"
	"videomall/views/address"
	"videomall/views/text"
	"videomall/views/ui"
)

func lineTitle(t *text.Printer, l order.QuoteLine) string {
	if l.Offer.SKUID == 0 {
		return t.T("cart.unknown_title")
	}
	return t.Of(l.Offer.Title)
}

// problem says why a line can't be bought.
func problem(t *text.Printer, l order.QuoteLine) string {
	switch {
	case l.Problem == order.ErrQuantity.Slug:
		return t.N("problem.quantity_over_limit", l.Offer.MaxPerOrder)
	case t.Has("problem." + l.Problem):
		return t.T("problem." + l.Problem)
	}
	return t.T("problem.other")
}

func cover(name string) ui.Image {
	return ui.Image{URL: address.CoverSet(name), Sizes: "(min-width: 40rem) 176px, 112px"}
}

func orderURL(orderNo string) string { return "/orders/" + orderNo }

func id(n int64) string { return strconv.FormatInt(n, 10) }

// secondsLeft is what remains until t, never less than 0.
func secondsLeft(t, now time.Time) int { return max(0, int(t.Sub(now).Round(time.Second)/time.Second)) }

func providerOptions(t *text.Printer, names []string) []ui.Option {
	options := make([]ui.Option, len(names))
	for i, name := range names {
		options[i] = ui.Option{Value: name, Label: t.Provider(name)}
		if key := "provider." + name + "_hint"; t.Has(key) {
			options[i].Hint = t.T(key)
		}
	}
	return options
}
