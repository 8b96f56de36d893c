// Package followers owns the page on which creators write to those who follow them. It refuses to judge what they
// write: mall/follow does.
package followers

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/mall/follow"
	"videomall/mall/mail"
	followersview "videomall/views/studio/followers"
	"videomall/views/ui"
	"videomall/web/page"
)

// Deps are the verbs that the page calls.
type Deps struct {
	Site    *page.Site
	Follows *follow.Follows
	Mail    bool // the mall sends mails
	// Compose writes a mail as its readers see it.
	Compose func(ctx context.Context, m mail.Mail) (mail.Content, error)
}

// Routes registers the page.
func Routes(g *echo.Group, d Deps) {
	r := page.Guarded(g, "/studio/followers", d.Site.RequireRole(account.RoleCreator))
	r.GET("", d.Site.Handle(d.show))
	r.POST("", d.Site.Handle(d.write))
}

func (d Deps) show(c *page.Ctx) error {
	return d.render(c, http.StatusOK, followersview.Page{Key: rand.Text()})
}

// most is how many earlier messages the page shows.
const most = 20

func (d Deps) render(c *page.Ctx, status int, p followersview.Page) (err error) {
	ctx := c.Request().Context()
	p.Mail, p.Now = d.Mail, c.Now
	if p.Followers, p.Mailed, err = d.Follows.Count(ctx, c.Viewer.UserID); err != nil {
		return err
	}
	if p.Next, err = d.Follows.Next(ctx, c.Viewer.UserID); err != nil {
		return err
	}
	if p.Messages, err = d.Follows.Messages(ctx, c.Viewer.UserID, most); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("followers.title"), followersview.Show(p))
}

// write shows the draft as its readers would see it, or sends it. What was typed comes back if it is refused.
func (d Deps) write(c *page.Ctx) error {
	ctx := c.Request().Context()
	p := followersview.Page{
		Key: c.FormValue("key"),
		Draft: follow.Draft{
			Subject: c.FormValue("subject"),
			Body:    c.FormValue("body"),
			Locale:  c.FormValue("locale"),
		},
	}
	if c.FormValue("do") != "send" {
		return d.preview(c, p)
	}
	m, err := d.Follows.Write(ctx, c.Viewer.UserID, p.Key, p.Draft)
	switch {
	case errors.Is(err, follow.ErrMessageInvalid):
		return d.refuse(c, p, err)
	case errors.Is(err, follow.ErrTooSoon):
		return d.render(c, http.StatusConflict, p)
	case err != nil:
		return err
	}
	c.Flash(ui.Success, "message_"+m.State)
	return c.Redirect("/studio/followers")
}

func (d Deps) refuse(c *page.Ctx, p followersview.Page, err error) error {
	p.Errors = map[string]string{}
	for field, slug := range fault.From(err).Fields {
		p.Errors[field] = c.Explain(slug)
	}
	if p.Errors["key"] != "" {
		p.Key = rand.Text()
	}
	return d.render(c, http.StatusUnprocessableEntity, p)
}

func (d Deps) preview(c *page.Ctx, p followersview.Page) error {
	ctx := c.Request().Context()
	draft, err := d.Follows.Check(p.Draft)
	if err != nil {
		return d.refuse(c, p, err)
	}
	said, err := d.Follows.MailOf(ctx, c.Viewer.UserID, draft)
	if err != nil {
		return err
	}
	data, err := json.Marshal(said)
	if err != nil {
		return err
	}
	content, err := d.Compose(ctx, mail.Mail{
		Kind:      follow.KindMessage,
		Locale:    string(c.Text.Lang),
		Data:      data,
		CreatedAt: c.Now,
	})
	if err != nil {
		return err
	}
	p.Preview = &content
	return d.render(c, http.StatusOK, p)
}
