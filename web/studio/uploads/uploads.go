// Package uploads owns the studio's way in for files: the page, resumable uploads (tus 1.0) where bytes pass through
// the mall, presigned parts where they go straight to a bucket, and covers. What is taken, and how much, is
// mall/media's decision.
package uploads

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/media"
	uploadview "videomall/views/studio/uploads"
	"videomall/web/page"
)

// Deps is what the addresses work with.
type Deps struct {
	Site  *page.Site
	Media media.Media
	// Stopping is closed when the server is about to end: what is being uploaded is then kept, to go on later. nil
	// never closes.
	Stopping <-chan struct{}
	// MinRate is the fewest bytes a second that a video may come with; 0: any.
	MinRate int64
}

const (
	tusPath   = "/studio/uploads/tus"
	partsPath = "/studio/uploads/parts"
	coverPath = "/studio/covers"
)

// TakesFiles says that a route takes more than a form, for as long as that takes.
func TakesFiles(route string) bool { return strings.HasPrefix(route, tusPath) || route == coverPath }

// Routes registers the addresses, for creators alone.
func Routes(g *echo.Group, d Deps) {
	creators := d.Site.RequireRole(account.RoleCreator)
	g.GET("/studio/videos/new", d.Site.Handle(d.page), creators)
	g.POST(coverPath, d.Site.Handle(d.saveCover), forPrograms, creators)

	g.OPTIONS(tusPath, d.tusOptions, forPrograms, creators)
	g.OPTIONS(tusPath+"/:id", d.tusOptions, forPrograms, creators)
	g.POST(tusPath, d.Site.Handle(d.tusBegin), forPrograms, creators, tusVersion, offered)
	for _, method := range []string{http.MethodHead, http.MethodPatch, http.MethodDelete, http.MethodPost} {
		g.Add(method, tusPath+"/:id", d.Site.Handle(d.tus), forPrograms, creators, tusVersion, offered)
	}

	g.POST(partsPath, d.Site.Handle(d.partsBegin), forPrograms, creators)
	g.GET(partsPath+"/:id", d.Site.Handle(d.partsShow), forPrograms, creators)
	g.POST(partsPath+"/:id/addresses", d.Site.Handle(d.partsSign), forPrograms, creators)
	g.POST(partsPath+"/:id/complete", d.Site.Handle(d.partsComplete), forPrograms, creators)
	g.DELETE(partsPath+"/:id", d.Site.Handle(d.cancel), forPrograms, creators)
}

// forPrograms has errors answered as problem+json: a script reads them, and shows their words. No cache keeps how far
// an upload is.
func forPrograms(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Request().Header.Set("Accept", "application/problem+json")
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}

// page is where files are chosen; the script behind it does the rest.
func (d Deps) page(c *page.Ctx) error {
	allowance, err := d.Media.Uploads.Allowance(c.Request().Context(), c.Viewer.UserID)
	if err != nil {
		return err
	}
	p := uploadview.Page{Allowance: allowance, Endpoint: tusPath}
	if d.Media.Uploads.Direct() {
		p.Endpoint, p.Direct = partsPath, true
		c.Allow("connect-src", d.Media.Uploads.Origin()) // the script puts the parts there
	}
	return c.Render(http.StatusOK, c.Text.T("upload.title"), uploadview.New(p))
}

func (d Deps) cancel(c *page.Ctx) error {
	if err := d.Media.Uploads.Cancel(c.Request().Context(), c.Viewer.UserID, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
