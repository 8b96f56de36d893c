package checkout

import (
	"cmp"
	"net/url"

	"videomall/web/page"

	checkoutview "videomall/views/checkout"
)

// buyer says where the shopper is taxed, for the choice at the checkout; nil if nothing is taxed.
func (d Deps) buyer(c *page.Ctx, p checkoutview.CheckoutPage) (*checkoutview.Buyer, error) {
	if d.Taxes == nil || p.Quote.Subtotal.IsZero() {
		return nil, nil
	}
	ctx := c.Request().Context()
	if any, err := d.Taxes.Any(ctx); err != nil || !any {
		return nil, err
	}
	profile, err := d.Taxes.Profile(ctx, c.Viewer.UserID)
	if err != nil {
		return nil, err
	}
	next := "/checkout"
	if p.Coupon.Code != "" {
		next += "?coupon=" + url.QueryEscape(p.Coupon.Code)
	}
	return &checkoutview.Buyer{
		Country: cmp.Or(profile.Country, d.Taxes.Shop().Country),
		VATID:   profile.VATID,
		Next:    next,
	}, nil
}
