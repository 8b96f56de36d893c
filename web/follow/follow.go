// Package follow owns the forms by which people follow creators, and the page that lists whom they follow. It refuses
// to know what followers are mailed.
package follow

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/follow"
	"videomall/mall/mail"
	followview "videomall/views/follow"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site     *page.Site
	Follows  *follow.Follows
	Catalog  *catalog.Catalog
	Accounts *account.Accounts
	Mails    *mail.Mails // nil in a mall that sends no mail
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on, own := d.Site.Handle, d.Site.RequireUser
	for action, do := range map[string]func(*page.Ctx) error{"follow": d.follow, "unfollow": d.unfollow} {
		// The address shows up in the browser after a sign-in on the way.
		g.GET("/creators/:creator/"+action, on(d.back))
		g.POST("/creators/:creator/"+action, on(do), own)
	}
	a := page.Guarded(g, "/account/following", own)
	a.GET("", on(d.list))
	a.GET("/:creator", on(func(c *page.Ctx) error { return c.Redirect("/account/following") }))
	a.POST("/:creator", on(d.setMail))
}

func (d Deps) back(c *page.Ctx) error {
	m, err := d.Catalog.Creator(c.Request().Context(), c.Param("creator"))
	if err != nil {
		return err
	}
	return c.Redirect("/creators/" + m.Slug)
}

// home is where a form leads: the page on which it stood, as far as that is one of these, else the creator's.
func home(c *page.Ctx, slug string) string {
	at := page.SafeNext(c.FormValue("next"), "")
	if at == "/account/following" || strings.HasPrefix(at, "/v/") {
		return at
	}
	return "/creators/" + slug
}

func (d Deps) follow(c *page.Ctx) error {
	ctx := c.Request().Context()
	m, err := d.Catalog.Creator(ctx, c.Param("creator"))
	if err != nil {
		return err
	}
	err = d.Follows.Follow(ctx, c.Viewer.UserID, m.UserID, c.FormValue("mail") == "on")
	switch {
	case errors.Is(err, follow.ErrOneself):
		c.Flash(ui.Info, "follow_oneself")
	case err != nil:
		return err
	default:
		c.Flash(ui.Success, "followed")
	}
	return c.Redirect(home(c, m.Slug))
}

func (d Deps) unfollow(c *page.Ctx) error {
	ctx := c.Request().Context()
	m, err := d.Catalog.Creator(ctx, c.Param("creator"))
	if err != nil {
		return err
	}
	if err := d.Follows.Unfollow(ctx, c.Viewer.UserID, m.UserID); err != nil {
		return err
	}
	c.Flash(ui.Success, "unfollowed")
	return c.Redirect(home(c, m.Slug))
}

func (d Deps) setMail(c *page.Ctx) error {
	ctx := c.Request().Context()
	m, err := d.Catalog.Creator(ctx, c.Param("creator"))
	if err != nil {
		return err
	}
	if err := d.Follows.SetMail(ctx, c.Viewer.UserID, m.UserID, c.FormValue("mail") == "on"); err != nil {
		return err
	}
	c.Flash(ui.Success, "mail_chosen")
	return c.Redirect("/account/following")
}

// most is how many creators a page lists.
const most = 50

func (d Deps) list(c *page.Ctx) error {
	ctx := c.Request().Context()
	list, err := d.Follows.List(ctx, c.Viewer.UserID, formvalue.ID(c.QueryParam("before")), most+1)
	if err != nil {
		return err
	}
	p := followview.List{Creators: list[:min(len(list), most)], Mail: d.Mails != nil}
	if len(list) > most {
		p.Older = list[most-1].UserID
	}
	if p.Mail {
		chosen, err := d.Mails.Chosen(ctx, c.Viewer.UserID)
		if err != nil {
			return err
		}
		p.Off = !chosen[mail.TopicFollowed]
		at, err := d.Accounts.VerifiedAt(ctx, c.Viewer.UserID)
		if err != nil {
			return err
		}
		p.Unverified = at == nil
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("follow.title"), followview.ListPage(p))
}

// State is how the viewer of a page stands to a creator, for the pages that show the button.
func State(d Deps) func(ctx context.Context, c *page.Ctx, creator catalog.Creator) followview.Button {
	return func(ctx context.Context, c *page.Ctx, creator catalog.Creator) followview.Button {
		b := followview.Button{
			Slug:     creator.Slug,
			Name:     creator.Name,
			Shown:    creator.UserID != c.Viewer.UserID,
			SignedIn: c.Viewer.SignedIn(),
			Mail:     d.Mails != nil,
		}
		if !b.Shown || !b.SignedIn {
			return b
		}
		var err error
		if b.State, err = d.Follows.StateOf(ctx, c.Viewer.UserID, creator.UserID); err != nil {
			c.Log().Warn("the button to follow is not shown", "error", err)
			b.Shown = false
		}
		return b
	}
}
