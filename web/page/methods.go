package page

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// methods are those that the mall's addresses answer.
var methods = []string{
	http.MethodGet,
	http.MethodHead,
	http.MethodPost,
	http.MethodPut,
	http.MethodPatch,
	http.MethodDelete,
}

// allowed answers OPTIONS, and completes Allow of a refused method (RFC 9110, 10.2.1). Echo's router names the methods
// of the first pattern that fits an address, yet another one can take the rest: "/listings/new" answers GET, and POST
// goes to "/listings/:id".
func allowed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, refused := c.Get(echo.ContextKeyHeaderAllow).(string); !refused {
			return next(c)
		}
		allow := []string{http.MethodOptions}
		for _, m := range methods {
			if answers(c.Echo(), m, c.Request()) {
				allow = append(allow, m)
			}
		}
		list := strings.Join(allow, ", ")
		if c.Request().Method == http.MethodOptions {
			c.Response().Header().Set(echo.HeaderAllow, list)
			return c.NoContent(http.StatusNoContent)
		}
		c.Set(echo.ContextKeyHeaderAllow, list)
		return next(c)
	}
}

// answers says whether a route takes the request's address by that method.
func answers(e *echo.Echo, method string, r *http.Request) bool {
	c := e.NewContext(r, nil)
	e.Router().Find(method, echo.GetPath(r), c)
	return slices.ContainsFunc(e.Routes(), func(known *echo.Route) bool {
		return known.Method == method && known.Path == c.Path()
	})
}

// oneSegment keeps a parameter to its own segment of the path. Echo's last parameter takes all that follows, so that
// "/orders/:orderNo" would answer at "/orders/1/nothing" too, with its guard's sign-in page.
func oneSegment(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		values := c.ParamValues()
		for n, name := range c.ParamNames() {
			if name != "*" && n < len(values) && strings.Contains(values[n], "/") {
				return ErrNotFound.Because("a value that can't be stored in the place of %s", name) // it may be a secret
			}
		}
		return next(c)
	}
}
