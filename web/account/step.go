package account

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/web/page"

	accountview "videomall/views/account"
)

// stepRoutes registers signing in by passkey, and the second step after a password. There is no session before the
// step is done: a cookie holds the token of the step, so that no other browser can finish it.
func (h handlers) stepRoutes(g *echo.Group) {
	g.POST("/sign-in/passkey/ask", h.Site.Handle(h.askPasskey))
	g.POST("/sign-in/passkey", h.Site.Handle(h.signInByPasskey))
	// After a passkey that was refused the address bar shows this address.
	g.GET("/sign-in/passkey", h.Site.Handle(func(c *page.Ctx) error { return c.Redirect("/sign-in") }))
	g.GET("/sign-in/step", h.Site.Handle(h.stepPage))
	g.POST("/sign-in/step", h.Site.Handle(h.finishStep))
	g.POST("/sign-in/step/ask", h.Site.Handle(h.askStepPasskey))
}

func (h handlers) askPasskey(c *page.Ctx) error {
	q, err := h.Accounts.AskPasskey(c.Request().Context(), c.Origin(), c.RealIP())
	if err != nil {
		return err
	}
	return c.AskPasskey(q)
}

func (h handlers) signInByPasskey(c *page.Ctx) error {
	u, err := h.Accounts.SignInByPasskey(c.Request().Context(), c.PasskeyAnswer(c.FormValue("passkey")))
	if errors.Is(err, account.ErrSuspended) || c.IsPasskeyFault(err) {
		return h.showSignIn(c, http.StatusUnauthorized, accountview.SignIn{PasskeyError: c.Explain(fault.From(err).Slug)})
	}
	if err != nil {
		return err
	}
	return h.enter(c, u, "signed_in", c.SignInByFactor)
}

// startStep leads to the second step, which only this browser can finish.
func (h handlers) startStep(c *page.Ctx, step string) error {
	c.SetStep(step)
	to := "/sign-in/step"
	if on := next(c, ""); on != "" {
		to += "?next=" + url.QueryEscape(on)
	}
	return c.Redirect(to)
}

func (h handlers) stepPage(c *page.Ctx) error {
	if c.Viewer.SignedIn() { // the step was done, and the back button led here
		return c.Redirect(next(c, "/"))
	}
	return h.showStep(c, http.StatusOK, accountview.Step{})
}

func (h handlers) showStep(c *page.Ctx, status int, p accountview.Step) error {
	ctx := c.Request().Context()
	u, err := h.Accounts.StepUser(ctx, c.Step())
	if err != nil {
		return h.stepGone(c, err)
	}
	f, err := h.Accounts.Factors(ctx, u.ID)
	if err != nil {
		return err
	}
	p.Next, p.Passkey = next(c, ""), len(f.Passkeys) > 0 && account.CanPasskey(c.Origin())
	c.Page.NoIndex, c.Page.Unswapped = true, true
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.Render(status, c.Text.T("security.step_title"), accountview.StepPage(p))
}

// stepGone begins again at the password.
func (h handlers) stepGone(c *page.Ctx, err error) error {
	if !errors.Is(err, account.ErrStepGone) && !errors.Is(err, account.ErrSuspended) {
		return err
	}
	c.SetStep("")
	return h.showSignIn(c, http.StatusUnauthorized, accountview.SignIn{Error: c.Explain(fault.From(err).Slug)})
}

func (h handlers) finishStep(c *page.Ctx) error {
	if c.Viewer.SignedIn() { // a second click
		return c.Redirect(next(c, "/"))
	}
	ctx := c.Request().Context()
	var u account.User
	var err error
	if answer := c.FormValue("passkey"); answer != "" {
		u, err = h.Accounts.FinishSignInByPasskey(ctx, c.Step(), c.PasskeyAnswer(answer))
	} else {
		u, err = h.Accounts.FinishSignIn(ctx, account.SecondStep{
			Step:    c.Step(),
			Code:    c.FormValue("code"),
			Addr:    c.RealIP(),
			Browser: c.BrowserMarks(),
		})
	}
	switch f := fault.From(err); {
	case errors.Is(err, account.ErrWrongCode):
		return h.showStep(c, http.StatusUnauthorized, accountview.Step{Error: c.Explain(f.Slug)})
	case errors.Is(err, account.ErrThrottled):
		return h.showStep(c, http.StatusTooManyRequests, accountview.Step{Error: c.TooMany(err)})
	case errors.Is(err, account.ErrStepGone) && c.FormValue("passkey") == "", errors.Is(err, account.ErrSuspended):
		return h.stepGone(c, err)
	case c.IsPasskeyFault(err):
		return h.showStep(c, http.StatusUnauthorized, accountview.Step{Trouble: c.Explain(f.Slug)})
	case err != nil:
		return err
	}
	c.SetStep("")
	return h.enter(c, u, "signed_in", c.SignInByFactor)
}

func (h handlers) askStepPasskey(c *page.Ctx) error {
	q, err := h.Accounts.AskStepPasskey(c.Request().Context(), c.Step(), c.Origin())
	if err != nil {
		return err
	}
	return c.AskPasskey(q)
}
