package checkout

import (
	checkoutview "videomall/views/checkout"
)

// buyer says where the shopper is taxed, for the choice at the checkout; nil if nothing is taxed.
func buyer(p checkoutview.CheckoutPage) *checkoutview.Buyer {
	if p.Quote.Tax.Mode == "" || p.Quote.Subtotal.IsZero() {
		return nil
	}
	return &checkoutview.Buyer{
		Country: p.Quote.Tax.Country,
		VATID:   p.Quote.Billing.VATID,
		Next:    p.Again(),
	}
}
