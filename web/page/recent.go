package page

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	accountview "videomall/views/account"
)

// recently is how long a proof of the password opens what RequireRecent guards.
const recently = 15 * time.Minute

var errNotRecent = fault.New(fault.Forbidden, "password_required",
	"Sign in again to do this: it takes a password typed within the last 15 minutes.")

// RequireRecent guards a form that moves money or power: it admits people who have proved their password within the
// last 15 minutes, so that a session that was left open or stolen is not enough. It asks others for the password on a
// page that holds the form they sent, and sends it again to the same address together with the password. Where no page
// can be shown, and for bearers of tokens, it is an error.
func (s *Site) RequireRecent(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		pc, err := s.From(c)
		if err != nil {
			return err
		}
		switch v := pc.Viewer; {
		case !v.SignedIn():
			return errSignIn
		case pc.Now.Sub(v.ProvedAt) < recently:
			return next(c)
		case pc.session == nil || pc.IsHTMX() || WantsProblem(c.Request()):
			return errNotRecent.Because("user %d proved their password at %s", v.UserID, v.ProvedAt)
		}
		form, err := c.FormParams()
		if err != nil {
			return ErrBadRequest(err)
		}
		if !form.Has(accountview.ConfirmPassword) {
			return pc.askPassword(http.StatusForbidden, form, "")
		}
		err = s.accounts.ProvePassword(c.Request().Context(), pc.Viewer.UserID, form.Get(accountview.ConfirmPassword))
		switch {
		case errors.Is(err, account.ErrInvalidAccount):
			return pc.askPassword(http.StatusForbidden, form, pc.Explain(fault.From(err).Fields["currentPassword"]))
		case errors.Is(err, account.ErrThrottled):
			return pc.askPassword(http.StatusTooManyRequests, form, pc.TooMany(err))
		case err != nil:
			return err
		}
		if err := s.sessions.Prove(c.Request().Context(), pc.session); err != nil {
			return err
		}
		pc.Viewer.ProvedAt = pc.Now
		return next(c)
	}
}

// askPassword shows the page that asks for the password, with the form that was sent.
func (c *Ctx) askPassword(status int, form url.Values, wrong string) error {
	back := c.here()
	if form.Has(accountview.ConfirmBack) {
		back = SafeNext(form.Get(accountview.ConfirmBack), "/")
	}
	c.Page.Path, c.Page.NoIndex = back, true // the switches of language and theme lead to a page that answers a GET
	return c.Render(status, c.Text.T("account.confirm_title"), accountview.ConfirmPage(accountview.Confirm{
		Action: c.Request().URL.RequestURI(),
		Back:   back,
		Email:  c.Viewer.Email,
		Form:   form,
		Error:  wrong,
	}))
}

// TooMany says when to try again, in the answer's header and to the person, to the minute.
func (c *Ctx) TooMany(err error) string {
	wait := time.Minute
	var knows interface{ RetryAfter() time.Duration }
	if errors.As(err, &knows) {
		wait = knows.RetryAfter()
	}
	c.Response().Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	return c.Text.T("account.too_many_attempts", "When", c.Text.Relative(c.Now.Add(max(wait, time.Minute)), c.Now))
}
