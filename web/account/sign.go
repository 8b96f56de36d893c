package account

import (
	"errors"
	"net/http"
	"strings"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/views/ui"
	"videomall/web/page"

	accountview "videomall/views/account"
)

// Everybody knows these passwords. They exist in demo mode only, which serves this machine only.
const demoPassword = "demo-mall"

var demoAccounts = []accountview.DemoAccount{
	{
		Label: "account.demo_shopper",
		Icon:  "cart",
		Email: "shopper@example.test",
	},
	{
		Label: "account.demo_creator",
		Icon:  "studio",
		Email: "creator@example.test",
	},
	{
		Label: "account.demo_operator",
		Icon:  "gauge",
		Email: "operator@example.test",
	},
}

// next is where a person was going when they had to sign in first. The pages here are left out, because they would
// lead in a circle.
func next(c *page.Ctx, fallback string) string {
	to := c.Next(fallback)
	if path, _, _ := strings.Cut(to, "?"); path == "/sign-in" || path == "/sign-up" || strings.HasPrefix(path, "/sign-in/") {
		return fallback
	}
	return to
}

func (h handlers) signInPage(c *page.Ctx) error {
	if c.Viewer.SignedIn() {
		return c.Redirect(next(c, "/"))
	}
	return h.showSignIn(c, http.StatusOK, accountview.SignIn{})
}

func (h handlers) showSignIn(c *page.Ctx, status int, p accountview.SignIn) error {
	p.Next, p.Passkey = next(c, ""), account.CanPasskey(c.Origin())
	if p.Passkey {
		c.Page.Unswapped = true
	}
	if h.Demo {
		p.Demo, p.DemoPassword = demoAccounts, demoPassword
	}
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("account.sign_in"), accountview.SignInPage(p))
}

func (h handlers) signIn(c *page.Ctx) error {
	email := c.FormValue("email")
	entry, err := h.Accounts.StartSignIn(c.Request().Context(), account.Attempt{
		Email:    email,
		Password: c.FormValue("password"),
		Addr:     c.RealIP(),
		Browser:  c.BrowserMarks(),
	})
	switch {
	case errors.Is(err, account.ErrBadCredentials):
		return h.showSignIn(c, http.StatusUnauthorized, accountview.SignIn{
			Email: email,
			Error: c.Explain(fault.From(err).Slug),
		})
	case errors.Is(err, account.ErrSuspended):
		return h.showSignIn(c, http.StatusForbidden, accountview.SignIn{
			Email: email,
			Error: c.Explain(fault.From(err).Slug),
		})
	case errors.Is(err, account.ErrThrottled):
		return h.showSignIn(c, http.StatusTooManyRequests, accountview.SignIn{Email: email, Error: c.TooMany(err)})
	case err != nil:
		return err
	case entry.Step != "":
		return h.startStep(c, entry.Step)
	}
	return h.enter(c, entry.User, "signed_in", c.SignIn)
}

func (h handlers) signUpPage(c *page.Ctx) error {
	if c.Viewer.SignedIn() {
		return c.Redirect(next(c, "/"))
	}
	return h.showSignUp(c, http.StatusOK, accountview.SignUp{})
}

func (h handlers) showSignUp(c *page.Ctx, status int, p accountview.SignUp) error {
	p.Next = next(c, "")
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("account.sign_up"), accountview.SignUpPage(p))
}

func (h handlers) signUp(c *page.Ctx) error {
	typed := accountview.SignUp{Email: c.FormValue("email"), Name: c.FormValue("name")}
	u, err := h.Accounts.Register(c.Request().Context(), account.Registration{
		Email:    typed.Email,
		Name:     typed.Name,
		Password: c.FormValue("password"),
		Locale:   string(c.Text.Lang),
		Addr:     c.RealIP(),
	})
	switch f := fault.From(err); {
	case errors.Is(err, account.ErrInvalidAccount), errors.Is(err, account.ErrEmailTaken):
		typed.EmailError, typed.NameError = c.Explain(f.Fields["email"]), c.Explain(f.Fields["name"])
		typed.PasswordError = c.Explain(f.Fields["password"])
		return h.showSignUp(c, http.StatusUnprocessableEntity, typed)
	case errors.Is(err, account.ErrThrottled):
		typed.Error = c.TooMany(err)
		return h.showSignUp(c, http.StatusTooManyRequests, typed)
	case err != nil:
		return err
	}
	if chosen := c.Currency(); chosen != "" {
		if err := h.Accounts.SetCurrency(c.Request().Context(), u.ID, chosen); err != nil {
			c.Log().Warn("the guest's currency is not the person's", "user", u.ID, "error", err)
		}
	}
	return h.enter(c, u, "signed_up", c.SignIn)
}

// enter makes the person the viewer by signIn and sends them where they were going.
func (h handlers) enter(c *page.Ctx, u account.User, notice string, signIn func(account.User) error) error {
	to := next(c, "/")
	if err := signIn(u); err != nil {
		return err
	}
	if h.OnSignIn != nil {
		if err := h.OnSignIn(c.Request().Context(), c, u.ID); err != nil {
			c.Log().Error("what was the guest's is not the person's yet", "user", u.ID, "error", err)
		}
	}
	c.Flash(ui.Success, notice)
	return c.Redirect(to)
}

func (h handlers) signOut(c *page.Ctx) error {
	if err := c.SignOut(); err != nil {
		return err
	}
	c.Flash(ui.Success, "signed_out")
	return c.Redirect("/")
}
