package page

import (
	"net/http"
	"time"

	"videomall/mall/account"
)

func (s *Site) browserCookie() string {
	if s.https {
		return "__Host-browser"
	}
	return "browser"
}

// BrowserMarks says as whom this browser signed in before, for account.Attempt; "" where it never did.
func (c *Ctx) BrowserMarks() string { return cookieValue(c.Context, c.site.browserCookie()) }

// rememberBrowser outlives the session on purpose: it is for the next time that the person signs in.
func (c *Ctx) rememberBrowser(u account.User) {
	marks := c.site.accounts.RememberBrowser(c.BrowserMarks(), u)
	if marks == "" {
		return
	}
	c.SetCookie(&http.Cookie{
		Name:     c.site.browserCookie(),
		Value:    marks,
		Path:     "/",
		MaxAge:   int(account.MarkLife / time.Second),
		HttpOnly: true,
		Secure:   c.site.https,
		SameSite: http.SameSiteStrictMode,
	})
}
