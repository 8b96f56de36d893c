package listings

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	listingview "videomall/views/studio/listings"
)

func (d Deps) editing(c *page.Ctx) (listing.Editing, error) {
	return d.Listings.Editing(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
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

func (d Deps) renderForm(c *page.Ctx, status int, e listing.Editing, f listingview.Form) error {
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
	if p.Series, err = d.Listings.SeriesOf(ctx, c.Viewer.UserID); err != nil {
		return err
	}
	if p.Lacking, err = d.Listings.Lacking(ctx, c.Viewer.UserID, e.SPUID, e.Content); err != nil {
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
	if formvalue.PressRow(&f.SKUs, do, listing.MaxSKUs, newSKU) {
		return d.renderForm(c, http.StatusOK, e, f)
	}
	ctx := c.Request().Context()
	kept, err := d.Listings.Save(ctx, c.Viewer.UserID, e.SPUID, listing.Edit{
		Version: f.Version,
		Editor:  f.Editor,
		Pressed: true,
		Content: content(f),
	})
	done := "listing_saved"
	if err == nil && do == "submit" {
		f.Version, done = kept.Version, "listing_submitted"
		err = d.Listings.Submit(ctx, c.Viewer.UserID, e.SPUID, kept.Version)
	}
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
		return c.Redirect(listingview.URL(e.SPUID))
	case errors.Is(err, listing.ErrRevisionMoved):
		return d.moved(c, f)
	case errors.Is(err, listing.ErrRevisionInvalid), errors.Is(err, listing.ErrRevisionMissing):
		f.Errors = fault.From(err).Fields
		if errors.Is(err, listing.ErrRevisionMissing) {
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
	ctx, spuID := c.Request().Context(), formvalue.ID(c.Param("id"))
	kept, err := d.Listings.Save(ctx, c.Viewer.UserID, spuID, listing.Edit{
		Version: f.Version,
		Editor:  f.Editor,
		Content: content(f),
	})
	p := listingview.SavedNote{At: c.Now, Version: kept.Version}
	switch {
	case err == nil:
		return d.saved(ctx, c, kept, p)
	case errors.Is(err, listing.ErrRevisionMoved):
		p.Moved = listingview.URL(spuID)
		return c.Fragment(http.StatusConflict, listingview.Saved(p))
	case errors.Is(err, listing.ErrRevisionInvalid):
		p.Errors = fault.From(err).Fields
		return c.Fragment(http.StatusUnprocessableEntity, listingview.Saved(p))
	}
	return err
}

func (d Deps) saved(ctx context.Context, c *page.Ctx, kept listing.Revision, p listingview.SavedNote) error {
	var err error
	if p.Lacking, err = d.Listings.Lacking(ctx, c.Viewer.UserID, kept.SPUID, kept.Content); err != nil {
		return err
	}
	p.First = kept.First
	return c.Fragment(http.StatusOK, listingview.Saved(p))
}

// turning returns a handler that moves a listing by one verb.
func (d Deps) turning(do func(ctx context.Context, creatorID, spuID int64) error, done string) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		spuID := formvalue.ID(c.Param("id"))
		err := do(c.Request().Context(), c.Viewer.UserID, spuID)
		switch {
		case err == nil:
			c.Flash(ui.Success, done)
		case errors.Is(err, listing.ErrRevisionMoved), errors.Is(err, catalog.ErrProductState):
			c.Flash(ui.Warning, "listing_moved")
		default:
			return err
		}
		return c.Redirect(listingview.URL(spuID))
	}
}

func (d Deps) remove(c *page.Ctx) error {
	spuID := formvalue.ID(c.Param("id"))
	err := d.Listings.Delete(c.Request().Context(), c.Viewer.UserID, spuID)
	if errors.Is(err, catalog.ErrProductState) {
		c.Flash(ui.Warning, "listing_moved")
		return c.Redirect(listingview.URL(spuID))
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "listing_deleted")
	return c.Redirect("/studio/listings")
}
