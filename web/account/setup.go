package account

import (
	"errors"
	"net/http"

	"videomall/mall/account"
	"videomall/mall/fault"
	accountview "videomall/views/account"
	"videomall/views/ui"
	"videomall/web/page"
)

// setupPage shows the form by which a mall gets its first operator. A mall that has one has no such page.
func (h handlers) setupPage(c *page.Ctx) error {
	open, err := h.Accounts.SetupIsOpen(c.Request().Context())
	if err != nil {
		return err
	}
	if !open {
		return account.ErrSetupDone
	}
	return h.showSetup(c, http.StatusOK, accountview.Setup{})
}

func (h handlers) showSetup(c *page.Ctx, status int, p accountview.Setup) error {
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("account.setup_title"), accountview.SetupPage(p))
}

// setUp makes the first operator and signs them in.
func (h handlers) setUp(c *page.Ctx) error {
	typed := accountview.Setup{Email: c.FormValue("email"), Name: c.FormValue("name")}
	u, err := h.SetUp(c.Request().Context(), c.FormValue("code"), c.RealIP(), account.NewOperator{
		Email:    typed.Email,
		Name:     typed.Name,
		Password: c.FormValue("password"),
		Locale:   string(c.Text.Lang),
	})
	switch {
	case errors.Is(err, account.ErrInvalidAccount), errors.Is(err, account.ErrEmailTaken):
		typed.Errors = map[string]string{}
		for field, slug := range fault.From(err).Fields {
			typed.Errors[field] = c.Explain(slug)
		}
		return h.showSetup(c, http.StatusUnprocessableEntity, typed)
	case errors.Is(err, account.ErrThrottled):
		typed.Error = c.TooMany(err)
		return h.showSetup(c, http.StatusTooManyRequests, typed)
	case err != nil:
		return err
	}
	if err := c.SignIn(u); err != nil {
		return err
	}
	c.Flash(ui.Success, "set_up")
	return c.Redirect("/admin")
}
