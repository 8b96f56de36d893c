package account

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"videomall/mall/partner"
	accountview "videomall/views/account"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// PartnerRoutes registers the page of the people who own a partner of the mall: its keys with their last use, and the
// button that ends one at once.
func PartnerRoutes(g *echo.Group, site *page.Site, partners *partner.Partners) {
	own := page.Guarded(g, "/account", site.RequireUser)
	own.GET("/partners", site.Handle(func(c *page.Ctx) error { return showPartners(c, partners) }))
	own.POST("/partners/:id/keys/:key/end", site.Handle(func(c *page.Ctx) error { return endPartnerKey(c, partners) }))
}

// showPartners shows what the viewer owns; to everybody else it does not exist.
func showPartners(c *page.Ctx, partners *partner.Partners) error {
	ctx := c.Request().Context()
	owned, err := partners.Of(ctx, c.Viewer.UserID)
	if err != nil {
		return err
	}
	if len(owned) == 0 {
		return page.ErrNotFound.Because("account %d owns no partner", c.Viewer.UserID)
	}
	p := accountview.Partners{Now: c.Now}
	for _, one := range owned {
		keys, err := partners.Keys(ctx, one.ID)
		if err != nil {
			return err
		}
		p.Owned = append(p.Owned, accountview.OwnedPartner{Partner: one, Keys: keys})
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("partner.own"), accountview.PartnersPage(p))
}

func endPartnerKey(c *page.Ctx, partners *partner.Partners) error {
	err := partners.EndOwnKey(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")),
		formvalue.ID(c.Param("key")))
	switch {
	case err == nil:
		c.Flash(ui.Success, "partner_key_ended")
	case errors.Is(err, partner.ErrEnded):
		c.Flash(ui.Info, "partner_key_over")
	default:
		return err
	}
	return c.Redirect("/account/partners")
}
