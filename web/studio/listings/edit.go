package listings

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	listingview "videomall/views/studio/listings"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

func (d Deps) editing(c *page.Ctx) (catalog.Editing, error) {
	return d.Catalog.Editing(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
}

// show shows the form, or the state of a listing that is in review. A cover that was chosen elsewhere comes in the
// address and is stored when the form is saved.
func (d Deps) show(c *page.Ctx) error {
	e, err := d.editing(c)
	if err != nil {
		return err
	}
	f := formOf(e, rand.Text())
	if cover := c.QueryParam("cover"); cover != "" {
		f.Cover = cover
	}
	return d.renderForm(c, http.StatusOK, e, f)
}

func (d Deps) renderForm(c *page.Ctx, status int, e catalog.Editing, f listingview.Form) error {
	ctx := c.Request().Context()
	p := listingview.FormPage{
		Editing: e,
		Form:    f,
		Now:     c.Now,
	}
	var err error
	if p.Categories, err = d.categories(ctx, c.Text); err != nil {
		return err
	}
	if p.Videos, err = d.videos(c); err != nil {
		return err
	}
	if p.Series, err = d.Catalog.SeriesOf(ctx, c.Viewer.UserID); err != nil {
		return err
	}
	if p.Lacking, err = d.Catalog.Lacking(ctx, c.Viewer.UserID, e.SPUID, e.Content); err != nil {
		return err
	}
	return c.Render(status, p.Title(c.Text), listingview.FormView(p))
}

// save stores a form, and submits it for review if that button was pressed. A form that is refused comes back with what
// was typed and what is wrong with it.
func (d Deps) save(c *page.Ctx) error {
	e, err := d.editing(c)
	if err != nil {
		return err
	}
	values, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	f, do := readForm(values), values.Get("do")
	if formvalue.PressRow(&f.Ways, do, catalog.MaxWays, newWay) {
		return d.renderForm(c, http.StatusOK, e, f)
	}
	ctx := c.Request().Context()
	kept, err := d.Catalog.Save(ctx, c.Viewer.UserID, e.SPUID, catalog.Edit{
		Version: f.Version,
		Editor:  f.Editor,
		Pressed: true,
		Content: content(f),
	})
	done := "listing_saved"
	if err == nil && do == "submit" {
		f.Version, done = kept.Version, "listing_submitted"
		err = d.Catalog.Submit(ctx, c.Viewer.UserID, e.SPUID, kept.Version)
	}
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
		return c.Redirect(listingview.URL(e.SPUID))
	case errors.Is(err, catalog.ErrRevisionMoved):
		return d.moved(c, f)
	case errors.Is(err, catalog.ErrRevisionInvalid), errors.Is(err, catalog.ErrRevisionMissing):
		f.Errors = fault.From(err).Fields
		if errors.Is(err, catalog.ErrRevisionMissing) {
			if e, err = d.editing(c); err != nil {
				return err
			}
		}
		return d.renderForm(c, http.StatusUnprocessableEntity, e, f)
	}
	return err
}

// moved shows a form that came too late, with what was typed in it, beside what was saved meanwhile. Neither is lost.
func (d Deps) moved(c *page.Ctx, f listingview.Form) error {
	e, err := d.editing(c)
	if err != nil {
		return err
	}
	f.Moved = true
	f.Version = e.Version
	f.Editor = rand.Text()
	return d.renderForm(c, http.StatusConflict, e, f)
}

// autosave stores the form while it is being edited, and answers with a line that says so.
func (d Deps) autosave(c *page.Ctx) error {
	values, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	f := readForm(values)
	ctx, listing := c.Request().Context(), formvalue.ID(c.Param("id"))
	kept, err := d.Catalog.Save(ctx, c.Viewer.UserID, listing, catalog.Edit{
		Version: f.Version,
		Editor:  f.Editor,
		Content: content(f),
	})
	p := listingview.SavedNote{At: c.Now, Version: kept.Version}
	switch {
	case err == nil:
		return d.saved(ctx, c, kept, p)
	case errors.Is(err, catalog.ErrRevisionMoved):
		p.Moved = listingview.URL(listing)
		return c.Fragment(http.StatusConflict, listingview.Saved(p))
	case errors.Is(err, catalog.ErrRevisionInvalid):
		p.Errors = fault.From(err).Fields
		return c.Fragment(http.StatusUnprocessableEntity, listingview.Saved(p))
	}
	return err
}

func (d Deps) saved(ctx context.Context, c *page.Ctx, kept catalog.Revision, p listingview.SavedNote) error {
	var err error
	if p.Lacking, err = d.Catalog.Lacking(ctx, c.Viewer.UserID, kept.SPUID, kept.Content); err != nil {
		return err
	}
	p.First = kept.First
	return c.Fragment(http.StatusOK, listingview.Saved(p))
}

// turning returns a handler that moves a listing by one verb.
func (d Deps) turning(do func(ctx context.Context, creatorID, spuID int64) error, done string) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		listing := formvalue.ID(c.Param("id"))
		err := do(c.Request().Context(), c.Viewer.UserID, listing)
		switch {
		case err == nil:
			c.Flash(ui.Success, done)
		case errors.Is(err, catalog.ErrRevisionMoved), errors.Is(err, catalog.ErrProductState):
			c.Flash(ui.Warning, "listing_moved")
		default:
			return err
		}
		return c.Redirect(listingview.URL(listing))
	}
}

func (d Deps) remove(c *page.Ctx) error {
	listing := formvalue.ID(c.Param("id"))
	err := d.Catalog.DeleteListing(c.Request().Context(), c.Viewer.UserID, listing)
	if errors.Is(err, catalog.ErrProductState) {
		c.Flash(ui.Warning, "listing_moved")
		return c.Redirect(listingview.URL(listing))
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "listing_deleted")
	return c.Redirect("/studio/listings")
}
