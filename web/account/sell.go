package account

import (
	"net/http"

	"videomall/mall/account"
	"videomall/mall/catalog/listing"
	"videomall/mall/money"
	"videomall/web/page"

	accountview "videomall/views/account"
)

// sell is the page for people who consider selling: what selling is, and the reader's next step.
func (h handlers) sell(c *page.Ctx) error { return h.showSell(c, http.StatusOK, nil) }

// showSell draws it. The form can be one that was refused, with what was typed and what is wrong with it.
func (h handlers) showSell(c *page.Ctx, status int, form *accountview.Creator) error {
	c.Page.Canonical = c.PublicURL("/sell")
	p := accountview.SellPage{
		FeeRate:    h.Terms.FeeRate,
		Clearing:   h.Terms.ClearingDays(),
		PayoutWait: h.Terms.WaitHours(),
		MinPayout:  money.Of(h.Terms.MinPayout, listing.Currency),
	}
	switch {
	case !c.Viewer.SignedIn():
		p.Standing = accountview.Guest
	case c.Viewer.Is(account.RoleCreator):
		p.Standing = accountview.IsCreator
	case c.Viewer.Is(account.RoleOperator):
		p.Standing = accountview.Operator
	default:
		p.Standing = accountview.Shopper
		var err error
		if form == nil {
			form, err = h.creator(c)
		}
		if err != nil {
			return err
		}
		if form == nil {
			p.Standing = accountview.Decided
		} else {
			p.Form = *form
		}
	}
	c.Page.Unswapped = true
	c.Page.Description = c.Text.T("sell.description")
	return c.Render(status, c.Text.T("sell.title"), accountview.Sell(p))
}
