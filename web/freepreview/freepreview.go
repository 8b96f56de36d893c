// Package freepreview owns the page on which anybody watches the free minutes of a video. What is free is the
// catalogue's and playing it is mall/playback's; it refuses to hand out anything that plays.
package freepreview

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/inventory"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/playback"
	"videomall/views/address"
	previewview "videomall/views/freepreview"
	shopview "videomall/views/shop"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/page"
	"videomall/web/play"
	"videomall/web/price"
)

// Deps is what the page works with.
type Deps struct {
	Site         *page.Site
	Catalog      *catalog.Catalog
	Inventory    *inventory.Inventory
	Entitlements *entitlement.Entitlements
	Orders       *order.Orders
	Media        media.Media
	Playback     *playback.Playback
	PlusTax      bool // the prices are without tax
}

// Routes registers the page.
func Routes(g *echo.Group, d Deps) {
	g.GET("/try/:slug", d.Site.Handle(d.show))
}

// show plays what is free. Who may watch the video sees it instead, and a video that gives nothing away is shown on its
// own page.
func (d Deps) show(c *page.Ctx) error {
	ctx := c.Request().Context()
	product, err := d.Catalog.ProductBySlug(ctx, c.Param("slug"))
	if err != nil {
		return err
	}
	held, err := d.Entitlements.Owned(ctx, c.Viewer.UserID, []int64{product.SPUID})
	if err != nil {
		return err
	}
	if len(held[product.SPUID]) > 0 {
		return c.Redirect(address.Watch(product.Slug))
	}
	if product.FreeSeconds == 0 || product.AssetID == nil {
		return c.Redirect(address.Product(product.Slug))
	}
	asset, err := d.Media.Assets.ByID(ctx, *product.AssetID)
	if err != nil {
		return err
	}
	p := previewview.Page{Product: product, Video: d.video(c, product, asset), PlusTax: d.PlusTax}
	if p.Options, err = d.buyOptions(c, product); err != nil {
		return err
	}
	c.AdmitPlayer()
	c.Page.NoIndex = true
	c.Page.Unswapped = true
	title := c.Text.T("try.title", "Title", shopview.Title(c.Text, product.Card))
	return c.Render(http.StatusOK, title, previewview.Show(p))
}

func (d Deps) video(c *page.Ctx, product catalog.Product, asset media.Asset) ui.Video {
	f := ui.Video{
		Title:     shopview.Title(c.Text, product.Card),
		AuthURL:   play.FreeURL(product.Slug),
		Poster:    address.Cover(product.Cover, media.CoverLarge),
		BuyURL:    address.Product(product.Slug),
		SignInURL: "/sign-in?next=" + url.QueryEscape(address.Try(product.Slug)),
		Autoplay:  true,
		Sounds:    len(asset.Sounds) > 0,
	}
	f.Captions, f.Chapters = play.Beside(d.Playback.FreeExtras(asset, product.FreeSeconds), c.Text.Lang == text.ZhCN)
	return f
}

// buyOptions are the SKUs that can be bought now, at what this viewer pays.
func (d Deps) buyOptions(c *page.Ctx, product catalog.Product) ([]previewview.BuyOption, error) {
	left, err := d.Inventory.Available(c.Request().Context(), product.LimitedSKUs())
	if err != nil {
		return nil, err
	}
	running, err := d.Orders.RunningSales(c.Request().Context(), c.Viewer.UserID, product.SKUs)
	if err != nil {
		return nil, err
	}
	var options []previewview.BuyOption
	for n, k := range price.SKUs(c, product.SKUs) {
		if k.Price == nil {
			continue
		}
		switch sale := price.Sale(c, running[k.ID], product.SKUs[n].Price.Amount); {
		case sale.Sells():
			options = append(options, previewview.BuyOption{SKU: k, Price: sale.Amount})
		case !k.StockLimited || left[k.ID] > 0:
			options = append(options, previewview.BuyOption{SKU: k, Price: k.Price.Amount})
		}
	}
	return options, nil
}
