package account

import (
	"errors"
	"net/http"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	accountview "videomall/views/account"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

var errNoCreator = fault.New(fault.Forbidden, "forbidden", "You may not do this.")

// creator is the form of a creator's profile as it stands; nil for operators, who judge what creators sell, and for
// whom an operator has made a shopper.
func (h handlers) creator(c *page.Ctx) (*accountview.Creator, error) {
	if h.Catalog == nil || c.Viewer.Is(account.RoleOperator) {
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

// saveCreator makes a shopper a creator, or changes what a creator's profile says. A change of role ends every session,
// so that this browser gets a new one.
func (h handlers) saveCreator(c *page.Ctx) error {
	if c.Viewer.Is(account.RoleOperator) {
		return errNoCreator.Because("operator %d", c.Viewer.UserID)
	}
	ctx := c.Request().Context()
	form := accountview.Creator{
		Is:   c.Viewer.Is(account.RoleCreator),
		Slug: c.FormValue("slug"),
		Name: formvalue.Text(c.FormValue, "name"),
		Bio:  formvalue.Text(c.FormValue, "bio"),
	}
	stands, err := h.creator(c)
	if err != nil {
		return err
	}
	if stands == nil {
		return account.ErrRoleDecided.Because("user %d", c.Viewer.UserID)
	}
	form.Settled = stands.Settled
	err = h.Listings.OpenCreator(ctx, catalog.NewCreator{
		UserID: c.Viewer.UserID,
		Slug:   form.Slug,
		Name:   form.Name,
		Bio:    form.Bio,
	})
	if errors.Is(err, listing.ErrCreatorInvalid) {
		form.Errors = fault.From(err).Fields
		if !form.Is {
			return h.showSell(c, http.StatusUnprocessableEntity, &form)
		}
		return h.showAccount(c, http.StatusUnprocessableEntity, accountview.Profile{
			Name:   c.Viewer.Name,
			Locale: c.Viewer.Locale,
		}, accountview.Passwords{}, &form)
	}
	if err != nil {
		return err
	}
	if form.Is {
		c.Flash(ui.Success, "creator_saved")
		return c.Redirect("/account#creator")
	}
	// Reports begin in the zone of the browser, where it is known. Whoever was a creator before has chosen.
	if zone, known := c.Text.OwnZone(); known && h.OpenZone != nil && form.Settled == "" {
		if err := h.OpenZone(ctx, c.Viewer.UserID, zone.Name()); err != nil {
			return err
		}
	}
	if err := h.Accounts.BecomeCreator(ctx, c.Viewer.UserID); err != nil {
		return err
	}
	u, err := h.Accounts.User(ctx, c.Viewer.UserID)
	if err != nil {
		return err
	}
	if err := c.SignIn(u); err != nil {
		return err
	}
	c.Flash(ui.Success, "creator_opened")
	return c.Redirect("/studio/listings")
}
