package page

import (
	"net/http"

	"videomall/mall/fault"
	"videomall/views/text"
	"videomall/views/ui"
)

const (
	langCookie  = "lang"
	themeCookie = "theme"
	zoneCookie  = "zone" // written by static/src/zone.js
	yearSeconds = 365 * 24 * 60 * 60
)

var errPreference = fault.New(fault.Invalid, "invalid_preference", "That preference does not exist.")

// savePreferences stores the language and the theme of this browser, each if the form names it, and the language of the
// person who is signed in.
func savePreferences(c *Ctx) error {
	form, err := c.FormParams()
	if err != nil {
		return errPreference.Because("%w", err)
	}
	if form.Has("lang") {
		if err := c.SetLanguage(text.Lang(form.Get("lang"))); err != nil {
			return err
		}
	}
	if form.Has("theme") {
		theme := ui.Theme(form.Get("theme"))
		if ui.ParseTheme(string(theme)) != theme {
			return errPreference.With("theme", "invalid_preference")
		}
		c.remember(themeCookie, string(theme))
	}
	return c.Redirect(c.Next("/"))
}

// SetLanguage keeps the language in this browser, and with the person where one is signed in. An empty one leaves the
// choice to the browser's settings again.
func (c *Ctx) SetLanguage(lang text.Lang) error {
	if lang != "" && !knownLanguage(lang) {
		return errPreference.With("lang", "invalid_preference")
	}
	c.remember(langCookie, string(lang))
	c.Text = text.For(text.Choose(string(lang), c.Request().Header.Get("Accept-Language"))).
		In(cookieValue(c.Context, zoneCookie))
	c.Page.Text = c.Text
	if c.Viewer.SignedIn() && c.Viewer.Locale != string(lang) {
		return c.site.accounts.SetLocale(c.Request().Context(), c.Viewer.UserID, string(lang))
	}
	return nil
}

// remember stores a preference for a year; an empty one is deleted.
func (c *Ctx) remember(name, value string) {
	cookie := &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		MaxAge:   yearSeconds,
		HttpOnly: true,
		Secure:   c.site.https,
		SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	c.SetCookie(cookie)
}
