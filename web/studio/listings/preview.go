package listings

import (
	"net/http"

	"videomall/mall/catalog/listing"
	"videomall/views/address"
	"videomall/web/page"

	shopview "videomall/views/shop"
	listingview "videomall/views/studio/listings"
)

// preview draws the page of the shop from the revision, with nothing on it that could be bought.
func (d Deps) preview(c *page.Ctx) error {
	e, err := d.editing(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	product, err := d.Listings.Preview(ctx, e.Revision)
	if err != nil {
		return err
	}
	if product.Title.IsZero() { // of a draft
		product.Title = product.Title.Map(func(string) string { return c.Text.T("listing.untitled") })
	}
	p := shopview.ProductPage{
		Product: product,
		Address: c.PublicURL(address.Product(product.Slug)),
		Now:     c.Now,
		Preview: true,
	}
	for i, k := range product.SKUs {
		p.Options = append(p.Options, shopview.BuyOption{
			SKU:    k,
			Left:   unitsOf(e.Content, i),
			Chosen: i == 0,
		})
	}
	if product.Series != nil {
		if p.Episodes, err = d.Catalog.SeriesEpisodes(ctx, product.Series.ID); err != nil {
			return err
		}
	}
	if product.AssetID != nil && d.Trailer != nil {
		if p.Trailer, err = d.Trailer(ctx, *product.AssetID); err != nil {
			c.Log().Warn("no trailer", "spu", product.SPUID, "error", err)
		}
	}
	if p.Trailer != "" {
		c.AdmitPlayer()
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("listing.preview"), listingview.Preview(e, p))
}

func unitsOf(n listing.Content, i int) int64 { return n.SKUs[i].Units }
