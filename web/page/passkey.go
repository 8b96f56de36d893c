package page

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
)

// Cookies that hold the token of what the mall has asked this browser.
const (
	stepCookie    = "step"        // a second step of signing in
	passkeyCookie = "passkey"     // a signature of a passkey
	madeCookie    = "new_passkey" // a new passkey, which may be kept while an old one proves who its person is
)

// Origin is where the mall's pages lie, such as "https://mall.example". Passkeys are made for it.
func (c *Ctx) Origin() string { return c.site.publicURL }

func (c *Ctx) tokenCookie(name, value string, life time.Duration) {
	age := int(life / time.Second)
	if value == "" {
		age = -1
	}
	c.SetCookie(&http.Cookie{
		Name:     c.tokenName(name),
		Value:    value,
		Path:     "/",
		MaxAge:   age,
		HttpOnly: true,
		Secure:   c.site.https,
		SameSite: http.SameSiteStrictMode,
	})
}

func (c *Ctx) tokenName(name string) string {
	if c.site.https {
		return "__Host-" + name
	}
	return name
}

// SetStep binds a second step of signing in to this browser; "" ends it.
func (c *Ctx) SetStep(token string) { c.tokenCookie(stepCookie, token, account.StepLife) }

// Step is the token of this browser's second step, or "".
func (c *Ctx) Step() string { return cookieValue(c.Context, c.tokenName(stepCookie)) }

// AskPasskey answers a script with what the browser is to hand to its authenticator.
func (c *Ctx) AskPasskey(q account.Question) error { return c.askAuthenticator(q, passkeyCookie) }

// AskNewPasskey is AskPasskey for a passkey that is to be made.
func (c *Ctx) AskNewPasskey(q account.Question) error { return c.askAuthenticator(q, madeCookie) }

func (c *Ctx) askAuthenticator(q account.Question, cookie string) error {
	c.tokenCookie(cookie, q.Token, account.ChallengeLife)
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, json.RawMessage(q.Options))
}

// PasskeyAnswer is what an authenticator answered to the question that this browser was asked last.
func (c *Ctx) PasskeyAnswer(response string) account.Answer { return c.answer(response, passkeyCookie) }

// NewPasskeyAnswer is PasskeyAnswer for AskNewPasskey.
func (c *Ctx) NewPasskeyAnswer(response string) account.Answer { return c.answer(response, madeCookie) }

func (c *Ctx) answer(response, cookie string) account.Answer {
	return account.Answer{
		Token:     cookieValue(c.Context, c.tokenName(cookie)),
		Response:  response,
		Origin:    c.Origin(),
		UserAgent: c.Request().UserAgent(),
	}
}

// IsPasskeyFault reports whether an error says that a passkey was not accepted, so that the person can try again.
func (c *Ctx) IsPasskeyFault(err error) bool {
	for _, fault := range []error{
		account.ErrPasskeyRefused, account.ErrPasskeyCopied, account.ErrStepGone,
		account.ErrPasskeyKnown, account.ErrNoPasskeys,
	} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}
