package shop

import (
	"cmp"
	"net/http"
	"net/url"

	"videomall/mall/cache"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/media"
	"videomall/views/address"
	"videomall/views/text"
	"videomall/web/page"
	"videomall/web/price"

	shopview "videomall/views/shop"
)

const (
	relatedVideos = 8
	reviewPage    = 6
)

func (d Deps) product(c *page.Ctx) error {
	product, err := d.Catalog.ProductBySlug(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	return d.showProduct(c, product, http.StatusOK, nil)
}

// showProduct draws a video's page; form is a review that came back with what was typed.
func (d Deps) showProduct(c *page.Ctx, product catalog.Product, status int, form *shopview.ReviewForm) error {
	p := shopview.ProductPage{
		Product: product,
		Address: c.PublicURL(address.Product(product.Slug)),
		Now:     c.Now,
		Policy:  d.Orders.Policy(),
		PlusTax: d.PlusTax,
	}
	if err := d.fillRights(c, &p, form); err != nil {
		return err
	}
	d.fillOffers(c, &p)
	related, err := d.fillRelated(c, &p)
	if err != nil {
		return err
	}
	d.fillTrailer(c, &p)
	p.Follow = d.follow(c, catalog.Creator{
		UserID: product.CreatorID,
		Slug:   product.CreatorSlug,
		Name:   product.Creator,
	}, address.Product(product.Slug))
	p.Follow.Short = true
	if c.Request().URL.RawQuery == "" {
		l := policy(product, p.Options)
		l.Fresh, l.Stale = cmp.Or(l.Fresh, related.Fresh), cmp.Or(l.Stale, related.Stale)
		c.Cache(l)
	}
	describe(c, &p)
	return c.Render(status, shopview.Title(c.Text, product.Card), shopview.Product(p))
}

// fillRights reads what the viewer holds of the video: with it the SKUs that are left to buy, and whether the
// viewer may review.
func (d Deps) fillRights(c *page.Ctx, p *shopview.ProductPage, form *shopview.ReviewForm) error {
	product := p.Product
	held, err := d.Entitlements.Owned(c.Request().Context(), c.Viewer.UserID, []int64{product.SPUID})
	if err != nil {
		return err
	}
	mine := held[product.SPUID]
	if len(mine) > 0 {
		p.Watch, p.Holds = address.Watch(product.Slug), holds(c.Text, mine[0])
	}
	if p.Options, err = d.buyOptions(c, product, mine); err != nil {
		return err
	}
	if p.Reviews, err = d.reviewsOf(c, product, ""); err != nil {
		return err
	}
	return d.mayReview(c, product, len(mine) > 0, form, &p.Reviews)
}

// fillOffers reads the running sale and the bundles that hold the video. The page sells without bundles.
func (d Deps) fillOffers(c *page.Ctx, p *shopview.ProductPage) {
	for _, s := range d.sales(c) {
		if lot, ok := s.Lot(p.Product.SPUID); ok {
			p.Sale, p.SaleLot = &s, lot
			break
		}
	}
	if d.Bundles == nil {
		return
	}
	var err error
	if p.Bundles, err = d.Bundles(c, p.Product.SPUID); err != nil {
		c.Log().Warn("bundles not shown", "spu", p.Product.SPUID, "error", err)
	}
}

// fillRelated reads the videos beside this one, and says how long their prices may be cached.
func (d Deps) fillRelated(c *page.Ctx, p *shopview.ProductPage) (related cache.Policy, err error) {
	ctx := c.Request().Context()
	if p.Related, err = d.Catalog.Related(ctx, p.Product.SPUID, relatedVideos); err != nil {
		return related, err
	}
	if related, err = d.priceCards(c, &p.Related); err != nil {
		return related, err
	}
	p.Owned = d.owned(c, p.Related)
	if p.Product.Series != nil {
		p.Episodes, err = d.Catalog.SeriesEpisodes(ctx, p.Product.Series.ID)
	}
	return related, err
}

// fillTrailer reads the trailer and the chapters. The page sells without them.
func (d Deps) fillTrailer(c *page.Ctx, p *shopview.ProductPage) {
	if p.Product.AssetID == nil {
		return
	}
	ctx, spuID := c.Request().Context(), p.Product.SPUID
	var err error
	if d.Trailer != nil {
		if p.Trailer, err = d.Trailer(ctx, *p.Product.AssetID); err != nil {
			c.Log().Warn("no trailer", "spu", spuID, "error", err)
		}
	}
	if d.Chapters != nil {
		if p.Chapters, err = d.Chapters(ctx, *p.Product.AssetID); err != nil {
			c.Log().Warn("no chapters", "spu", spuID, "error", err)
		}
	}
	if p.Trailer != "" {
		c.AdmitPlayer()
	}
}

// describe tells search engines, and sites where the page is shared, what it is about.
func describe(c *page.Ctx, p *shopview.ProductPage) {
	c.Page.Canonical = p.Address
	c.Page.Description = shopview.Summary(c.Text.Of(p.Product.Description), 160)
	if p.Product.Cover != "" {
		p.Cover = c.PublicURL(address.Cover(p.Product.Cover, media.CoverLarge))
		c.SharePicture(p.Cover, media.CoverLarge, address.CoverHeight)
	}
	c.Page.Kind = "video.other"
}

// policy is how long a video's page may be cached: to the next price, and hardly at all while it counts what is left.
func policy(product catalog.Product, options []shopview.BuyOption) cache.Policy {
	l := cache.Policy{Tags: []string{catalog.TagOf(product.SPUID), catalog.TagLists}}
	if product.Until != nil {
		l.Until = *product.Until
	}
	for _, e := range options {
		if e.SKU.StockLimited || e.Sale != nil {
			l.Fresh, l.Stale = stockCached, stockCached
		}
	}
	return l
}

// buyOptions are the SKUs as this viewer may buy them, at prices in their currency; the first that can be bought is
// chosen.
func (d Deps) buyOptions(c *page.Ctx, product catalog.Product,
	mine []entitlement.Entitlement,
) ([]shopview.BuyOption, error) {
	left, err := d.Inventory.Available(c.Request().Context(), product.LimitedSKUs())
	if err != nil {
		return nil, err
	}
	running, err := d.Orders.RunningSales(c.Request().Context(), c.Viewer.UserID, product.SKUs)
	if err != nil {
		return nil, err
	}
	chosen := false
	options := make([]shopview.BuyOption, len(product.SKUs))
	for i, k := range price.SKUs(c, product.SKUs) {
		o := shopview.BuyOption{
			SKU:   k,
			Left:  left[k.ID],
			Owned: ownsAlready(mine, k),
		}
		if normal := product.SKUs[i].Price; normal != nil {
			o.Sale = price.Sale(c, running[k.ID], normal.Amount)
		}
		o.SoldOut = k.StockLimited && o.Left == 0 && !o.InSale()
		if !chosen && k.Price != nil && !o.SoldOut && !o.Owned {
			o.Chosen, chosen = true, true
		}
		options[i] = o
	}
	return options, nil
}

// ownsAlready reports whether the order would be refused because the viewer owns the video for good in that quality or
// a better one.
func ownsAlready(mine []entitlement.Entitlement, k catalog.SKU) bool {
	for _, e := range mine {
		if e.Kind == entitlement.KindOwn && (e.Quality == k.Quality || e.Quality == entitlement.Quality4K) {
			return true
		}
	}
	return false
}

func holds(t *text.Printer, e entitlement.Entitlement) string {
	switch {
	case e.Kind == entitlement.KindOwn:
		return t.T("product.holds_own", "Quality", e.Quality)
	case e.ExpiresAt != nil:
		return t.T("product.holds_rent_until", "Quality", e.Quality, "Date", t.DateTime(*e.ExpiresAt))
	}
	return t.T("product.holds_rent", "Quality", e.Quality, "Hours", t.Number(e.RentHours))
}

func reviewsURL(slug, cursor string) string {
	return address.Product(slug) + "/reviews?cursor=" + url.QueryEscape(cursor)
}
