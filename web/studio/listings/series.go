package listings

import (
	"errors"
	"net/http"

	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	listingview "videomall/views/studio/listings"
)

func (d Deps) series(c *page.Ctx) error {
	return d.renderSeries(c, http.StatusOK, listingview.SeriesPage{})
}

func (d Deps) renderSeries(c *page.Ctx, status int, p listingview.SeriesPage) error {
	var err error
	if p.Series, err = d.Listings.SeriesOf(c.Request().Context(), c.Viewer.UserID); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("listing.series_title"), listingview.SeriesView(p))
}

func (d Deps) addSeries(c *page.Ctx) error {
	p := listingview.SeriesPage{
		Title: formvalue.Text(c.FormValue, "title"),
		Slug:  c.FormValue("slug"),
	}
	_, err := d.Listings.CreateSeries(c.Request().Context(), c.Viewer.UserID, listing.NewSeries{
		Slug:  p.Slug,
		Title: p.Title,
	})
	if errors.Is(err, listing.ErrSeriesInvalid) {
		p.Errors = fault.From(err).Fields
		return d.renderSeries(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "series_made")
	return c.Redirect("/studio/listings/series")
}
