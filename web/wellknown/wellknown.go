// Package wellknown owns the addresses that programs ask for without having read a page: the icons and the manifest of
// a browser, and what lies below /.well-known. It refuses to know the shop.
package wellknown

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/static"
	"videomall/views"
	"videomall/web/page"
)

// Deps are what the files say.
type Deps struct {
	Site      *page.Site
	PublicURL string // without a trailing slash
	// SecurityContact are addresses (mailto:, https:, tel:) to which somebody reports a vulnerability, the preferred
	// one first, and SecurityExpires is until when that is to be believed: security.txt (RFC 9116). Without a contact
	// there is no such file.
	SecurityContact []string
	SecurityExpires time.Time
	Now             func() time.Time
}

// Routes registers the addresses.
func Routes(g *echo.Group, d Deps) {
	for path, name := range map[string]string{
		"/favicon.ico":                      "favicon.ico",
		"/apple-touch-icon.png":             "apple-touch-icon.png",
		"/apple-touch-icon-precomposed.png": "apple-touch-icon.png",
	} {
		g.GET(path, icon(name))
	}
	g.GET("/manifest.webmanifest", d.Site.Handle(manifest))
	g.GET("/.well-known/security.txt", d.security)
	g.GET("/.well-known/change-password", changePassword)
}

// icon serves a file whose address never changes; browsers ask for it again after a day.
func icon(name string) echo.HandlerFunc {
	content, contentType := static.File(name)
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "public, max-age=86400")
		return c.Blob(http.StatusOK, contentType, content)
	}
}

// manifest is a W3C web application manifest, in the language that its address names.
func manifest(c *page.Ctx) error {
	type picture struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose"`
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/manifest+json")
	return c.JSON(http.StatusOK, map[string]any{
		"id":               "/",
		"name":             c.Text.T("site.name"),
		"short_name":       c.Text.T("site.name"),
		"description":      c.Text.T("site.tagline"),
		"lang":             string(c.Text.Lang),
		"dir":              "ltr",
		"start_url":        views.InLanguage("/", c.Page.Spoken),
		"scope":            "/",
		"display":          "minimal-ui",
		"background_color": "#fdfcfb",
		"theme_color":      "#c23a1f",
		"icons": []picture{
			{static.URL("icon-192.png"), "192x192", "image/png", "any"},
			{static.URL("icon-512.png"), "512x512", "image/png", "any"},
			{static.URL("icon-maskable-512.png"), "512x512", "image/png", "maskable"},
			{static.URL("favicon.svg"), "any", "image/svg+xml", "any"},
		},
	})
}

// security serves security.txt. After SecurityExpires the file is not to be believed any more (RFC 9116, 2.5.5), so it
// is not served.
func (d Deps) security(c echo.Context) error {
	if len(d.SecurityContact) == 0 || !d.Now().Before(d.SecurityExpires) {
		return page.ErrNotFound.Because("no contact for reports, or expired at %s", d.SecurityExpires)
	}
	var b strings.Builder
	for _, contact := range d.SecurityContact {
		b.WriteString("Contact: " + contact + "\n")
	}
	b.WriteString("Expires: " + d.SecurityExpires.UTC().Format(time.RFC3339) + "\n")
	b.WriteString("Preferred-Languages: en, zh\n")
	b.WriteString("Canonical: " + d.PublicURL + "/.well-known/security.txt\n")
	return c.String(http.StatusOK, b.String())
}

// changePassword leads password managers to where a password is changed (W3C, A Well-Known URL for Changing Passwords).
func changePassword(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, "/account#password-section")
}
