package page

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
)

// callbackPrefix is where payment providers post their notices: servers, without cookies, known by their signature.
const callbackPrefix = "/api/v1/mall/payments/callback"

// unsubscribePrefix is where mail programs end mails by one POST (RFC 8058): without cookies, known by a signed link.
const unsubscribePrefix = "/unsubscribe/"

var errCrossOrigin = fault.New(fault.Forbidden, "cross_origin", "This request came from another site and was refused.")

// refuseCrossOrigin keeps other sites from acting in a person's name, by what the browser itself says of the request's
// origin (Sec-Fetch-Site, else Origin). Requests in which no cookie counts need no guard: notices, the API with a bearer
// token, and signed links that end mails. See docs/decisions/0010-csrf-by-fetch-metadata.md.
func (s *Site) refuseCrossOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		r := c.Request()
		if _, ok := bearer(r); !ok && !isCallback(r.URL.Path) && !strings.HasPrefix(r.URL.Path, unsubscribePrefix) {
			if err := guard.Check(r); err != nil {
				return errCrossOrigin.Because("%w", err)
			}
		}
		return next(c)
	}
}

// FromElsewhere reports whether another site, or another host of this site, made the browser send the request. A
// browser without Sec-Fetch-Site (before 2023) is judged by Origin or Referer. A request without any of them comes from
// a program.
func FromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
	default:
		return true
	}
	for _, name := range []string{"Origin", "Referer"} {
		if from := r.Header.Get(name); from != "" {
			u, err := url.Parse(from)
			return err != nil || u.Host != r.Host
		}
	}
	return false
}

// RefuseElsewhere refuses GET requests from other sites that would start something in a person's name, such as a
// stream: a link or a picture leads a browser there with its cookies. Errors: cross_origin.
func RefuseElsewhere(r *http.Request) error {
	if _, ok := bearer(r); !ok && FromElsewhere(r) {
		return errCrossOrigin.Because("GET from %q", r.Header.Get("Sec-Fetch-Site"))
	}
	return nil
}

func isCallback(path string) bool {
	rest, ok := strings.CutPrefix(path, callbackPrefix)
	return ok && (rest == "" || rest[0] == '/')
}
