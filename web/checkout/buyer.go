package checkout

import (
	"net/url"

	checkoutview "videomall/views/checkout"
)

// buyer says where the shopper is taxed, for the choice at the checkout; nil if nothing is taxed.
func buyer(p checkoutview.CheckoutPage) *checkoutview.Buyer {
	if p.Quote.Tax.Mode == "" || p.Quote.Subtotal.IsZero() {
		return nil
	}
	next := "/checkout"
	if p.Coupon.Code != "" {
		next += "?coupon=" + url.QueryEscape(p.Coupon.Code)
	}
	return &checkoutview.Buyer{
		Country: p.Quote.Tax.Country,
		VATID:   p.Quote.Billing.VATID,
		Next:    next,
	}
}
