package mails

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"videomall/db"
	"videomall/mall/follow"
	"videomall/mall/mail"
	mailsview "videomall/views/admin/mails"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// readable is what an operator typed to search for, if it can be searched for at all.
func readable(typed string) string {
	if typed = strings.TrimSpace(typed); !db.Storable(typed) || len(typed) > 254 {
		return ""
	}
	return typed
}

func (d Deps) suppressed(c *page.Ctx) (err error) {
	p := mailsview.Suppressed{Address: readable(c.QueryParam("address")), Now: c.Now}
	if d.Mails != nil {
		before := readable(c.QueryParam("before"))
		if p.List, err = d.Mails.Suppressions(c.Request().Context(), p.Address, before, most+1); err != nil {
			return err
		}
	}
	if len(p.List) > most {
		p.List, p.Older = p.List[:most], p.List[most-1].Address
	}
	return c.Render(http.StatusOK, c.Text.T("mails.suppressed"), mailsview.SuppressedPage(p))
}

func (d Deps) unsuppress(c *page.Ctx) error {
	if d.Mails == nil {
		return mail.ErrNotFound
	}
	address := readable(c.FormValue("address"))
	switch err := d.Mails.Unsuppress(c.Request().Context(), c.Viewer.UserID, address); {
	case errors.Is(err, mail.ErrNotFound):
		c.Flash(ui.Info, "mail_unsuppressed_already")
	case err != nil:
		return err
	default:
		c.Flash(ui.Success, "mail_unsuppressed")
	}
	return c.Redirect("/admin/mails/suppressed?address=" + url.QueryEscape(address))
}

func (d Deps) messages(c *page.Ctx) error {
	return d.renderMessages(c, http.StatusOK, mailsview.Messages{})
}

func (d Deps) renderMessages(c *page.Ctx, status int, p mailsview.Messages) (err error) {
	ctx := c.Request().Context()
	p.Now = c.Now
	if p.List, err = d.Follows.Held(ctx, most); err != nil {
		return err
	}
	ids := make([]int64, len(p.List))
	for n, m := range p.List {
		ids[n] = m.CreatorID
	}
	if p.Creators, err = d.Accounts.Users(ctx, ids...); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("mails.messages"), mailsview.MessagesPage(p))
}

func (d Deps) approve(c *page.Ctx) error {
	err := d.Follows.Approve(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
	return d.decided(c, "message_let_through", err)
}

func (d Deps) refuse(c *page.Ctx) error {
	id, reason := formvalue.ID(c.Param("id")), c.FormValue("reason")
	err := d.Follows.Refuse(c.Request().Context(), c.Viewer.UserID, id, reason)
	if errors.Is(err, follow.ErrAnswer) {
		return d.renderMessages(c, http.StatusUnprocessableEntity, mailsview.Messages{
			Wrong:  id,
			Reason: reason,
			Error:  c.Explain(follow.ErrAnswer.Slug),
		})
	}
	return d.decided(c, "message_turned_down", err)
}

func (d Deps) decided(c *page.Ctx, flash string, err error) error {
	switch {
	case errors.Is(err, follow.ErrMessageMoved):
		c.Flash(ui.Info, "message_moved")
	case errors.Is(err, follow.ErrOwnMessage):
		c.Flash(ui.Info, "message_own")
	case err != nil:
		return err
	default:
		c.Flash(ui.Success, flash)
	}
	return c.Redirect("/admin/mails/messages")
}
