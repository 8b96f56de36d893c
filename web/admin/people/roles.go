package people

import (
	"errors"
	"net/http"
	"strings"

	"videomall/mall/account"
	"videomall/mall/backoffice"
	"videomall/mall/fault"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	adminview "videomall/views/admin"
	peopleview "videomall/views/admin/people"
)

// askRoles shows which roles somebody has, and asks which they are to have.
func (d Deps) askRoles(c *page.Ctx) error {
	return d.renderRoles(c, http.StatusOK, peopleview.RolesPage{})
}

// renderRoles reads the person and draws the page: with the roles that they have, or on a form that was refused with
// those that were chosen. Errors: account.ErrNoUser, account.ErrOwnRole.
func (d Deps) renderRoles(c *page.Ctx, status int, p peopleview.RolesPage) (err error) {
	ctx := c.Request().Context()
	if p.Person, err = d.Accounts.Person(ctx, formvalue.ID(c.Param("id"))); err != nil {
		return err
	}
	if p.Person.ID == c.Viewer.UserID {
		return account.ErrOwnRole.Because("operator %d", p.Person.ID)
	}
	if p.Given, err = d.Accounts.RolesOf(ctx, p.Person.ID); err != nil {
		return err
	}
	if p.Errors == nil {
		p.Chosen = p.Person.Roles
	}
	p.Yours, p.Now = c.Viewer.Roles, c.Now
	return c.Render(status, c.Text.T("people.title"), peopleview.Roles(p))
}

// changeRoles gives the roles that are checked and takes the others. A form that is refused comes back with what was
// chosen and typed.
func (d Deps) changeRoles(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	form, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	p := peopleview.RolesPage{
		Chosen: form["role"],
		Reason: c.FormValue("reason"),
		Errors: map[string]string{},
	}
	var from account.Roles
	if seen := c.FormValue("from"); seen != "" {
		from = strings.Split(seen, ",")
	}
	err = d.People.ChangeRoles(c.Request().Context(), account.RoleChange{
		By:   c.Viewer.UserID,
		ID:   id,
		From: from,
		To:   p.Chosen,
	}, p.Reason)
	switch {
	case err == nil:
		c.Flash(ui.Success, "role_changed")
		return c.Redirect(adminview.PersonURL(id))
	case errors.Is(err, account.ErrRoleMoved):
		c.Flash(ui.Warning, "role_moved")
		return c.Redirect(adminview.PersonURL(id) + "/roles")
	case errors.Is(err, backoffice.ErrActionInvalid), errors.Is(err, account.ErrInvalidAccount),
		errors.Is(err, account.ErrNotYours), errors.Is(err, account.ErrLastOperator):
		for field, slug := range fault.From(err).Fields {
			p.Errors[field] = c.Explain(slug)
		}
		return d.renderRoles(c, http.StatusUnprocessableEntity, p)
	}
	return err
}
