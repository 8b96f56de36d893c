// Package account owns the pages of having an account: sign in, sign up, sign out, and the account's own page. The
// rules of passwords and sessions are mall/account's; it refuses to know what else happens to a person who signs in.
package account

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/mail"
	"videomall/mall/partner"
	"videomall/mall/tax"
	accountview "videomall/views/account"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/page"
	"videomall/web/useragent"
)

// Deps are what the pages work with. OnSignIn runs after a person has signed in, and takes over what belonged to the
// guest; its error is logged and does not stop the sign-in. Demo shows the demo accounts.
type Deps struct {
	Site     *page.Site
	Accounts *account.Accounts
	Sessions *account.Sessions
	Catalog  *catalog.Catalog // where creators have their profiles; nil for a mall whose creators are made otherwise
	Listings *listing.Listings
	Terms    ledger.Terms      // what creators agree to
	Partners *partner.Partners // whose keys their owners see; nil for a mall without partners
	Taxes    *tax.Taxes        // where buyers keep their billing details; nil for a mall without them
	// OpenZone stores the time zone of a new creator's reports; nil leaves it at UTC.
	OpenZone func(ctx context.Context, creatorID int64, zone string) error
	OnSignIn func(ctx context.Context, c *page.Ctx, userID int64) error
	// SetUp makes the first operator of a mall with a code that the mall has printed; nil where nobody is made so.
	SetUp   func(ctx context.Context, code, addr string, o account.NewOperator) (account.User, error)
	Demo    bool
	Mail    bool        // the mall sends mails
	Mails   *mail.Mails // nil unless it does
	Mailbox bool        // into the demo's mailbox page
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	h := handlers{d}
	g.GET("/sign-in", d.Site.Handle(h.signInPage))
	g.POST("/sign-in", d.Site.Handle(h.signIn))
	g.GET("/sign-up", d.Site.Handle(h.signUpPage))
	g.POST("/sign-up", d.Site.Handle(h.signUp))
	g.POST("/sign-out", d.Site.Handle(h.signOut))
	h.linkRoutes(g)
	h.stepRoutes(g)
	if d.SetUp != nil {
		g.GET("/setup", d.Site.Handle(h.setupPage))
		g.POST("/setup", d.Site.Handle(h.setUp))
	}

	own := page.Guarded(g, "/account", d.Site.RequireUser)
	own.GET("", d.Site.Handle(h.account))
	own.POST("", d.Site.Handle(h.saveProfile))
	// After a form with errors the browser's address bar shows this address; reloading it has to show the page.
	own.GET("/password", d.Site.Handle(func(c *page.Ctx) error { return c.Redirect("/account") }))
	own.POST("/password", d.Site.Handle(h.changePassword), d.Site.RequireRecentFactor)
	if d.Catalog != nil {
		g.GET("/sell", d.Site.Handle(h.sell))
		own.GET("/creator", d.Site.Handle(func(c *page.Ctx) error {
			if c.Viewer.Is(account.RoleShopper) {
				return c.Redirect("/sell#creator")
			}
			return c.Redirect("/account#creator")
		}))
		own.POST("/creator", d.Site.Handle(h.saveCreator), h.recentToOpen)
	}
	if d.Taxes != nil {
		own.GET("/billing", d.Site.Handle(h.billing))
		own.POST("/billing", d.Site.Handle(h.saveBilling))
		own.GET("/billing/country", d.Site.Handle(func(c *page.Ctx) error { return c.Redirect("/account/billing") }))
		own.POST("/billing/country", d.Site.Handle(h.saveCountry))
	}
	own.GET("/email", d.Site.Handle(func(c *page.Ctx) error { return c.Redirect("/account#address") }))
	own.POST("/email", d.Site.Handle(h.askEmail), d.Site.RequireRecentFactor)
	own.POST("/verify", d.Site.Handle(h.askVerify))
	h.mailRoutes(own)
	own.POST("/devices/:number/end", d.Site.Handle(h.endDevice))
	own.POST("/tokens/:number/end", d.Site.Handle(h.endToken))
	own.POST("/sign-out-everywhere", d.Site.Handle(h.signOutEverywhere), d.Site.RequireRecent)
	h.securityRoutes(own)
}

type handlers struct{ Deps }

func (h handlers) account(c *page.Ctx) error {
	return h.showAccount(c, http.StatusOK, accountview.Account{Profile: h.profile(c)})
}

// profile is the form of the profile as it is stored.
func (h handlers) profile(c *page.Ctx) accountview.Profile {
	return accountview.Profile{Name: c.Viewer.Name, Locale: c.Viewer.Locale}
}

// showAccount draws the page. props holds its forms; one of them can have been refused, with what was typed and what
// is wrong with it. The rest is filled in here.
func (h handlers) showAccount(c *page.Ctx, status int, props accountview.Account) error {
	ctx := c.Request().Context()
	u, err := h.Accounts.User(ctx, c.Viewer.UserID)
	if err != nil {
		return err
	}
	if props.Devices, err = h.devices(c); err != nil {
		return err
	}
	if props.Tokens, err = h.tokens(c); err != nil {
		return err
	}
	props.Email, props.Since, props.Now, props.Billing = u.Email, u.CreatedAt, c.Now, h.Taxes != nil
	if h.Partners != nil {
		owned, err := h.Partners.Of(ctx, u.ID)
		if err != nil {
			return err
		}
		props.Partner = len(owned) > 0
	}
	if err := h.fillAddress(ctx, u, &props.Address); err != nil {
		return err
	}
	if props.Creator == nil {
		if props.Creator, err = h.creator(c); err != nil {
			return err
		}
	}
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("account.title"), accountview.AccountPage(props))
}

// devices are where the viewer is signed in.
func (h handlers) devices(c *page.Ctx) (shown []accountview.Device, err error) {
	list, err := h.Sessions.Devices(c.Request().Context(), c.Viewer.UserID, c.Session())
	for _, d := range list {
		browser, system := useragent.Describe(d.UserAgent)
		shown = append(shown, accountview.Device{
			Number:  d.Number,
			Browser: browser,
			System:  system,
			Since:   d.Since,
			Seen:    d.Seen,
			Here:    d.Here,
		})
	}
	return shown, err
}

// tokens are the viewer's bearer tokens.
func (h handlers) tokens(c *page.Ctx) (shown []accountview.Token, err error) {
	list, err := h.Accounts.Tokens(c.Request().Context(), c.Viewer.UserID)
	for _, t := range list {
		shown = append(shown, accountview.Token(t))
	}
	return shown, err
}

func (h handlers) saveProfile(c *page.Ctx) error {
	name, locale := c.FormValue("name"), c.FormValue("locale")
	err := h.Accounts.ChangeProfile(c.Request().Context(), c.Viewer.UserID, name, locale)
	if f := fault.From(err); errors.Is(err, account.ErrInvalidAccount) {
		return h.showAccount(c, http.StatusUnprocessableEntity, accountview.Account{Profile: accountview.Profile{
			Name:        name,
			Locale:      locale,
			NameError:   c.Explain(f.Fields["name"]),
			LocaleError: c.Explain(f.Fields["locale"]),
		}})
	}
	if err != nil {
		return err
	}
	c.Viewer.Locale = locale
	if err := c.SetLanguage(text.Lang(locale)); err != nil {
		return err
	}
	c.Flash(ui.Success, "profile_saved")
	return c.Redirect("/account")
}

// changePassword ends every session and gives this browser a new one.
func (h handlers) changePassword(c *page.Ctx) error {
	ctx := c.Request().Context()
	err := h.Accounts.ChangePassword(ctx, c.Viewer.UserID, c.FormValue("currentPassword"), c.FormValue("password"))
	if f := fault.From(err); errors.Is(err, account.ErrInvalidAccount) {
		return h.showAccount(c, http.StatusUnprocessableEntity, accountview.Account{
			Profile: h.profile(c),
			Passwords: accountview.Passwords{
				CurrentError: c.Explain(f.Fields["currentPassword"]),
				NewError:     c.Explain(f.Fields["password"]),
			},
		})
	}
	if err != nil {
		return err
	}
	if err := c.SignInAgain(); err != nil {
		return err
	}
	c.Flash(ui.Success, "password_changed")
	return c.Redirect("/account")
}

func (h handlers) endDevice(c *page.Ctx) error {
	number, err := strconv.ParseInt(c.Param("number"), 10, 64)
	if err != nil {
		return account.ErrNoSession.Because("number %q", c.Param("number"))
	}
	if err := h.Sessions.EndDevice(c.Request().Context(), c.Viewer.UserID, number); err != nil {
		return err
	}
	c.Flash(ui.Success, "device_ended")
	return c.Redirect(c.Next("/account#devices"))
}

func (h handlers) endToken(c *page.Ctx) error {
	number, err := strconv.ParseInt(c.Param("number"), 10, 64)
	if err != nil {
		return account.ErrNoToken.Because("number %q", c.Param("number"))
	}
	if err := h.Accounts.EndToken(c.Request().Context(), c.Viewer.UserID, number); err != nil {
		return err
	}
	c.Flash(ui.Success, "token_ended")
	return c.Redirect(c.Next("/account#tokens"))
}

func (h handlers) signOutEverywhere(c *page.Ctx) error {
	if _, err := h.Accounts.EndAll(c.Request().Context(), c.Viewer.UserID); err != nil {
		return err
	}
	if err := c.SignOut(); err != nil {
		return err
	}
	c.Flash(ui.Success, "signed_out_everywhere")
	return c.Redirect("/sign-in")
}
