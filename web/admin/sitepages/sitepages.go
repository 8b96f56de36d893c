// Package sitepages owns the console's pages on which operators write the pages that every shop has. It refuses to know
// how a text is kept or drawn; readers find the pages by web/sitepage.
package sitepages

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/mall/sitepage"
	sitepagesview "videomall/views/admin/sitepages"
	sitepageview "videomall/views/sitepage"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site     *page.Site
	Pages    *sitepage.Pages
	Accounts *account.Accounts
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	a := page.Guarded(g, "/admin/pages", d.Site.RequireDuty)
	a.GET("", on(d.list))
	a.GET("/:page", on(d.edit))
	a.POST("/:page", on(d.save))
	a.POST("/:page/preview", on(d.preview))
}

func (d Deps) list(c *page.Ctx) error {
	pages, err := d.Pages.All(c.Request().Context())
	if err != nil {
		return err
	}
	authors, err := d.authors(c.Request().Context(), pages...)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("sitepage.title"), sitepagesview.List(sitepagesview.ListPage{
		Pages:   pages,
		Authors: authors,
	}))
}

// edit fills the form with the current text, or with the earlier version that the address names.
func (d Deps) edit(c *page.Ctx) error {
	p, err := d.editing(c)
	if err != nil {
		return err
	}
	p.From = p.Current.Version
	if from, err := strconv.Atoi(c.QueryParam("from")); err == nil && from >= 0 && from < p.Current.Version {
		p.From = from
	}
	filled, err := d.Pages.Version(c.Request().Context(), p.Current.Slug, p.From)
	if err != nil {
		return err
	}
	p.Body = filled.Body
	return d.render(c, http.StatusOK, p)
}

// save stores the text as the page's next version. A form that is refused comes back with what was typed.
func (d Deps) save(c *page.Ctx) error {
	p, err := d.typed(c)
	if err != nil {
		return err
	}
	err = d.Pages.Save(c.Request().Context(), sitepage.Edit{
		Slug:    p.Current.Slug,
		Version: formvalue.Version(c.FormValue("version")),
		Body:    p.Body,
		By:      c.Viewer.UserID,
	})
	switch {
	case errors.Is(err, sitepage.ErrInvalid):
		p.Errors = map[string]string{}
		for field, slug := range fault.From(err).Fields {
			p.Errors[field] = c.Explain(slug)
		}
		return d.render(c, http.StatusUnprocessableEntity, p)
	case errors.Is(err, sitepage.ErrChanged):
		p.Moved = true
		return d.render(c, http.StatusConflict, p)
	case err != nil:
		return err
	}
	c.Flash(ui.Success, "site_page_saved")
	return c.Redirect(sitepagesview.URL(p.Current.Slug))
}

// preview shows the typed text as readers will see it, and saves nothing.
func (d Deps) preview(c *page.Ctx) error {
	p, err := d.typed(c)
	if err != nil {
		return err
	}
	p.Preview = true
	return d.render(c, http.StatusOK, p)
}

// typed returns the editor with the form that was sent.
func (d Deps) typed(c *page.Ctx) (sitepagesview.EditPage, error) {
	form, err := c.MultipartForm()
	switch {
	case err == nil:
		err = page.CheckMultipart(form)
	case errors.Is(err, http.ErrNotMultipart):
		_, err = c.FormParams()
	}
	if err != nil {
		return sitepagesview.EditPage{}, page.ErrBadRequest(err)
	}
	p, err := d.editing(c)
	p.Body = formvalue.Text(c.FormValue, "body")
	p.From = -1
	return p, err
}

// editing returns the editor of the page that the address names. Errors: sitepage.ErrNotFound.
func (d Deps) editing(c *page.Ctx) (p sitepagesview.EditPage, err error) {
	ctx := c.Request().Context()
	if p.Current, err = d.Pages.Current(ctx, c.Param("page")); err != nil {
		return p, err
	}
	if p.Versions, err = d.Pages.Versions(ctx, p.Current.Slug); err != nil {
		return p, err
	}
	p.Authors, err = d.authors(ctx, p.Versions...)
	return p, err
}

func (d Deps) render(c *page.Ctx, status int, p sitepagesview.EditPage) error {
	return c.Render(status, sitepageview.Title(c.Text, p.Current.Slug), sitepagesview.Edit(p))
}

// authors are the operators who saved these; nobody has saved a page that is as the mall came.
func (d Deps) authors(ctx context.Context, pages ...sitepage.Page) (account.Users, error) {
	var ids []int64
	for _, p := range pages {
		if p.Adapted() {
			ids = append(ids, p.SavedBy)
		}
	}
	return d.Accounts.Users(ctx, ids...)
}
