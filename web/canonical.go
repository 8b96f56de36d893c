package web

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/web/page"
)

// oneName redirects a browser that came by another loopback name ("localhost" for 127.0.0.1) to PUBLIC_URL. Cookies and
// the return from a payment page belong to one name; a visitor who changed names on the way would be signed out.
// Programs are answered under every name.
func oneName(publicURL string) echo.MiddlewareFunc {
	public, err := url.Parse(publicURL)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if err != nil || !loopbackName(public.Hostname()) {
			return next
		}
		return func(c echo.Context) error {
			r := c.Request()
			if !page.IsRead(r.Method) || r.Host == public.Host || !loopbackName(hostname(r.Host)) ||
				!strings.Contains(r.Header.Get("Accept"), "text/html") {
				return next(c)
			}
			return c.Redirect(http.StatusTemporaryRedirect, strings.TrimSuffix(publicURL, "/")+r.URL.RequestURI())
		}
	}
}

func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return strings.Trim(hostport, "[]")
	}
	return host
}

func loopbackName(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
