// Package mails owns the console's pages about mails: the list with each mail's history, suppressed addresses, samples
// of every kind, and what creators wrote to followers. It refuses to decide anything: it calls the modules' verbs.
package mails

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/follow"
	"videomall/mall/mail"
	mailsview "videomall/views/admin/mails"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site     *page.Site
	Mails    *mail.Mails // nil in a mall that sends no mail
	Follows  *follow.Follows
	Accounts *account.Accounts
	// Kinds are the kinds of mails, and Sample is what one of them looks like.
	Kinds  func() []string
	Sample func(ctx context.Context, kind string, lang text.Lang) (mail.Content, error)
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	a := page.Guarded(g, "/admin/mails", d.Site.RequireDuty)
	a.GET("", on(d.list))
	a.GET("/:id", on(d.show))
	a.GET("/:id/retry", on(func(c *page.Ctx) error { return c.Redirect(mailsview.URL(formvalue.ID(c.Param("id")))) }))
	a.POST("/:id/retry", on(d.retry))
	a.GET("/suppressed", on(d.suppressed))
	a.POST("/suppressed", on(d.unsuppress))
	a.GET("/messages", on(d.messages))
	a.POST("/messages/:id/approve", on(d.approve))
	a.POST("/messages/:id/refuse", on(d.refuse))
	a.GET("/kinds", on(d.kinds))
	a.GET("/kinds/:kind", on(d.sample))
	a.GET("/kinds/:kind/html", on(d.sampleHTML))
}

// most is how many rows a page lists.
const most = 50

func (d Deps) list(c *page.Ctx) (err error) {
	p := mailsview.List{
		Sends: d.Mails != nil,
		State: c.QueryParam("state"),
		Kind:  c.QueryParam("kind"),
		To:    readable(c.QueryParam("to")),
		Kinds: d.Kinds(),
		Now:   c.Now,
	}
	if !slices.Contains(mail.States(), mail.State(p.State)) {
		p.State = ""
	}
	if !slices.Contains(p.Kinds, p.Kind) {
		p.Kind = ""
	}
	if p.Sends {
		p.Mails, err = d.Mails.List(c.Request().Context(), mail.Filter{
			State:  mail.State(p.State),
			Kind:   p.Kind,
			To:     p.To,
			Before: formvalue.ID(c.QueryParam("before")),
			Most:   most + 1,
		})
		if err != nil {
			return err
		}
	}
	if len(p.Mails) > most {
		p.Mails, p.Older = p.Mails[:most], p.Mails[most-1].ID
	}
	return c.Render(http.StatusOK, c.Text.T("mails.title"), mailsview.ListPage(p))
}

func (d Deps) show(c *page.Ctx) error {
	if d.Mails == nil {
		return mail.ErrNotFound
	}
	ctx, id := c.Request().Context(), formvalue.ID(c.Param("id"))
	m, err := d.Mails.Get(ctx, id)
	if err != nil {
		return err
	}
	p := mailsview.Mail{Mail: m, Now: c.Now}
	if p.Steps, err = d.Mails.History(ctx, id); err != nil {
		return err
	}
	if p.Suppressed, err = d.Mails.Suppressed(ctx, m.To); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("mails.title"), mailsview.MailPage(p))
}

func (d Deps) retry(c *page.Ctx) error {
	if d.Mails == nil {
		return mail.ErrNotFound
	}
	id := formvalue.ID(c.Param("id"))
	switch err := d.Mails.Retry(c.Request().Context(), c.Viewer.UserID, id); {
	case errors.Is(err, mail.ErrMoved):
		c.Flash(ui.Info, "mail_moved")
	case errors.Is(err, mail.ErrNoRetry):
		c.Flash(ui.Info, "mail_no_retry")
	case err != nil:
		return err
	default:
		c.Flash(ui.Success, "mail_retried")
	}
	return c.Redirect(mailsview.URL(id))
}

func (d Deps) kinds(c *page.Ctx) error {
	return c.Render(http.StatusOK, c.Text.T("mails.kinds"), mailsview.KindsPage(d.Kinds()))
}

// sampled reads which kind in which language is asked for; the viewer's if the address names none.
func (d Deps) sampled(c *page.Ctx) (p mailsview.Sample, err error) {
	p.Kind, p.Lang = c.Param("kind"), c.Text.Lang
	for _, l := range text.Langs {
		if c.QueryParam("lang") == string(l.Lang) {
			p.Lang = l.Lang
		}
	}
	p.Content, err = d.Sample(c.Request().Context(), p.Kind, p.Lang)
	return p, err
}

func (d Deps) sample(c *page.Ctx) error {
	p, err := d.sampled(c)
	if err != nil {
		return err
	}
	c.Allow("frame-src", "'self'")
	return c.Render(http.StatusOK, c.Text.T("mails.kinds"), mailsview.SamplePage(p))
}

// sampleHTML serves the HTML of a sample as a mail program would show it: it runs nothing, loads nothing, leads nowhere.
func (d Deps) sampleHTML(c *page.Ctx) error {
	p, err := d.sampled(c)
	if err != nil {
		return err
	}
	c.Foreign("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; " +
		"form-action 'none'; sandbox")
	return c.HTML(http.StatusOK, p.Content.HTML)
}
