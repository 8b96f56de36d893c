package shop

import (
	"errors"
	"net/http"

	"videomall/mall/catalog"
	"videomall/web/page"

	shopview "videomall/views/shop"
)

// How many videos and creators the front page shows of each kind.
const (
	homeRow      = 8
	homeFree     = 4
	homeCreators = 6
)

// home features the best seller and does not show it again below.
func (d Deps) home(c *page.Ctx) error {
	ctx := c.Request().Context()
	p := shopview.HomePage{PlusTax: d.PlusTax}
	popular, err := d.Catalog.List(ctx, catalog.Filter{
		Sort:    catalog.SortPopular,
		Limit:   homeRow + 1,
		NoCount: true,
	})
	if err != nil {
		return err
	}
	p.Popular = popular.Items
	if len(p.Popular) > 0 {
		featured, err := d.Catalog.Product(ctx, p.Popular[0].SPUID)
		switch {
		case err == nil:
			p.Featured, p.Popular = &featured, p.Popular[1:]
		case !errors.Is(err, catalog.ErrProductNotFound): // taken down a moment ago: the front page stands without it
			return err
		}
	}
	newest, err := d.Catalog.List(ctx, catalog.Filter{
		Sort:    catalog.SortNewest,
		Limit:   homeRow,
		NoCount: true,
	})
	if err != nil {
		return err
	}
	free, err := d.Catalog.List(ctx, catalog.Filter{
		Sort:    catalog.SortPopular,
		Free:    true,
		Limit:   homeFree,
		NoCount: true,
	})
	if err != nil {
		return err
	}
	p.Newest, p.Free = newest.Items, free.Items
	if p.Categories, err = d.stocked(ctx); err != nil {
		return err
	}
	if p.Creators, err = d.Catalog.Creators(ctx, homeCreators); err != nil {
		return err
	}
	if sales := d.sales(c); len(sales) > 0 {
		p.Sale = &sales[0]
	}
	best := []catalog.Card{}
	if p.Featured != nil {
		best = append(best, p.Featured.Card)
	}
	policy, err := d.priceCards(c, &best, &p.Newest, &p.Popular, &p.Free)
	if err != nil {
		return err
	}
	if p.Featured != nil {
		p.Featured.Card = best[0]
	}
	p.Owned = d.owned(c, p.Newest, p.Popular, p.Free)
	c.Page.Canonical = c.PublicURL("/")
	c.Page.Unswapped = true
	if c.Request().URL.RawQuery == "" {
		policy.Tags = []string{catalog.TagLists}
		c.Cache(policy)
	}
	return c.Render(http.StatusOK, "", shopview.Home(p))
}
