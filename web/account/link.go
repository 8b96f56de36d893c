package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/views/ui"
	"videomall/web/page"

	accountview "videomall/views/account"
)

// linkRoutes registers the pages to which mailed links lead. To open a link changes nothing, since programs that guard
// mailboxes open links, too: each page has a button.
func (h handlers) linkRoutes(g *echo.Group) {
	g.GET("/forgot-password", h.Site.Handle(h.forgotPage))
	g.POST("/forgot-password", h.Site.Handle(h.forgot))
	g.GET("/reset-password", h.Site.Handle(h.resetPage))
	g.POST("/reset-password", h.Site.Handle(h.reset))
	g.GET("/verify-email", h.Site.Handle(h.linkPage(verifyLink)))
	g.POST("/verify-email", h.Site.Handle(h.useLink(verifyLink)))
	// A mistyped address is a stranger's, who must not be able to use its link.
	own := page.Guarded(g, "/change-email", h.Site.RequireUser)
	own.GET("", h.Site.Handle(h.linkPage(emailLink)))
	own.POST("", h.Site.Handle(h.useLink(emailLink)))
}

func (h handlers) forgotPage(c *page.Ctx) error {
	return h.showForgot(c, http.StatusOK, accountview.Forgot{Email: c.Viewer.Email})
}

func (h handlers) showForgot(c *page.Ctx, status int, p accountview.Forgot) error {
	p.Mail, p.Mailbox = h.Mail, h.Mailbox
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("account.forgot_title"), accountview.ForgotPage(p))
}

// forgot answers alike whether the address has an account or not.
func (h handlers) forgot(c *page.Ctx) error {
	p := accountview.Forgot{Email: c.FormValue("email")}
	err := h.Accounts.AskReset(c.Request().Context(), account.Reset{
		Email:  p.Email,
		Locale: string(c.Text.Lang),
		Addr:   c.RealIP(),
	})
	switch f := fault.From(err); {
	case errors.Is(err, account.ErrInvalidAccount):
		p.EmailError = c.Explain(f.Fields["email"])
		return h.showForgot(c, http.StatusUnprocessableEntity, p)
	case errors.Is(err, account.ErrThrottled):
		p.Error = c.TooMany(err)
		return h.showForgot(c, http.StatusTooManyRequests, p)
	case errors.Is(err, account.ErrNoMail):
		return h.showForgot(c, http.StatusServiceUnavailable, p)
	case err != nil:
		return err
	}
	p.Asked = true
	return h.showForgot(c, http.StatusOK, p)
}

func (h handlers) resetPage(c *page.Ctx) error {
	token := c.QueryParam("token")
	if err := h.Accounts.ResetLink(c.Request().Context(), token); err != nil {
		return h.gone(c, err)
	}
	return h.showReset(c, http.StatusOK, accountview.Reset{Token: token})
}

func (h handlers) showReset(c *page.Ctx, status int, p accountview.Reset) error {
	h.secret(c)
	return c.Render(status, c.Text.T("account.reset_title"), accountview.ResetPage(p))
}

// secret keeps the address of a page, which holds a link's token, from caches, search engines and other sites that the
// reader goes to from here. Under "no-referrer" a form would come from the origin "null", which is refused as another
// site's where a browser says nothing else.
func (h handlers) secret(c *page.Ctx) {
	c.Page.NoIndex = true
	c.Response().Header().Set("Referrer-Policy", "same-origin")
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
}

// reset leaves signing in to the person, who then knows that the new password works.
func (h handlers) reset(c *page.Ctx) error {
	p := accountview.Reset{Token: c.FormValue("token")}
	err := h.Accounts.ResetPassword(c.Request().Context(), p.Token, c.FormValue("password"), c.RealIP())
	switch f := fault.From(err); {
	case errors.Is(err, account.ErrInvalidAccount):
		p.Error = c.Explain(f.Fields["password"])
		return h.showReset(c, http.StatusUnprocessableEntity, p)
	case errors.Is(err, account.ErrThrottled):
		p.Error = c.TooMany(err)
		return h.showReset(c, http.StatusTooManyRequests, p)
	case err != nil:
		return h.gone(c, err)
	}
	c.Flash(ui.Success, "password_reset")
	return c.Redirect("/sign-in")
}

// link is a page with one button, which uses the link that led to it.
type link struct {
	path, key string
	use       func(a *account.Accounts, ctx context.Context, viewer int64, token string) error
	done      string // the notice
	to        string // where it leads afterwards
}

var (
	verifyLink = link{
		path: "/verify-email",
		key:  "verify",
		use: func(a *account.Accounts, ctx context.Context, _ int64, token string) error {
			return a.Verify(ctx, token)
		},
		done: "email_verified",
		to:   "/account",
	}
	emailLink = link{
		path: "/change-email",
		key:  "change_email",
		use:  (*account.Accounts).ChangeEmail,
		done: "email_changed",
		to:   "/sign-in",
	}
)

func (h handlers) linkPage(l link) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		h.secret(c)
		return c.Render(http.StatusOK, c.Text.T("account."+l.key+"_title"), accountview.LinkPage(accountview.Link{
			Action: l.path,
			Key:    l.key,
			Token:  c.QueryParam("token"),
		}))
	}
}

func (h handlers) useLink(l link) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		if err := l.use(h.Accounts, c.Request().Context(), c.Viewer.UserID, c.FormValue("token")); err != nil {
			return h.gone(c, err)
		}
		c.Flash(ui.Success, l.done)
		return c.Redirect(l.to)
	}
}

// gone says that a link no longer works, and what to do instead.
func (h handlers) gone(c *page.Ctx, err error) error {
	if !errors.Is(err, account.ErrLinkGone) && !errors.Is(err, account.ErrEmailTaken) {
		return err
	}
	h.secret(c)
	return c.Render(http.StatusNotFound, c.Text.T("account.link_gone_title"),
		accountview.LinkGonePage(c.Explain(fault.From(err).Slug)))
}

// fillAddress says whether the person has proved their address, and whether they can change it here.
func (h handlers) fillAddress(ctx context.Context, u account.User, p *accountview.Address) error {
	p.Email, p.Mail, p.Mailbox = u.Email, h.Mail, h.Mailbox
	at, err := h.Accounts.VerifiedAt(ctx, u.ID)
	p.Verified = at != nil
	if err != nil {
		return err
	}
	p.Suppressed, err = h.suppressed(ctx, u.Email)
	return err
}

func (h handlers) askVerify(c *page.Ctx) error {
	err := h.Accounts.AskVerify(c.Request().Context(), c.Viewer.UserID)
	if errors.Is(err, account.ErrThrottled) {
		return h.showAccount(c, http.StatusTooManyRequests, accountview.Account{
			Profile: h.profile(c),
			Address: accountview.Address{Error: c.TooMany(err)},
		})
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "verify_sent")
	return c.Redirect("/account#address")
}

func (h handlers) askEmail(c *page.Ctx) error {
	p := accountview.Address{New: c.FormValue("email")}
	err := h.Accounts.AskEmail(c.Request().Context(), c.Viewer.UserID, p.New, c.FormValue("currentPassword"))
	status := http.StatusUnprocessableEntity
	switch f := fault.From(err); {
	case errors.Is(err, account.ErrInvalidAccount), errors.Is(err, account.ErrEmailTaken):
		p.NewError, p.PasswordError = c.Explain(f.Fields["email"]), c.Explain(f.Fields["currentPassword"])
	case errors.Is(err, account.ErrThrottled):
		status, p.Error = http.StatusTooManyRequests, c.TooMany(err)
	case err != nil:
		return err
	default:
		c.Flash(ui.Success, "email_asked")
		return c.Redirect("/account#address")
	}
	return h.showAccount(c, status, accountview.Account{Profile: h.profile(c), Address: p})
}
