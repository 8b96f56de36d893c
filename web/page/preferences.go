package page

import (
	"net/http"

	"videomall/mall/fault"
	"videomall/views/text"
	"videomall/views/ui"
)

const (
	langCookie     = "lang"
	themeCookie    = "theme"
	currencyCookie = "currency"
	zoneCookie     = "zone" // written by static/src/zone.js
	yearSeconds    = 365 * 24 * 60 * 60
)

var errPreference = fault.New(fault.Invalid, "invalid_preference", "That preference does not exist.")

// savePreferences stores the language, the theme and the currency of this browser, each if the form names it, and the
// language and the currency of the person who is signed in. It stores nothing of a form with a value that does not
// exist.
func savePreferences(c *Ctx) error {
	form, err := c.FormParams()
	if err != nil {
		return errPreference.Because("%w", err)
	}
	lang, theme, currency := text.Lang(form.Get("lang")), ui.Theme(form.Get("theme")), form.Get("currency")
	switch {
	case lang != "" && !knownLanguage(lang):
		return errPreference.With("lang", "invalid_preference")
	case ui.ParseTheme(string(theme)) != theme:
		return errPreference.With("theme", "invalid_preference")
	case currency != "" && !c.rates().Offers(currency):
		return errPreference.With("currency", "invalid_preference")
	}
	if form.Has("lang") {
		if err := c.SetLanguage(lang); err != nil {
			return err
		}
	}
	if form.Has("theme") {
		c.remember(themeCookie, string(theme))
	}
	if form.Has("currency") {
		if err := c.setCurrency(currency); err != nil {
			return err
		}
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
