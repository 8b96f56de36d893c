// Package mailbox owns the pages that show the mails of a demo, which has no mail server. Everybody may read them: a
// demo serves its own machine only, and the passwords of its accounts are known to all.
package mailbox

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/mail"
	mailboxview "videomall/views/mailbox"
	"videomall/web/page"
)

// Deps are what the pages work with.
type Deps struct {
	Site    *page.Site
	Mailbox *mail.Mailbox
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	g.GET("/mailbox", d.Site.Handle(d.list))
	g.GET("/mailbox/:id", d.Site.Handle(d.show))
	g.GET("/mailbox/:id/html", d.Site.Handle(d.html))
	g.GET("/mailbox/:id/files/:n", d.file)
}

// most is how many mails a page lists.
const most = 20

func (d Deps) list(c *page.Ctx) error {
	before, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	kept, err := d.Mailbox.List(c.Request().Context(), before, most+1)
	if err != nil {
		return err
	}
	p := mailboxview.List{Mails: kept[:min(len(kept), most)], Now: c.Now}
	if len(kept) > most {
		p.Older = kept[most-1].ID
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("mailbox.title"), mailboxview.ListPage(p))
}

func (d Deps) open(c echo.Context) (mail.Kept, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return mail.Kept{}, mail.ErrNotFound.Because("id %q", c.Param("id"))
	}
	return d.Mailbox.Open(c.Request().Context(), id)
}

func (d Deps) show(c *page.Ctx) error {
	kept, err := d.open(c.Context)
	if err != nil {
		return err
	}
	c.Page.NoIndex = true
	c.Allow("frame-src", "'self'")
	return c.Render(http.StatusOK, kept.Content.Subject, mailboxview.MailPage(kept))
}

// html serves the HTML of a mail as a mail program would show it: it runs nothing and loads nothing, and its links
// leave the frame.
func (d Deps) html(c *page.Ctx) error {
	kept, err := d.open(c.Context)
	if err != nil {
		return err
	}
	c.Foreign("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; " +
		"form-action 'none'; sandbox allow-top-navigation-by-user-activation")
	return c.HTML(http.StatusOK, strings.Replace(kept.Content.HTML, "<head>", `<head><base target="_top">`, 1))
}

func (d Deps) file(c echo.Context) error {
	kept, err := d.open(c)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 0 || n >= len(kept.Content.Attachments) {
		return mail.ErrNotFound.Because("file %q", c.Param("n"))
	}
	f := kept.Content.Attachments[n]
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+f.Name+`"`)
	return c.Blob(http.StatusOK, f.Type, f.Data)
}
