package page

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Group registers routes below a prefix, each behind the same guards. Echo's own group with middleware also registers a
// catch-all below its prefix, so that its guards would answer for every address that nobody registered: a guest would
// be sent to sign in at an address that does not exist.
type Group struct {
	under  *echo.Group
	prefix string
	guards []echo.MiddlewareFunc
}

// Guarded makes a Group of under. prefix may be empty. The guards run in their order, before a route's own middleware.
func Guarded(under *echo.Group, prefix string, guards ...echo.MiddlewareFunc) *Group {
	return &Group{under, prefix, guards}
}

// GET registers a route for GET, and so for HEAD.
func (g *Group) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	g.Add(http.MethodGet, path, h, m...)
}

// POST registers a route for POST.
func (g *Group) POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	g.Add(http.MethodPost, path, h, m...)
}

// DELETE registers a route for DELETE.
func (g *Group) DELETE(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	g.Add(http.MethodDelete, path, h, m...)
}

// Add registers a route for any method.
func (g *Group) Add(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	all := make([]echo.MiddlewareFunc, 0, len(g.guards)+len(m))
	all = append(append(all, g.guards...), m...)
	g.under.Add(method, g.prefix+path, h, all...)
}

// answerHead registers HEAD beside every GET, with the same handler (RFC 9110, 9.3.2): net/http keeps the body back. A
// handler whose GET starts something, or never ends, asks c.IsHead.
func answerHead(e *echo.Echo) {
	e.OnAddRouteHandler = func(_ string, route echo.Route, h echo.HandlerFunc, m []echo.MiddlewareFunc) {
		if route.Method == http.MethodGet {
			e.Add(http.MethodHead, route.Path, h, m...)
		}
	}
}

// IsRead says that a method only asks for something to be shown.
func IsRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// IsHead says that only the header of the answer is asked for: nothing may be started, taken or used up by it.
func (c *Ctx) IsHead() bool { return c.Request().Method == http.MethodHead }
