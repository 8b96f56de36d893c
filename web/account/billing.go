package account

import (
	"errors"
	"net/http"

	"videomall/mall/fault"
	"videomall/mall/tax"
	accountview "videomall/views/account"
	"videomall/views/ui"
	"videomall/web/page"
)

// billing shows the form of one's billing details.
func (h handlers) billing(c *page.Ctx) error {
	p, err := h.Taxes.Profile(c.Request().Context(), c.Viewer.UserID)
	if err != nil {
		return err
	}
	if p.Country == "" {
		p.Country = h.Taxes.Shop().Country
	}
	return h.showBilling(c, http.StatusOK, accountview.BillingPage{Profile: p})
}

func (h handlers) showBilling(c *page.Ctx, status int, p accountview.BillingPage) error {
	p.Next = c.Next("")
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("billing.title"), accountview.Billing(p))
}

func (h handlers) saveBilling(c *page.Ctx) error {
	return h.keepBilling(c, tax.Profile{
		Country: c.FormValue("country"),
		Company: c.FormValue("company"),
		Address: c.FormValue("address"),
		VATID:   c.FormValue("vat_id"),
	})
}

// saveCountry changes only the country, for the choice at the checkout.
func (h handlers) saveCountry(c *page.Ctx) error {
	p, err := h.Taxes.Profile(c.Request().Context(), c.Viewer.UserID)
	if err != nil {
		return err
	}
	p.Country = c.FormValue("country")
	return h.keepBilling(c, p)
}

// keepBilling saves what was typed, or shows beside the fields what is wrong with it.
func (h handlers) keepBilling(c *page.Ctx, p tax.Profile) error {
	err := h.Taxes.SaveProfile(c.Request().Context(), c.Viewer.UserID, p)
	if errors.Is(err, tax.ErrProfile) {
		return h.showBilling(c, http.StatusUnprocessableEntity, accountview.BillingPage{
			Profile: p,
			Errors:  fault.From(err).Fields,
		})
	}
	if err != nil {
		return err
	}
	next := c.Next("/account/billing")
	if next == "/account/billing" {
		c.Flash(ui.Success, "billing_saved")
	}
	return c.Redirect(next)
}
