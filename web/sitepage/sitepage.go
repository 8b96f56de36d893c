// Package sitepage owns the addresses of the pages that every shop has. It refuses to know how a text is kept or drawn;
// operators write them in web/admin/sitepages.
package sitepage

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"videomall/mall/cache"
	"videomall/mall/sitepage"
	sitepageview "videomall/views/sitepage"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site  *page.Site
	Pages *sitepage.Pages
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	for _, slug := range sitepage.Slugs() {
		g.GET("/"+slug, d.Site.Cached(d.show(slug)))
	}
}

func (d Deps) show(slug string) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		p, err := d.Pages.Current(c.Request().Context(), slug)
		if err != nil {
			return err
		}
		if c.Request().URL.RawQuery == "" {
			c.Cache(cache.Policy{Tags: []string{sitepage.Tag}})
		}
		title := sitepageview.Title(c.Text, slug)
		c.Page.Canonical = c.PublicURL("/" + slug)
		c.Page.Description = c.Text.T("sitepage.description", "Page", title)
		c.Page.NoIndex = !p.Adapted()
		return c.Render(http.StatusOK, title, sitepageview.Show(p))
	}
}
