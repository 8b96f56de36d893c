package people

import (
	"errors"
	"net/http"

	"videomall/mall/account"
	"videomall/mall/backoffice"
	"videomall/mall/fault"
	"videomall/mall/risk"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	adminview "videomall/views/admin"
	peopleview "videomall/views/admin/people"
)

// ask shows what an action would do, and asks for the reason.
func (d Deps) ask(do string) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		return d.renderAction(c, http.StatusOK, peopleview.ActionPage{
			Do:  do,
			For: peopleview.Terms[2],
		})
	}
}

// renderAction reads the person and draws the page. Errors: account.ErrNoUser, account.ErrOwnRole.
func (d Deps) renderAction(c *page.Ctx, status int, p peopleview.ActionPage) (err error) {
	if p.Person, err = d.Accounts.Person(c.Request().Context(), formvalue.ID(c.Param("id"))); err != nil {
		return err
	}
	if p.Person.ID == c.Viewer.UserID {
		return account.ErrOwnRole.Because("operator %d: %s", p.Person.ID, p.Do)
	}
	return c.Render(status, c.Text.T("people.title"), peopleview.Action(p))
}

func (d Deps) suspend(c *page.Ctx) error {
	p := peopleview.ActionPage{
		Do:     "suspend",
		Reason: c.FormValue("reason"),
		For:    c.FormValue("for"),
	}
	err := d.People.Suspend(c.Request().Context(), d.operator(c), formvalue.ID(c.Param("id")), p.Reason, term(p.For))
	return d.done(c, p, err, "person_suspended")
}

func (d Deps) lift(c *page.Ctx) error {
	p := peopleview.ActionPage{Do: "lift", Reason: c.FormValue("reason")}
	err := d.People.Lift(c.Request().Context(), d.operator(c), formvalue.ID(c.Param("id")), p.Reason)
	if errors.Is(err, risk.ErrNoEntry) {
		c.Flash(ui.Info, "person_not_suspended")
		return c.Redirect(adminview.PersonURL(formvalue.ID(c.Param("id"))))
	}
	return d.done(c, p, err, "person_lifted")
}

func (d Deps) signOutPerson(c *page.Ctx) error {
	p := peopleview.ActionPage{Do: "sign-out", Reason: c.FormValue("reason")}
	_, err := d.People.SignOut(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")), p.Reason)
	return d.done(c, p, err, "person_signed_out")
}

// done goes back to the person's page. A form that is refused comes back with what was typed.
func (d Deps) done(c *page.Ctx, p peopleview.ActionPage, err error, flash string) error {
	if errors.Is(err, backoffice.ErrActionInvalid) {
		p.Errors = map[string]string{}
		for field, slug := range fault.From(err).Fields {
			p.Errors[field] = c.Explain(slug)
		}
		return d.renderAction(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, flash)
	return c.Redirect(adminview.PersonURL(formvalue.ID(c.Param("id"))))
}
