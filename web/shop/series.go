package shop

import (
	"net/http"

	"videomall/mall/cache"
	"videomall/mall/catalog"
	shopview "videomall/views/shop"
	"videomall/web/page"
)

// series lists the episodes of a series that are on sale.
func (d Deps) series(c *page.Ctx) error {
	s, err := d.Catalog.Series(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	cards := make([]catalog.Card, len(s.Episodes))
	for i, e := range s.Episodes {
		cards[i] = e.Card
	}
	if c.Request().URL.RawQuery == "" {
		c.Keep(cache.Life{Tags: []string{catalog.TagShelves}})
	}
	c.Page.Canonical = c.PublicURL("/series/" + s.Slug)
	title := shopview.SeriesTitle(c.Text, s)
	c.Page.Description = c.Text.T("series.description", "Series", title)
	if cover := s.Episodes[0].Cover; cover != "" {
		c.Page.Image = c.PublicURL(shopview.CoverURL(cover, "960"))
	}
	return c.Render(http.StatusOK, title, shopview.Series(shopview.SeriesPage{Series: s, Owned: d.owned(c, cards)}))
}
