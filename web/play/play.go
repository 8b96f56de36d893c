// Package play owns the addresses that players and browsers fetch from: authorisations and heartbeats, playlists, keys,
// segments, trailers and pictures. Who may have them is mall/playback's decision; it refuses to draw pages.
package play

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/catalog"
	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/web/page"
	"videomall/web/useragent"
)

// Deps is what the addresses work with.
type Deps struct {
	Site     *page.Site
	Catalog  *catalog.Catalog
	Media    media.Media
	Playback *playback.Playback
	// Covers holds <cover>-<width>.webp of the demo; those of creators lie in the storage. Avatars holds
	// <avatar>-<size>.webp.
	Covers, Avatars fs.FS
	// Secure says that people reach the mall over https.
	Secure bool
}

// Routes registers the addresses.
func Routes(g *echo.Group, d Deps) {
	api := page.Guarded(g, "/api/v1/mall/play", uncached)
	api.GET("/auth/:videoId", d.Site.Handle(d.authorize))
	api.POST("/auth/:videoId", d.Site.Handle(d.authorize))
	api.POST("/heartbeat", d.heartbeat) // HeartbeatURL

	g.GET("/preview/:assetId/auth", d.Site.Handle(d.preview), uncached)
	g.POST("/preview/:assetId/auth", d.Site.Handle(d.preview), uncached)
	g.GET(FreeRoute, d.Site.Handle(d.free), uncached)
	g.POST(FreeRoute, d.Site.Handle(d.free), uncached)
	g.GET("/p/:token/:video/master.m3u8", d.master, uncached)
	g.GET("/p/:token/:video/:rendition/index.m3u8", d.playlist, uncached)
	g.GET("/k/:token/:video/:number", d.key, uncached)
	g.GET("/s/:exp/:session/:sig/:video/:folder/:file", d.segment, uncached)

	g.GET("/media/trailers/:video/:file", d.trailer, forPrograms)
	g.GET("/media/covers/:file", d.cover(pictures(d.Covers)), forPrograms)
	g.GET("/media/avatars/:file", pictures(d.Avatars), forPrograms)
}

// uncached keeps what one viewer may have out of every cache, refusals included: a player that was refused once must
// be able to ask again.
func uncached(next echo.HandlerFunc) echo.HandlerFunc {
	next = forPrograms(next)
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "private, no-store")
		return next(c)
	}
}

// forPrograms has errors answered as problem+json: no person reads what stands at these addresses.
func forPrograms(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Request().Header.Set("Accept", "application/problem+json")
		return next(c)
	}
}

const deviceSeconds = 400 * 24 * 60 * 60 // the longest that browsers keep a cookie

func deviceCookie(secure bool) string {
	if secure {
		return "__Host-device"
	}
	return "device"
}

// CurrentDevice is the hash of the request's device cookie; nil where it has none of ours.
func CurrentDevice(c echo.Context, p *playback.Playback, secure bool) []byte {
	cookie, err := c.Cookie(deviceCookie(secure))
	if err != nil {
		return nil
	}
	return p.DeviceHash(cookie.Value)
}

func (d Deps) device(c echo.Context) []byte       { return CurrentDevice(c, d.Playback, d.Secure) }
func (d Deps) ensureDevice(c echo.Context) []byte { return EnsureDevice(c, d.Playback, d.Secure) }

// EnsureDevice is CurrentDevice, with a cookie handed out where the browser has none of ours. It is the one name that a
// browser has in this mall, whoever is signed in: players are bound to it, and the gate counts by it.
func EnsureDevice(c echo.Context, p *playback.Playback, secure bool) []byte {
	if hash := CurrentDevice(c, p, secure); hash != nil {
		return hash
	}
	cookie := &http.Cookie{
		Name:     deviceCookie(secure),
		Value:    p.NewDevice(),
		Path:     "/",
		MaxAge:   deviceSeconds,
		HttpOnly: true,
		Secure:   secure,
		SameSite: http.SameSiteLaxMode,
	}
	c.SetCookie(cookie)
	replaceCookie(c.Request(), cookie) // for the rest of this request
	return p.DeviceHash(cookie.Value)
}

// replaceCookie puts the cookie in the place of those of its name, of which the first would be read.
func replaceCookie(r *http.Request, cookie *http.Cookie) {
	others := r.Cookies()
	r.Header.Del("Cookie")
	for _, other := range others {
		if other.Name != cookie.Name {
			r.AddCookie(other)
		}
	}
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
}

// Label is what a person knows a device by: browser and system, set apart by a stroke, each empty where unknown.
func label(r *http.Request) string {
	browser, system := useragent.Describe(r.UserAgent())
	return strings.Join([]string{browser, system}, "/")
}
