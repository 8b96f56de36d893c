package account

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/views/ui"
	"videomall/web/page"
	"videomall/web/useragent"

	accountview "videomall/views/account"
)

// securityRoutes registers the pages about second factors. Everything that changes one takes a recent proof of who the
// person is; forms that begin with nothing but a button show the next page themselves, so that the proof comes first.
func (h handlers) securityRoutes(own *page.Group) {
	recent := h.Site.RequireRecent
	back := h.Site.Handle(func(c *page.Ctx) error { return c.Redirect("/account/security") })
	own.GET("/security", h.Site.Handle(h.security))
	own.POST("/security/app/new", h.Site.Handle(h.newApp), recent)
	own.POST("/security/app", h.Site.Handle(h.confirmApp), recent)
	own.POST("/security/app/remove", h.Site.Handle(h.removeApp), recent)
	own.POST("/security/passkeys/new", h.Site.Handle(h.newPasskey), recent)
	own.POST("/security/passkeys/new/ask", h.Site.Handle(h.askNewPasskey), recent)
	own.POST("/security/passkeys", h.Site.Handle(h.addPasskey), recent)
	own.POST("/security/passkeys/:number/remove", h.Site.Handle(h.removePasskey), recent)
	own.POST("/security/passkeys/ask", h.Site.Handle(h.askOwnPasskey))
	own.POST("/security/recovery", h.Site.Handle(h.renewRecovery), recent)
	own.POST("/security/sign-out-others", h.Site.Handle(h.signOutOthers), recent)
	// The browser's address bar shows these after a form; reloading it has to show a page.
	for _, path := range []string{"/app", "/app/new", "/passkeys", "/passkeys/new", "/recovery"} {
		own.GET("/security"+path, back)
	}
}

func (h handlers) security(c *page.Ctx) error { return h.showSecurity(c, http.StatusOK, "") }

func (h handlers) showSecurity(c *page.Ctx, status int, wrong string) error {
	ctx := c.Request().Context()
	f, err := h.Accounts.Factors(ctx, c.Viewer.UserID)
	if err != nil {
		return err
	}
	events, err := h.Accounts.Events(ctx, c.Viewer.UserID)
	if err != nil {
		return err
	}
	devices, err := h.devices(c)
	if err != nil {
		return err
	}
	tokens, err := h.tokens(c)
	if err != nil {
		return err
	}
	p := accountview.Security{
		Devices:      devices,
		Tokens:       tokens,
		Now:          c.Now,
		Needed:       c.Viewer.NeedsFactor,
		Any:          f.Any,
		TOTPSince:    f.TOTPSince,
		CanPasskey:   account.CanPasskey(c.Origin()),
		RecoveryLeft: f.RecoveryLeft,
		Error:        wrong,
	}
	for _, k := range f.Passkeys {
		browser, system := useragent.Describe(k.UserAgent)
		p.Passkeys = append(p.Passkeys, accountview.Passkey{
			Number:  k.Number,
			Name:    k.Name,
			Browser: browser,
			System:  system,
			Used:    k.Used,
		})
	}
	for _, e := range events {
		p.Events = append(p.Events, accountview.Event(e))
	}
	c.Page.NoIndex, c.Page.Unswapped = true, true
	return c.Render(status, c.Text.T("security.title"), accountview.SecurityPage(p))
}

// viewer is the person as they are now, of the epoch in which this request was let in.
func (h handlers) viewer(c *page.Ctx) (account.User, error) {
	u, err := h.Accounts.User(c.Request().Context(), c.Viewer.UserID)
	if err == nil && u.Epoch != c.Viewer.Grant.Epoch {
		err = account.ErrEnded
	}
	return u, err
}

// refused shows what is wrong on the page of security.
func (h handlers) refused(c *page.Ctx, err error) error {
	for _, f := range []error{
		account.ErrLastFactor, account.ErrTOTPOn, account.ErrStepGone, account.ErrNoFactor,
		account.ErrTooManyPasskeys, account.ErrNoPasskeys,
	} {
		if errors.Is(err, f) {
			return h.showSecurity(c, http.StatusConflict, c.Explain(fault.From(err).Slug))
		}
	}
	return err
}

func (h handlers) newApp(c *page.Ctx) error {
	u, err := h.viewer(c)
	if err != nil {
		return err
	}
	setup, err := h.Accounts.NewTOTP(u, h.issuer(c))
	if err != nil {
		return err
	}
	return h.showApp(c, http.StatusOK, setup, "")
}

// issuer is what apps call the mall.
func (h handlers) issuer(c *page.Ctx) string { return c.Text.T("site.name") }

func (h handlers) showApp(c *page.Ctx, status int, setup account.TOTPSetup, wrong string) error {
	code, err := ui.DrawQR(setup.URL)
	if err != nil {
		return err
	}
	h.private(c)
	return c.Render(status, c.Text.T("security.totp_title"), accountview.TOTPPage(accountview.TOTPSetup{
		QR:     code,
		Secret: setup.Secret,
		Sealed: setup.Sealed,
		Error:  wrong,
	}))
}

// private keeps a page with a secret from caches.
func (h handlers) private(c *page.Ctx) {
	c.Page.NoIndex, c.Page.Unswapped = true, true
	c.Page.Path = "/account/security" // the switches of language and theme lead to a page that answers a GET
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
}

func (h handlers) confirmApp(c *page.Ctx) error {
	u, err := h.viewer(c)
	if err != nil {
		return err
	}
	sealed := c.FormValue("sealed")
	codes, err := h.Accounts.ConfirmTOTP(c.Request().Context(), u, sealed, c.FormValue("code"))
	if errors.Is(err, account.ErrWrongCode) {
		setup, err := h.Accounts.ReadTOTP(u, h.issuer(c), sealed)
		if err != nil {
			return h.refused(c, err)
		}
		return h.showApp(c, http.StatusUnprocessableEntity, setup, c.Explain("code_wrong"))
	}
	if err != nil {
		return h.refused(c, err)
	}
	return h.added(c, u, codes, "totp_on")
}

// added goes on after u added a factor. After the first one, which has ended all sessions, it signs this browser in again
// and shows the recovery codes.
func (h handlers) added(c *page.Ctx, u account.User, codes []string, notice string) error {
	if codes == nil {
		c.Flash(ui.Success, notice)
		return c.Redirect("/account/security")
	}
	u.Epoch++ // not that of now, which may be later still: somebody else has ended this session then
	if err := c.SignInByFactor(u); err != nil {
		return err
	}
	return h.showCodes(c, codes)
}

func (h handlers) showCodes(c *page.Ctx, codes []string) error {
	h.private(c)
	return c.Render(http.StatusOK, c.Text.T("security.codes_title"), accountview.CodesPage(accountview.Codes{
		Codes: codes,
		Shop:  c.PublicURL(""),
	}))
}

func (h handlers) removeApp(c *page.Ctx) error {
	if err := h.Accounts.RemoveTOTP(c.Request().Context(), c.Viewer.UserID); err != nil {
		return h.refused(c, err)
	}
	c.Flash(ui.Success, "totp_off")
	return c.Redirect("/account/security")
}

func (h handlers) renewRecovery(c *page.Ctx) error {
	codes, err := h.Accounts.RenewRecovery(c.Request().Context(), c.Viewer.UserID)
	if err != nil {
		return h.refused(c, err)
	}
	return h.showCodes(c, codes)
}

// signOutOthers ends every session and token, and gives this browser a new session.
func (h handlers) signOutOthers(c *page.Ctx) error {
	ctx := c.Request().Context()
	if _, err := h.Accounts.EndAll(ctx, c.Viewer.UserID); err != nil {
		return err
	}
	if err := c.SignInAgain(); err != nil {
		return err
	}
	c.Flash(ui.Success, "signed_out_others")
	return c.Redirect("/account/security")
}

func (h handlers) newPasskey(c *page.Ctx) error {
	if !account.CanPasskey(c.Origin()) {
		return h.refused(c, account.ErrNoPasskeys)
	}
	browser, system := useragent.Describe(c.Request().UserAgent())
	name := system
	if name == "" {
		name = browser
	}
	return h.showNewPasskey(c, http.StatusOK, accountview.NewPasskey{Name: name})
}

func (h handlers) showNewPasskey(c *page.Ctx, status int, p accountview.NewPasskey) error {
	h.private(c)
	return c.Render(status, c.Text.T("security.passkey_new"), accountview.NewPasskeyPage(p))
}

func (h handlers) askNewPasskey(c *page.Ctx) error {
	u, err := h.viewer(c)
	if err != nil {
		return err
	}
	q, err := h.Accounts.NewPasskey(c.Request().Context(), u, c.Origin())
	if err != nil {
		return err
	}
	return c.AskNewPasskey(q)
}

func (h handlers) addPasskey(c *page.Ctx) error {
	u, err := h.viewer(c)
	if err != nil {
		return err
	}
	p := accountview.NewPasskey{Name: c.FormValue("passkeyName")}
	codes, err := h.Accounts.AddPasskey(c.Request().Context(), u, p.Name, c.NewPasskeyAnswer(c.FormValue("passkey")))
	switch f := fault.From(err); {
	case errors.Is(err, account.ErrInvalidAccount):
		p.NameError = c.Explain(f.Fields["passkeyName"])
		return h.showNewPasskey(c, http.StatusUnprocessableEntity, p)
	case c.IsPasskeyFault(err):
		p.Error = c.Explain(f.Slug)
		return h.showNewPasskey(c, http.StatusUnprocessableEntity, p)
	case err != nil:
		return h.refused(c, err)
	}
	return h.added(c, u, codes, "passkey_added")
}

func (h handlers) removePasskey(c *page.Ctx) error {
	number, err := strconv.ParseInt(c.Param("number"), 10, 64)
	if err != nil {
		return account.ErrNoFactor.Because("number %q", c.Param("number"))
	}
	if err := h.Accounts.RemovePasskey(c.Request().Context(), c.Viewer.UserID, number); err != nil {
		if errors.Is(err, account.ErrNoFactor) {
			return err
		}
		return h.refused(c, err)
	}
	c.Flash(ui.Success, "passkey_removed")
	return c.Redirect("/account/security")
}

// askOwnPasskey asks for a passkey of the viewer, which page.Site.RequireRecent takes as a proof.
func (h handlers) askOwnPasskey(c *page.Ctx) error {
	u, err := h.viewer(c)
	if err != nil {
		return err
	}
	q, err := h.Accounts.AskOwnPasskey(c.Request().Context(), u, c.Origin())
	if err != nil {
		return err
	}
	return c.AskPasskey(q)
}
