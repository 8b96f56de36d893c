package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
)

var errSignIn = fault.New(fault.Unauthenticated, "sign_in_required", "Sign in to go on.")

// ErrNotFound says that the address leads to nothing.
var ErrNotFound = fault.New(fault.NotFound, "not_found", "There is nothing here.")

// RequireUser admits people with an account. A guest is sent from a page to sign in, and comes back; on the API a guest
// gets 401.
func (s *Site) RequireUser(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		pc, err := s.From(c)
		if err != nil {
			return err
		}
		if pc.Viewer.SignedIn() {
			return next(c)
		}
		if WantsProblem(c.Request()) {
			return errSignIn
		}
		return pc.Redirect("/sign-in?next=" + url.QueryEscape(pc.here()))
	}
}

// RequireRole admits people with one of the roles. Others who are signed in get 404, as if the address did not exist.
// The console has RequireDuty instead: to be an operator opens nothing by itself.
func (s *Site) RequireRole(roles ...string) echo.MiddlewareFunc {
	if slices.Contains(roles, account.RoleOperator) {
		panic("page: an address of the console is guarded by RequireDuty")
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return s.RequireUser(func(c echo.Context) error {
			pc, err := s.From(c)
			if err != nil {
				return err
			}
			if pc.isOneOf(roles) {
				return next(c)
			}
			return ErrNotFound.Because("roles %q, not one of %q", pc.Viewer.Roles, roles)
		})
	}
}

// RequireRoleOrLead is RequireRole for the first page of an area that is no secret: everybody without the role, guests
// included, is led to the page that says how to get it. Programs are refused as by RequireRole.
func (s *Site) RequireRoleOrLead(to string, roles ...string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		strict := s.RequireRole(roles...)(next)
		return func(c echo.Context) error {
			pc, err := s.From(c)
			if err != nil {
				return err
			}
			if pc.isOneOf(roles) || WantsProblem(c.Request()) {
				return strict(c)
			}
			return pc.Redirect(to)
		}
	}
}

// isOneOf says whether the viewer has one of the roles.
func (c *Ctx) isOneOf(roles []string) bool { return slices.ContainsFunc(roles, c.Viewer.Is) }

// WantsProblem reports whether the sender is a program, which reads problem+json better than a page.
func WantsProblem(r *http.Request) bool {
	if isAPI(r) {
		return true
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "html")
}
