package checkout

import (
	"net/url"
	"slices"

	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/web/page"
)

// followLink leads from a partner's page to the checkout. A link that leads nowhere says so here, before anybody is
// asked to sign in. Errors: partner.ErrNoLink, partner.ErrLinkOver.
func (d Deps) followLink(c *page.Ctx) error {
	link, err := d.Links(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Redirect("/checkout?link=" + url.QueryEscape(link.Token))
}

// link returns the link of a token; nil without a token. Errors: those of followLink.
func (d Deps) link(c *page.Ctx, token string) (*partner.Link, error) {
	if token == "" || d.Links == nil {
		return nil, nil
	}
	link, err := d.Links(c.Request().Context(), token)
	if err != nil {
		return nil, err
	}
	return &link, nil
}

// linked are the lines of a checkout that a link leads to: one of its SKU, whatever is in the cart.
func linked(l *partner.Link) []order.Line { return []order.Line{{SKUID: l.SKUID, Quantity: 1}} }

// referral is what an order remembers of the link by which its buyer came; nil without one. Errors: 400 for an order of
// something else than the link leads to.
func referral(l *partner.Link, lines []order.Line) (*order.Referral, error) {
	if l == nil {
		return nil, nil
	}
	if !slices.Equal(lines, linked(l)) {
		return nil, page.ErrBadRequest(nil)
	}
	return &order.Referral{
		PartnerID: l.PartnerID,
		LinkID:    l.ID,
		Reference: l.Reference,
	}, nil
}
