package web

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/telemetry"
	"videomall/web/page"
	"videomall/web/shed"
	"videomall/web/studio/uploads"
)

// observe logs and counts every answered request. It is the outermost middleware, so that it sees what the others
// refuse too. Paths are logged by telemetry's rules: tokens in them are hidden.
func observe(log *slog.Logger, metrics *telemetry.Metrics) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := time.Now()
			err := next(c)
			if err != nil {
				c.Error(err) // answered here, so that the status is known
			}
			took, status, route := time.Since(began), c.Response().Status, c.Path()
			if route == "" {
				route = "unmatched"
			}
			stream := strings.HasPrefix(c.Response().Header().Get(echo.HeaderContentType), "text/event-stream") ||
				uploads.TakesFiles(route)
			if stream {
				// it lasts as long as somebody watches, or as their line is slow, which says nothing of how fast the
				// mall answers
				took = 0
			}
			metrics.Request(route, c.Request().Method, status, took)
			level := slog.LevelDebug
			switch {
			case shed.Refused(c):
				// counted, and there may be thousands
			case status >= http.StatusInternalServerError:
				level = slog.LevelError
			case took > time.Second:
				level = slog.LevelWarn
			case !page.IsRead(c.Request().Method):
				level = slog.LevelInfo
			}
			if !log.Enabled(c.Request().Context(), level) {
				return nil // nothing is put together that nobody reads
			}
			log.Log(c.Request().Context(), level, "request", "method", c.Request().Method, "route", route,
				"path", telemetry.RedactPath(c.Path(), c.Request().URL.Path, c.Param), "status", status, "took", took,
				"bytes", c.Response().Size)
			return nil
		}
	}
}
