package shop

import (
	"context"
	"net/http"

	"videomall/mall/cache"
	"videomall/mall/catalog"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/page"

	shopview "videomall/views/shop"
)

// popularShown is how many popular videos an empty list shows instead.
const popularShown = 4

func (d Deps) videos(c *page.Ctx) error {
	r := read(c, "/videos", c.QueryParams())
	return d.list(c, r, shopview.ListPage{Heading: c.Text.T("shop.all_videos")})
}

func (d Deps) search(c *page.Ctx) error {
	return d.list(c, read(c, "/search", c.QueryParams()), shopview.ListPage{Heading: c.Text.T("shop.all_videos")})
}

func (d Deps) category(c *page.Ctx) error {
	k, err := d.Catalog.Category(c.Request().Context(), c.Param("category"))
	if err != nil {
		return err
	}
	query := c.QueryParams()
	query.Del("category")
	r := read(c, "/c/"+k.Slug, query)
	r.filter.CategorySlug = k.Slug
	return d.list(c, r, shopview.ListPage{Heading: shopview.CategoryName(c.Text, k)})
}

func (d Deps) creator(c *page.Ctx) error {
	m, err := d.Catalog.Creator(c.Request().Context(), c.Param("creator"))
	if err != nil {
		return err
	}
	query := c.QueryParams()
	query.Del("category")
	r := read(c, "/creators/"+m.Slug, query)
	r.filter.CreatorSlug = m.Slug
	c.Page.Kind = "profile"
	return d.list(c, r, shopview.ListPage{
		Heading: shopview.CreatorName(c.Text, m),
		Creator: &m,
		Follow:  d.follow(c, m, ""),
	})
}

// list answers every list: what differs is the heading and what the filter starts with.
func (d Deps) list(c *page.Ctx, r request, p shopview.ListPage) error {
	ctx, t := c.Request().Context(), c.Text
	p.PlusTax = d.PlusTax
	p.Query = r.asked.Get("q")
	if p.Query != "" {
		p.Heading = t.T("shop.search_for", "Query", p.Query)
	}
	status := http.StatusOK
	if r.wrong != "" {
		status = http.StatusUnprocessableEntity
	}
	found, err := d.find(ctx, r, &p)
	if r.moved(err) {
		return c.Redirect(r.with())
	}
	if err != nil {
		return err
	}
	var options []ui.Option
	if p.Creator == nil && r.action != "/c/"+r.filter.CategorySlug {
		if options, err = d.categoryOptions(ctx, t); err != nil {
			return err
		}
	}
	p.Action = r.action
	p.Filter = r.form(t, options)
	p.Chips = r.chips(t, options)
	p.Sorts = r.sorts(t, p.Query != "")
	p.Filter.Open = c.QueryParam("filters") != ""
	p.Clear, p.Next = r.clear(), r.next(found.NextCursor)
	p.Cards = found.Items
	p.Total = found.Total
	p.Capped = found.Capped
	p.Partial = r.filter.Cursor != ""
	if len(p.Cards) == 0 {
		if err := d.fillEmpty(ctx, &p); err != nil {
			return err
		}
	}
	policy, err := d.priceCards(c, &p.Cards, &p.Popular)
	if err != nil {
		return err
	}
	p.Owned = d.owned(c, p.Cards, p.Popular)
	d.cacheList(c, r, policy)

	c.Page.Query = p.Query
	c.Page.NoIndex = p.Query != "" || r.filter.Cursor != "" || len(p.Chips) > 0
	c.Page.Canonical = c.PublicURL(r.action)
	c.Page.Description = t.T("shop.description", "Heading", p.Heading)
	if c.IsHTMX() && r.filter.Cursor == "" {
		// A form sends its empty fields too; the address that is cached and shared has none of them.
		c.Response().Header().Set("HX-Push-Url", r.with())
	}
	return c.Render(status, p.Heading, shopview.List(p))
}

// cacheList caches the page under the one address by which the mall itself leads to it, so that invented parameters
// fill nothing.
func (d Deps) cacheList(c *page.Ctx, r request, policy cache.Policy) {
	policy.Tags = []string{catalog.TagLists}
	switch {
	case r.wrong != "" || r.filter.Cursor != "" || c.Request().URL.RequestURI() != r.with():
		return
	case r.asked.Get("q") != "" && policy.Fresh == 0:
		policy.Fresh, policy.Stale = searchCached, searchCached
	}
	c.Cache(policy)
}

func (d Deps) find(ctx context.Context, r request, p *shopview.ListPage) (catalog.Page, error) {
	if p.Query == "" {
		return d.Catalog.List(ctx, r.filter)
	}
	var err error
	if p.Search, err = d.Search.Query(ctx, p.Query, r.filter); err != nil {
		return catalog.Page{}, err
	}
	p.Texts, err = d.texts(ctx, p.Search.Items)
	return p.Search.Page, err
}

func (d Deps) texts(ctx context.Context, cards []catalog.Card) (map[int64]catalog.Texts, error) {
	ids := make([]int64, len(cards))
	for i, k := range cards {
		ids[i] = k.SPUID
	}
	list, err := d.Catalog.Texts(ctx, ids)
	if err != nil {
		return nil, err
	}
	texts := make(map[int64]catalog.Texts, len(list))
	for _, t := range list {
		texts[t.SPUID] = t
	}
	return texts, nil
}

// fillEmpty fills the page of an empty list with other videos.
func (d Deps) fillEmpty(ctx context.Context, p *shopview.ListPage) error {
	popular, err := d.Catalog.List(ctx, catalog.Filter{Limit: popularShown, NoCount: true})
	if err != nil {
		return err
	}
	p.Popular = popular.Items
	p.Categories, err = d.stocked(ctx)
	return err
}

// stocked returns the categories that have something on sale.
func (d Deps) stocked(ctx context.Context) ([]catalog.Category, error) {
	all, err := d.Catalog.Categories(ctx)
	var list []catalog.Category
	for _, k := range all {
		if k.Videos > 0 {
			list = append(list, k)
		}
	}
	return list, err
}

func (d Deps) categoryOptions(ctx context.Context, t *text.Printer) ([]ui.Option, error) {
	list, err := d.stocked(ctx)
	options := []ui.Option{{Label: t.T("shop.all_categories")}}
	for _, k := range list {
		options = append(options, ui.Option{Value: k.Slug, Label: shopview.CategoryName(t, k)})
	}
	return options, err
}
