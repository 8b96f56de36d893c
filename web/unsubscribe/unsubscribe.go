// Package unsubscribe owns the page behind the link that ends mails, and the one POST by which mail programs end them
// (RFC 8058). The link itself says whose mails it is about: no session counts here.
package unsubscribe

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"videomall/mall/catalog"
	"videomall/mall/follow"
	"videomall/mall/mail"
	unsubscribeview "videomall/views/unsubscribe"
	"videomall/web/page"
)

// Route is the pattern of the address.
const Route = "/unsubscribe/:token"

// Deps are the verbs that the page calls.
type Deps struct {
	Site    *page.Site
	Mails   *mail.Mails // nil in a mall that sends no mail
	Follows *follow.Follows
	Catalog *catalog.Catalog
}

// Routes registers the page.
func Routes(g *echo.Group, d Deps) {
	g.GET(Route, d.Site.Handle(d.show))
	g.POST(Route, d.Site.Handle(d.change))
}

// show changes nothing, since programs that guard mailboxes open links, too.
func (d Deps) show(c *page.Ctx) error {
	w, err := d.read(c)
	if err != nil {
		return err
	}
	return d.render(c, w, false)
}

// change switches what the link is about off, or on if the page's button asks for that. Doing so again changes nothing.
func (d Deps) change(c *page.Ctx) error {
	w, err := d.read(c)
	if err != nil {
		return err
	}
	var on bool
	switch {
	case c.FormValue("List-Unsubscribe") == "One-Click", c.FormValue("do") == "off":
	case c.FormValue("do") == "on":
		on = true
	default:
		return page.ErrBadRequest(errors.New("neither on nor off"))
	}
	ctx := c.Request().Context()
	if w.CreatorID != 0 {
		err = d.Follows.SetMail(ctx, w.UserID, w.CreatorID, on)
		if errors.Is(err, follow.ErrNotFollowed) {
			err = nil
		}
	} else {
		err = d.Mails.Choose(ctx, w.UserID, w.Topic, on)
	}
	if err != nil {
		return err
	}
	return d.render(c, w, true)
}

// read finds out what the link is about. Errors: mail.ErrUnsubscribe.
func (d Deps) read(c *page.Ctx) (mail.Switch, error) {
	c.Page.NoIndex = true
	c.Response().Header().Set("Referrer-Policy", "same-origin")
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	if d.Mails == nil {
		return mail.Switch{}, mail.ErrUnsubscribe
	}
	return d.Mails.ReadUnsubscribe(c.Param("token"))
}

func (d Deps) render(c *page.Ctx, w mail.Switch, done bool) error {
	ctx := c.Request().Context()
	p := unsubscribeview.Page{
		Token: c.Param("token"),
		Topic: w.Topic,
		Done:  done,
	}
	if w.CreatorID != 0 {
		creator, err := d.Catalog.CreatorOf(ctx, w.CreatorID)
		if err != nil {
			return err
		}
		state, err := d.Follows.StateOf(ctx, w.UserID, w.CreatorID)
		if err != nil {
			return err
		}
		p.Creator, p.On, p.Unfollowed = &creator.Name, state.Mail, !state.Follows
	} else {
		chosen, err := d.Mails.Chosen(ctx, w.UserID)
		if err != nil {
			return err
		}
		p.On = chosen[w.Topic]
	}
	return c.Render(http.StatusOK, c.Text.T("unsubscribe.title"), unsubscribeview.Show(p))
}
