package page

import (
	"crypto/rand"
	"net/http"
)

const (
	guestSeconds = 90 * 24 * 60 * 60
	guestLength  = 26 // of rand.Text: 128 bits and more
)

func (s *Site) guestCookie() string {
	if s.https {
		return "__Host-guest"
	}
	return "guest"
}

// GuestToken is the secret by which a browser owns a cart before anybody signs in; "" where it has none yet. It lives
// in a cookie of its own, so that a guest's cart outlives Redis and the session.
func (c *Ctx) GuestToken() string {
	token := cookieValue(c.Context, c.site.guestCookie())
	if len(token) != guestLength {
		return ""
	}
	return token
}

// EnsureGuestToken is GuestToken, handed out now where the browser has none.
func (c *Ctx) EnsureGuestToken() string {
	token := c.GuestToken()
	if token == "" {
		token = rand.Text()
		c.setGuestCookie(token, guestSeconds)
		c.Request().AddCookie(&http.Cookie{Name: c.site.guestCookie(), Value: token}) // for the rest of this request
	}
	return token
}

// DropGuestToken takes it back, once its cart has become a person's.
func (c *Ctx) DropGuestToken() {
	if c.GuestToken() != "" {
		c.setGuestCookie("", -1)
	}
}

func (c *Ctx) setGuestCookie(value string, maxAge int) {
	c.SetCookie(&http.Cookie{
		Name:     c.site.guestCookie(),
		Value:    value,
		Path:     "/",
		MaxAge:   maxAge,
		HttpOnly: true,
		Secure:   c.site.https,
		SameSite: http.SameSiteLaxMode,
	})
}
