package shop

import (
	"net/http"
	"slices"

	"videomall/mall/catalog"
	"videomall/mall/media"
	"videomall/views/address"
	"videomall/web/page"

	shopview "videomall/views/shop"
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
	policy, err := d.priceCards(c, &cards)
	if err != nil {
		return err
	}
	s.Episodes = slices.Clone(s.Episodes) // what is cached of the series is shared
	for i := range s.Episodes {
		s.Episodes[i].Card = cards[i]
	}
	if c.Request().URL.RawQuery == "" {
		policy.Tags = []string{catalog.TagLists}
		c.Cache(policy)
	}
	c.Page.Canonical = c.PublicURL("/series/" + s.Slug)
	title := shopview.SeriesTitle(c.Text, s)
	c.Page.Description = c.Text.T("series.description", "Series", title)
	if cover := s.Episodes[0].Cover; cover != "" {
		c.SharePicture(c.PublicURL(address.Cover(cover, media.CoverLarge)), media.CoverLarge, address.CoverHeight)
	}
	return c.Render(http.StatusOK, title, shopview.Series(shopview.SeriesPage{
		Series:  s,
		Owned:   d.owned(c, cards),
		PlusTax: d.PlusTax,
	}))
}
