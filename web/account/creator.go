package account

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	accountview "videomall/views/account"
)

var errNoCreator = fault.New(fault.Forbidden, "forbidden", "You may not do this.")

// creator fills the form of a creator's profile with what is stored. It returns nil for operators, who decide about
// what creators sell, and for people whose creator role an operator has taken away.
func (h handlers) creator(c *page.Ctx) (*accountview.Creator, error) {
	if h.Catalog == nil || c.Viewer.Is(account.RoleOperator) && !c.Viewer.Is(account.RoleCreator) {
		return nil, nil
	}
	if c.Viewer.Is(account.RoleShopper) {
		err := h.Accounts.MayBecomeCreator(c.Request().Context(), c.Viewer.UserID)
		if errors.Is(err, account.ErrRoleDecided) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	k, err := h.Catalog.CreatorOf(c.Request().Context(), c.Viewer.UserID)
	if errors.Is(err, catalog.ErrCreatorNotFound) {
		return &accountview.Creator{}, nil
	}
	if err != nil {
		return nil, err
	}
	return &accountview.Creator{
		Is:      c.Viewer.Is(account.RoleCreator),
		Settled: k.Slug,
		Slug:    k.Slug,
		Name:    k.Name,
		Bio:     k.Bio,
	}, nil
}

// recentToOpen takes a recent proof of who the viewer is from those who are no creators yet: the form gives them a role.
func (h handlers) recentToOpen(next echo.HandlerFunc) echo.HandlerFunc {
	strict := h.Site.RequireRecent(next)
	return func(c echo.Context) error {
		pc, err := h.Site.From(c)
		if err != nil {
			return err
		}
		if pc.Viewer.Is(account.RoleCreator) {
			return next(c)
		}
		return strict(c)
	}
}

// saveCreator makes a shopper a creator, or changes what a creator's profile says.
func (h handlers) saveCreator(c *page.Ctx) error {
	if c.Viewer.Is(account.RoleOperator) && !c.Viewer.Is(account.RoleCreator) {
		return errNoCreator.Because("operator %d", c.Viewer.UserID)
	}
	stands, err := h.creator(c)
	if err != nil {
		return err
	}
	if stands == nil {
		return account.ErrRoleDecided.Because("user %d", c.Viewer.UserID)
	}
	form := accountview.Creator{
		Is:      c.Viewer.Is(account.RoleCreator),
		Settled: stands.Settled,
		Slug:    c.FormValue("slug"),
		Name:    formvalue.Text(c.FormValue, "name"),
		Bio:     formvalue.Text(c.FormValue, "bio"),
	}
	err = h.Listings.OpenCreator(c.Request().Context(), catalog.NewCreator{
		UserID: c.Viewer.UserID,
		Slug:   form.Slug,
		Name:   form.Name,
		Bio:    form.Bio,
	})
	switch {
	case errors.Is(err, listing.ErrCreatorInvalid):
		form.Errors = fault.From(err).Fields
		return h.refuseCreator(c, &form)
	case err != nil:
		return err
	case form.Is:
		c.Flash(ui.Success, "creator_saved")
		return c.Redirect("/account#creator")
	}
	return h.becomeCreator(c, form.Settled == "")
}

// refuseCreator shows the form again on the page that it came from, with what was typed.
func (h handlers) refuseCreator(c *page.Ctx, form *accountview.Creator) error {
	if !form.Is {
		return h.showSell(c, http.StatusUnprocessableEntity, form)
	}
	return h.showAccount(c, http.StatusUnprocessableEntity, accountview.Account{Profile: h.profile(c), Creator: form})
}

// becomeCreator gives a shopper the role. A change of role ends every session, so that this browser gets a new one. The
// reports of somebody who is a creator for the first time begin in the zone of the browser, where it is known; whoever
// was one before has chosen a zone.
func (h handlers) becomeCreator(c *page.Ctx, first bool) error {
	ctx := c.Request().Context()
	if zone, known := c.Text.OwnZone(); known && first && h.OpenZone != nil {
		if err := h.OpenZone(ctx, c.Viewer.UserID, zone.Name()); err != nil {
			return err
		}
	}
	if err := h.Accounts.BecomeCreator(ctx, c.Viewer.UserID); err != nil {
		return err
	}
	if err := c.SignInAgain(); err != nil {
		return err
	}
	c.Flash(ui.Success, "creator_opened")
	return c.Redirect("/studio/listings")
}
