package page

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
)

// callbackPrefix is where payment providers post their notices: servers, without cookies, known by their signature.
const callbackPrefix = "/api/v1/mall/payments/callback"

var errCrossOrigin = fault.New(fault.Forbidden, "cross_origin", "This request came from another site and was refused.")

// refuseCrossOrigin keeps other sites from acting in a person's name, by what the browser itself says of the request's
// origin (Sec-Fetch-Site, else Origin). Requests in which no cookie counts need no guard: notices, and the API with a bearer
// token. See docs/decisions/0010-csrf-by-fetch-metadata.md.
func (s *Site) refuseCrossOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		r := c.Request()
		if _, ok := bearer(r); !ok && !isCallback(r.URL.Path) {
			if err := guard.Check(r); err != nil {
				return errCrossOrigin.Because("%w", err)
			}
		}
		return next(c)
	}
}

func isCallback(path string) bool {
	rest, ok := strings.CutPrefix(path, callbackPrefix)
	return ok && (rest == "" || rest[0] == '/')
}
