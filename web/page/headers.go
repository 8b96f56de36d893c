package page

import (
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/telemetry"
)

const headerCSP = "Content-Security-Policy"

// The base policy admits this host alone, scripts by the answer's nonce alone, and no inline style or handler at all.
var baseline = []struct {
	directive string
	sources   []string
}{
	{"default-src", []string{"'self'"}},
	{"script-src", []string{"'nonce'"}},
	{"style-src", []string{"'self'"}},
	{"img-src", []string{"'self'", "data:"}},
	{"media-src", []string{"'self'"}},
	{"connect-src", []string{"'self'"}},
	{"worker-src", []string{"'none'"}},
	{"font-src", []string{"'self'"}},
	{"object-src", []string{"'none'"}},
	{"base-uri", []string{"'none'"}},
	{"form-action", []string{"'self'"}},
	{"frame-src", []string{"'none'"}},
	{"frame-ancestors", []string{"'none'"}},
}

// policy is what the Content-Security-Policy of one answer allows in addition to the base policy.
type policy map[string][]string

// Allow widens this answer's Content-Security-Policy: Allow("form-action", "https://pay.example"). For the few pages
// that need it, each with its reason beside the call.
func (c *Ctx) Allow(directive string, sources ...string) {
	c.policy[directive] = append(c.policy[directive], sources...)
}

// Foreign replaces this answer's Content-Security-Policy as a whole, for HTML that is no page of the site.
func (c *Ctx) Foreign(policy string) { c.foreign = policy }

// AdmitPlayer admits what the player needs, which loads when something is to play: hls.js hands the media over as blob:
// addresses, and the player's controls keep their styles in shadow roots, each marked with the answer's nonce.
func (c *Ctx) AdmitPlayer() {
	c.Allow("media-src", "blob:")
	c.Allow("style-src", "'nonce'")
}

func (p policy) String(nonce string, https bool) string {
	var b strings.Builder
	for _, line := range baseline {
		sources := line.sources
		if extra := p[line.directive]; len(extra) > 0 {
			if slices.Equal(sources, []string{"'none'"}) {
				sources = nil // 'none' must stand alone
			}
			sources = append(slices.Clone(sources), extra...)
		}
		b.WriteString(line.directive)
		for _, source := range sources {
			if source == "'nonce'" {
				source = "'nonce-" + nonce + "'"
			}
			b.WriteString(" " + source)
		}
		b.WriteString("; ")
	}
	if https {
		b.WriteString("upgrade-insecure-requests; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// headers sets the headers that protect every answer, static files and the API included. The policy set here is for
// answers that are no pages; a page replaces it by its own.
func (s *Site) headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(headerCSP, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.https {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// requestID names the request in the answer and in every line of the log. It keeps the id that a proxy sent if it has
// the form of one.
func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		id := telemetry.RequestIDFrom(r.Header.Get(echo.HeaderXRequestID))
		c.SetRequest(r.WithContext(telemetry.WithRequestID(r.Context(), id)))
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}
