package people

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/mall/risk"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	peopleview "videomall/views/admin/people"
)

// pastListed limits the history below the list.
const pastListed = 50

func (d Deps) showLists(c *page.Ctx) error {
	form := peopleview.EntryForm{
		Effect: string(risk.Deny),
		Kind:   string(risk.Address),
		For:    peopleview.Terms[1],
	}
	return d.renderLists(c, http.StatusOK, form)
}

func (d Deps) renderLists(c *page.Ctx, status int, form peopleview.EntryForm) (err error) {
	ctx := c.Request().Context()
	p := peopleview.ListsPage{Form: form, Now: c.Now}
	if p.Living, err = d.Lists.Living(ctx); err != nil {
		return err
	}
	if p.Past, err = d.Lists.Past(ctx, pastListed); err != nil {
		return err
	}
	if p.People, err = d.namesIn(ctx, slices.Concat(p.Living, p.Past)); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("lists.title"), peopleview.Lists(p))
}

// addEntry adds an entry. A form that is refused comes back with what was typed.
func (d Deps) addEntry(c *page.Ctx) error {
	form := peopleview.EntryForm{
		Effect:  c.FormValue("effect"),
		Kind:    c.FormValue("kind"),
		Subject: strings.TrimSpace(c.FormValue("subject")),
		Reason:  c.FormValue("reason"),
		For:     c.FormValue("for"),
	}
	entry := risk.NewEntry{
		Effect:  risk.Effect(form.Effect),
		Kind:    risk.Kind(form.Kind),
		Subject: form.Subject,
		Reason:  form.Reason,
		For:     term(form.For),
		By:      d.operator(c),
	}
	ctx := c.Request().Context()
	var err error
	if entry.Kind == risk.User {
		if entry.Subject, err = d.accountNumber(ctx, form.Subject); err != nil {
			return err
		}
	}
	err = d.Lists.Add(ctx, entry)
	if errors.Is(err, risk.ErrEntryInvalid) || errors.Is(err, risk.ErrOwnLockout) {
		form.Errors = map[string]string{}
		for field, slug := range fault.From(err).Fields {
			form.Errors[field] = c.Explain(slug)
		}
		return d.renderLists(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "entry_added")
	return c.Redirect("/admin/lists")
}

func (d Deps) endEntry(c *page.Ctx) error {
	err := d.Lists.End(c.Request().Context(), formvalue.ID(c.Param("id")), d.operator(c))
	switch {
	case err == nil:
		c.Flash(ui.Success, "entry_ended")
	case errors.Is(err, risk.ErrNoEntry):
		c.Flash(ui.Info, "entry_gone")
	case errors.Is(err, risk.ErrOwnLockout):
		c.Flash(ui.Error, "entry_kept")
	default:
		return err
	}
	return c.Redirect("/admin/lists")
}

// operator describes the acting operator as the gate does: account, address and device.
func (d Deps) operator(c *page.Ctx) risk.Subject {
	s := d.Asks(c.Context)
	s.UserID = c.Viewer.UserID
	return s
}

// term reads one of the form's choices. Anything else becomes a negative time, which the lists refuse.
func term(s string) time.Duration {
	if !slices.Contains(peopleview.Terms, s) {
		return -1
	}
	d, _ := time.ParseDuration(s) // "" is none
	return d
}

// accountNumber finds an account by email or number. It returns "" where there is none, which the lists refuse.
func (d Deps) accountNumber(ctx context.Context, typed string) (string, error) {
	var u account.User
	var err error
	if n, failed := strconv.ParseInt(typed, 10, 64); failed == nil {
		u, err = d.Accounts.User(ctx, n)
	} else {
		u, err = d.Accounts.ByEmail(ctx, typed)
	}
	if errors.Is(err, account.ErrNoUser) {
		return "", nil
	}
	return strconv.FormatInt(u.ID, 10), err
}
