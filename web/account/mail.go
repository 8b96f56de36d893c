package account

import (
	"context"
	"errors"
	"net/http"

	"videomall/mall/account"
	"videomall/mall/mail"
	accountview "videomall/views/account"
	"videomall/views/ui"
	"videomall/web/page"
)

// mailRoutes registers the page on which people choose what they are mailed.
func (h handlers) mailRoutes(own *page.Group) {
	own.GET("/mail", h.Site.Handle(h.mails))
	own.POST("/mail", h.Site.Handle(h.chooseMails))
	own.GET("/mail/try", h.Site.Handle(func(c *page.Ctx) error { return c.Redirect("/account/mail") }))
	own.POST("/mail/try", h.Site.Handle(h.tryAddress))
}

func (h handlers) mails(c *page.Ctx) error {
	p := accountview.Mails{
		Email:   c.Viewer.Email,
		Mail:    h.Mails != nil,
		Creator: c.Viewer.Is(account.RoleCreator),
	}
	if p.Mail {
		var err error
		if p.Wanted, err = h.Mails.Chosen(c.Request().Context(), c.Viewer.UserID); err != nil {
			return err
		}
		if p.Suppressed, err = h.suppressed(c.Request().Context(), p.Email); err != nil {
			return err
		}
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("account.mail_title"), accountview.MailsPage(p))
}

func (h handlers) suppressed(ctx context.Context, email string) (*mail.Suppression, error) {
	if h.Mails == nil {
		return nil, nil //nolint:nilnil // a mall without mail suppresses nothing
	}
	return h.Mails.Suppressed(ctx, email)
}

// chooseMails stores what is marked. The topic of creators' work is left alone for people whose page does not show it.
func (h handlers) chooseMails(c *page.Ctx) error {
	if h.Mails == nil {
		return c.Redirect("/account/mail")
	}
	for _, topic := range mail.Topics() {
		if !topic.Optional() || topic == mail.TopicWork && !c.Viewer.Is(account.RoleCreator) {
			continue
		}
		wanted := c.FormValue("topic_"+string(topic)) == "on"
		if err := h.Mails.Choose(c.Request().Context(), c.Viewer.UserID, topic, wanted); err != nil {
			return err
		}
	}
	c.Flash(ui.Success, "mail_chosen")
	return c.Redirect("/account/mail")
}

// tryAddress mails one link to an address that is suppressed. Whoever presses its button ends that.
func (h handlers) tryAddress(c *page.Ctx) error {
	ctx := c.Request().Context()
	if h.Mails == nil {
		return c.Redirect("/account/mail")
	}
	switch err := h.Mails.TryAgain(ctx, c.Viewer.Email); {
	case errors.Is(err, mail.ErrTried):
		c.Flash(ui.Info, "mail_tried")
		return c.Redirect("/account/mail")
	case errors.Is(err, mail.ErrNotFound): // it is not suppressed any more
		return c.Redirect("/account/mail")
	case err != nil:
		return err
	}
	if err := h.Accounts.AskVerify(ctx, c.Viewer.UserID); err != nil {
		return err
	}
	c.Flash(ui.Success, "mail_trying")
	return c.Redirect("/account/mail")
}
