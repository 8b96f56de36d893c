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

var errSetUpFactor = fault.New(fault.Forbidden, "second_factor_missing",
	"This account needs a second factor: set one up on the page of your account first.")

// ErrNotFound says that the address leads to nothing.
var ErrNotFound = fault.New(fault.NotFound, "not_found", "There is nothing here.")

// RequireUser admits people with an account. A guest is sent from a page to sign in, and comes back; on the API a guest
// gets 401. People who have to set up a second factor are sent to do it, from everywhere but the pages of their account.
func (s *Site) RequireUser(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		pc, err := s.From(c)
		if err != nil {
			return err
		}
		switch v := pc.Viewer; {
		case v.SignedIn() && (!v.NeedsFactor || ofAccount(c.Request().URL.Path)):
			return next(c)
		case v.SignedIn() && WantsProblem(c.Request()):
			return errSetUpFactor.Because("user %d", v.UserID)
		case v.SignedIn():
			return pc.Redirect("/account/security")
		case WantsProblem(c.Request()):
			return errSignIn
		}
		return pc.Redirect("/sign-in?next=" + url.QueryEscape(pc.here()))
	}
}

// CheckFactor returns an error for viewers who have to set up a second factor first. It is for addresses that admit
// guests or do without RequireUser, and give people who are signed in something of theirs.
func (c *Ctx) CheckFactor() error {
	if c.Viewer.NeedsFactor {
		return errSetUpFactor.Because("user %d", c.Viewer.UserID)
	}
	return nil
}

// ofAccount reports whether a page is open to people who have yet to set up a second factor.
func ofAccount(path string) bool {
	return path == "/account" || strings.HasPrefix(path, "/account/") || path == "/change-email"
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
