package checkout

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"videomall/mall/order"
	"videomall/mall/partner"
	checkoutview "videomall/views/checkout"
	"videomall/web/page"
)

// followLink leads from a partner's page to the checkout. A link that leads nowhere says so here, before anybody is
// asked to sign in. Errors: partner.ErrNoLink.
func (d Deps) followLink(c *page.Ctx) error {
	link, err := d.link(c, c.Param("token"))
	if err != nil {
		return d.linkFailed(c, link, err)
	}
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Redirect("/checkout?link=" + url.QueryEscape(link.Token))
}

// link returns the link of a token; nil without a token. With partner.ErrLinkOver it returns the link too. Errors:
// partner.ErrNoLink, partner.ErrLinkOver.
func (d Deps) link(c *page.Ctx, token string) (*partner.Link, error) {
	if token == "" || d.Links == nil {
		return nil, nil
	}
	link, err := d.Links(c.Request().Context(), token)
	if err != nil && !errors.Is(err, partner.ErrLinkOver) {
		return nil, err
	}
	return &link, err
}

// linkFailed answers for a link that can't be followed. Whoever has an order from it gets there; others see a page that
// says that they come too late. Errors: the given one, unless it is partner.ErrLinkOver.
func (d Deps) linkFailed(c *page.Ctx, link *partner.Link, err error) error {
	if !errors.Is(err, partner.ErrLinkOver) {
		return err
	}
	if c.Viewer.SignedIn() {
		o, found, err := d.Orders.ByLink(c.Request().Context(), c.Viewer.UserID, link.ID)
		if err != nil {
			return err
		}
		if found {
			return c.Redirect(orderURL(o.OrderNo))
		}
	}
	quote, _, err := d.quote(c, linked(link))
	if err != nil {
		return err
	}
	p := checkoutview.LinkOverPage{Partner: link.Partner}
	if offer := quote.Lines[0].Offer; offer.SKUID != 0 {
		p.Video = "/v/" + offer.Slug
	}
	c.Response().Header().Set("Cache-Control", "private, no-store")
	c.Page.NoIndex = true
	return c.Render(http.StatusGone, c.Text.T("checkout.link_over"), checkoutview.LinkOver(p))
}

// orderOf returns the order that a buyer has from a link, and the key of the order that they may place by it. One who
// comes again, by the browser's history or from another window, has the same key, and so makes no second order. An
// order that was closed unpaid counts no longer: after it comes another key, and o is nil.
func (d Deps) orderOf(c *page.Ctx, link *partner.Link) (o *order.Order, key string, err error) {
	key = fmt.Sprintf("link-%d", link.ID)
	before, found, err := d.Orders.ByLink(c.Request().Context(), c.Viewer.UserID, link.ID)
	if err != nil || !found {
		return nil, key, err
	}
	if before.Status == order.Closed {
		return nil, key + "-after-" + before.OrderNo, nil
	}
	return &before, "", nil
}

// keyUsed leads on from a form whose key has made an order of other values: to the order of the link, if the buyer came
// by one.
func (d Deps) keyUsed(c *page.Ctx, link *partner.Link) error {
	to := "/orders"
	if link != nil {
		o, found, err := d.Orders.ByLink(c.Request().Context(), c.Viewer.UserID, link.ID)
		if err != nil {
			return err
		}
		if found {
			to = orderURL(o.OrderNo)
		}
	}
	return c.Redirect(to)
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
