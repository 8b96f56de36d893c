// Package web turns the business into pages, an API and streams over HTTP. It owns addresses and the order of
// middleware; what a page says is in views, what happens is in mall.
package web

import (
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"videomall/config"
	"videomall/mall"
	"videomall/telemetry"
	"videomall/web/checkout"
	"videomall/web/page"
	"videomall/web/play"
	"videomall/web/shed"
	"videomall/web/shop"
	"videomall/web/studio/earnings"
	"videomall/web/studio/uploads"
	"videomall/web/studio/videos"
)

// Deps are what the pages stand on.
type Deps struct {
	Mall    *mall.Mall
	Config  *config.Config
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	Now     func() time.Time
	Covers  fs.FS // of videos, <cover>-<width>.webp
	Avatars fs.FS // of creators, <avatar>-<size>.webp
	// Stopping is closed when the server is about to end: streams without an end of their own end then. nil never
	// closes.
	Stopping <-chan struct{}
}

// maxBody bounds every request's body: forms, JSON and notices are small. The addresses that take files bound them
// themselves.
const maxBody = "256K"

// New builds the server's handler.
func New(d Deps) http.Handler {
	e := echo.New()
	e.IPExtractor = addressOf(d.Config)
	e.Pre(observe(d.Log, d.Metrics), oneName(d.Config.PublicURL))
	device := func(c echo.Context) []byte { return play.CurrentDevice(c, d.Mall.Playback, d.Config.SecureCookies()) }
	site := page.New(page.Options{
		Device:     device,
		Accounts:   d.Mall.Accounts,
		Sessions:   d.Mall.Sessions,
		PublicURL:  d.Config.PublicURL,
		Unpaid:     d.Config.SandboxInProduction(),
		CartCount:  checkout.CartCount(d.Mall.Cart),
		Awaiting:   checkout.Awaiting(d.Mall.Orders),
		Categories: shop.Categories(d.Mall.Catalog),
		Notice:     earnings.Notice(d.Mall.Ledger),
		Rates:      d.Mall.Exchange.Table,
		Log:        d.Log,
		Now:        d.Now,
		Changes:    d.Mall.Changes,
		Metrics:    d.Metrics,
	})
	site.Use(e)
	e.Use(middleware.RecoverWithConfig(
		middleware.RecoverConfig{LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
			d.Log.ErrorContext(c.Request().Context(), "panic", "error", err, "stack", string(stack))
			return err
		}}))
	if d.Config.LoadShedding {
		e.Use(shed.New(d.Metrics).Middleware)
	}
	e.Use(middleware.BodyLimitWithConfig(middleware.BodyLimitConfig{
		Limit:   maxBody,
		Skipper: func(c echo.Context) bool { return uploads.TakesFiles(c.Path()) || videos.TakesCaptions(c.Path()) },
	}))
	asks := subject(d.Mall.Playback, d.Config.SecureCookies())
	e.Use(gate(site, d, asks), page.RefuseUnreadableBody)
	e.Use(middleware.GzipWithConfig(middleware.GzipConfig{
		Level:     5,
		MinLength: 1024,
		Skipper:   unpacked,
	}))
	routes(e, d, site, asks)
	return e
}

// addressOf finds the visitor's address: the peer's, or behind trusted proxies what the nearest of them says.
func addressOf(cfg *config.Config) echo.IPExtractor {
	if len(cfg.Proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, prefix := range cfg.Proxies {
		trust = append(trust, echo.TrustIPRange(ipNet(prefix)))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// unpacked keeps bytes that are compressed already, or encrypted, away from gzip, and streams of events, which it would
// hold back.
func unpacked(c echo.Context) bool {
	path := c.Request().URL.Path
	if strings.HasPrefix(path, "/sales/") && strings.HasSuffix(path, "/events") {
		return true
	}
	for _, prefix := range []string{"/static/", "/media/", "/s/", "/k/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
