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
	"videomall/views/ui"

	accountview "videomall/views/account"
)

// recently is how long a proof of who somebody is opens what RequireRecent guards.
const recently = 15 * time.Minute

var errNotRecent = fault.New(fault.Forbidden, "password_required",
	"Sign in again to do this: it takes a proof of who you are within the last 15 minutes.")

// RequireRecent guards a form that moves money or power: it admits people who have proved who they are within the last
// 15 minutes, so that a session that was left open or stolen is not enough. It asks others for the password, and people
// with a second factor for that as well, on a page that holds the form they sent, and sends it again to the same
// address together with the proof. Where no page can be shown, and for bearers of tokens, it is an error.
func (s *Site) RequireRecent(next echo.HandlerFunc) echo.HandlerFunc {
	return s.requireRecent(next, true)
}

// RequireRecentFactor is RequireRecent for forms that hold passwords, one of which proves who sent it. People without a
// second factor pass. Others have to type the form again after their proof, since pages hold no passwords.
func (s *Site) RequireRecentFactor(next echo.HandlerFunc) echo.HandlerFunc {
	strict := s.requireRecent(next, false)
	return func(c echo.Context) error {
		pc, err := s.From(c)
		if err == nil && pc.Viewer.SignedIn() && !pc.Viewer.HasFactor {
			return next(c)
		}
		return strict(c)
	}
}

// requireRecent keeps the form that was sent, or leads back to its page.
func (s *Site) requireRecent(next echo.HandlerFunc, keep bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		pc, err := s.From(c)
		if err != nil {
			return err
		}
		switch v := pc.Viewer; {
		case !v.SignedIn():
			return errSignIn
		case pc.Recent():
			return next(c)
		case pc.session == nil || pc.IsHTMX() || WantsProblem(c.Request()):
			return errNotRecent.Because("user %d proved who they are at %s", v.UserID, v.ProvedAt)
		}
		form, err := c.FormParams()
		if err != nil {
			return ErrBadRequest(err)
		}
		proof := accountview.ReadConfirm(form)
		if !keep {
			form = url.Values{accountview.ConfirmBack: form[accountview.ConfirmBack]}
		}
		if proof == (accountview.ConfirmProof{}) {
			return pc.askProof(http.StatusForbidden, form, accountview.Confirm{})
		}
		factor, err := pc.prove(proof)
		switch f := fault.From(err); {
		case errors.Is(err, account.ErrInvalidAccount):
			return pc.askProof(http.StatusForbidden, form, accountview.Confirm{
				Error:     pc.Explain(f.Fields["currentPassword"]),
				CodeError: pc.Explain(f.Fields["code"]),
			})
		case errors.Is(err, account.ErrThrottled):
			return pc.askProof(http.StatusTooManyRequests, form, accountview.Confirm{Error: pc.TooMany(err)})
		case pc.IsPasskeyFault(err):
			return pc.askProof(http.StatusForbidden, form, accountview.Confirm{PasskeyError: pc.Explain(f.Slug)})
		case err != nil:
			return err
		}
		if err := s.sessions.Prove(c.Request().Context(), pc.session, factor); err != nil {
			return err
		}
		pc.Viewer.ProvedAt = pc.Now
		if !keep {
			pc.Flash(ui.Success, "confirmed_again")
			return pc.Redirect(SafeNext(form.Get(accountview.ConfirmBack), "/account"))
		}
		return next(c)
	}
}

// Recent reports whether the viewer has proved who they are within the last 15 minutes.
func (c *Ctx) Recent() bool { return c.Now.Sub(c.Viewer.ProvedAt) < recently }

// prove checks a proof of the viewer. A passkey is enough by itself, since the device has recognized its owner.
func (c *Ctx) prove(p accountview.ConfirmProof) (factor bool, err error) {
	ctx := c.Request().Context()
	if p.Passkey != "" {
		u, err := c.site.accounts.User(ctx, c.Viewer.UserID)
		if err != nil {
			return false, err
		}
		return true, c.site.accounts.ProvePasskey(ctx, u, c.PasskeyAnswer(p.Passkey))
	}
	return c.site.accounts.Prove(ctx, c.Viewer.UserID, account.Proof{Password: p.Password, Code: p.Code})
}

// askProof shows the page that asks who the viewer is, with the form that was sent. p says what is wrong.
func (c *Ctx) askProof(status int, form url.Values, p accountview.Confirm) error {
	back := c.here()
	if form.Get(accountview.ConfirmBack) != "" {
		back = SafeNext(form.Get(accountview.ConfirmBack), "/")
	}
	if c.Viewer.HasFactor {
		factors, err := c.site.accounts.Factors(c.Request().Context(), c.Viewer.UserID)
		if err != nil {
			return err
		}
		p.Factor = true
		p.Passkey = len(factors.Passkeys) > 0 && account.CanPasskey(c.Origin())
	}
	c.Page.Path, c.Page.NoIndex = back, true // the switches of language and theme lead to a page that answers a GET
	c.Page.Unswapped = true
	p.Action, p.Back, p.Email, p.Form = c.Request().URL.RequestURI(), back, c.Viewer.Email, form
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.Render(status, c.Text.T("account.confirm_title"), accountview.ConfirmPage(p))
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
