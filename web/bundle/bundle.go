// Package bundle owns the page of a bundle and its button, and the hint that leads there. It refuses to price and to
// decide what its visitor has already: orders do.
package bundle

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/promotion"
	bundleview "videomall/views/bundle"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site       *page.Site
	Promotions *promotion.Promotions
	Orders     *order.Orders
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	g.GET("/bundles/:id", d.Site.Handle(d.show))
	g.POST("/bundles/:id/buy", d.Site.Handle(d.buy), d.Site.RequireUser)
}

// mostHints bounds the bundles that a video's page names.
const mostHints = 3

// Hints are the bundles that hold a video and can be bought by the viewer, in the currency of the viewer.
func Hints(p *promotion.Promotions, o *order.Orders) func(c *page.Ctx, spuID int64) ([]order.BundleQuote, error) {
	return func(c *page.Ctx, spuID int64) ([]order.BundleQuote, error) {
		bundles, err := p.BundlesWith(c.Request().Context(), []int64{spuID}, mostHints)
		if err != nil {
			return nil, err
		}
		quotes, err := quote(c, o, bundles)
		if err != nil {
			return nil, err
		}
		var buyable []order.BundleQuote
		for _, q := range quotes {
			if q.Problem == "" {
				buyable = append(buyable, q)
			}
		}
		return buyable, nil
	}
}

// quote prices bundles in the currency of the viewer, or as they are if one of them can't be converted.
func quote(c *page.Ctx, o *order.Orders, bundles []promotion.Bundle) ([]order.BundleQuote, error) {
	ctx := c.Request().Context()
	quotes, err := o.QuoteBundles(ctx, c.Viewer.UserID, c.Currency(), bundles)
	if errors.Is(err, order.ErrCurrency) {
		return o.QuoteBundles(ctx, c.Viewer.UserID, "", bundles)
	}
	return quotes, err
}

func (d Deps) show(c *page.Ctx) error {
	p, err := d.page(c)
	if err != nil {
		return err
	}
	p.Key = rand.Text()
	return d.render(c, http.StatusOK, p)
}

// page quotes the bundle for its visitor. One that has ended is shown to whoever comes by an old link.
func (d Deps) page(c *page.Ctx) (bundleview.Page, error) {
	b, err := d.Promotions.Bundle(c.Request().Context(), formvalue.ID(c.Param("id")))
	if err != nil {
		return bundleview.Page{}, err
	}
	quotes, err := quote(c, d.Orders, []promotion.Bundle{b})
	if err != nil {
		return bundleview.Page{}, err
	}
	return bundleview.Page{
		Quote:    quotes[0],
		SignedIn: c.Viewer.SignedIn(),
		Problem:  c.Explain(quotes[0].Problem),
		Policy:   d.Orders.Policy(),
	}, nil
}

func (d Deps) render(c *page.Ctx, status int, p bundleview.Page) error {
	name := bundleview.Name(c.Text, p.Quote.Bundle)
	c.Page.Canonical = c.PublicURL(bundleview.URL(p.Quote.Bundle.ID))
	c.Page.Description = c.Text.T("bundle.description", "Name", name)
	c.Page.NoIndex = p.Problem != ""
	return c.Render(status, name, bundleview.View(p))
}

// buy orders what its buyer lacks of the bundle at the sum that was shown, once a rendered page. What keeps it from
// being ordered is said on the page, beside how it stands now.
func (d Deps) buy(c *page.Ctx) error {
	p, err := d.page(c)
	if err != nil {
		return err
	}
	amount, err := strconv.ParseInt(c.FormValue("total"), 10, 64)
	if err != nil {
		return page.ErrBadRequest(err)
	}
	total := money.Of(amount, c.FormValue("currency"))
	placed, _, err := d.Orders.Place(c.Request().Context(), order.PlaceRequest{
		UserID:         c.Viewer.UserID,
		IdempotencyKey: c.FormValue("key"),
		BundleID:       p.Quote.Bundle.ID,
		ExpectTotal:    &total,
		Currency:       total.Currency, // as it was shown
	})
	f := fault.From(err)
	switch {
	case err == nil:
		return c.Redirect("/orders/" + placed.OrderNo)
	case errors.Is(err, order.ErrKeyReused):
		c.Flash(ui.Info, "checkout_used")
		return c.Redirect("/orders")
	case errors.Is(err, order.ErrPriceChanged):
		p.Refused = c.Text.T("bundle.price_moved")
	case f.Kind == fault.Invalid || f.Kind == fault.Conflict:
		_, p.Refused = page.Words(c.Text, f, http.StatusConflict)
	default:
		return err
	}
	p.Key = c.FormValue("key") // this page and the one before it can make one order only
	return d.render(c, http.StatusConflict, p)
}
