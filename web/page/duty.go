package page

import (
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/views/admin/duties"
	"videomall/views/text"
)

// errDuty refuses an operator who lacks the duty of an address.
var errDuty = fault.New(fault.Forbidden, "duty_missing", "This takes a duty that you do not have.")

// asked is how many people are named whom an operator can ask for a duty.
const asked = 3

// lacking is errDuty with what it takes, and the names of those who can give it.
type lacking struct {
	error
	duty string
	ask  []string
}

func (l lacking) Unwrap() error { return l.error }

func (l lacking) say(t *text.Printer) string {
	duty := t.T("people.role." + l.duty)
	if len(l.ask) == 0 {
		return t.T("errors.duty_missing", "Duty", duty)
	}
	return t.T("errors.duty_missing_ask", "Duty", duty, "Who", strings.Join(l.ask, t.T("errors.duty_join")))
}

// RequireDuty admits operators who have the duty of the route, which package duties knows. Other operators get 403, which
// says what it takes and whom to ask; everybody else who is signed in gets 404, as if the address did not exist.
func (s *Site) RequireDuty(next echo.HandlerFunc) echo.HandlerFunc {
	return s.RequireUser(func(c echo.Context) error {
		pc, err := s.From(c)
		if err != nil {
			return err
		}
		duty, known := duties.Of(c.Path())
		switch roles := pc.Viewer.Roles; {
		case !roles.Is(account.RoleOperator):
			return ErrNotFound.Because("roles %q are no operator's", roles)
		case !known:
			return ErrNotFound.Because("no duty opens %s", c.Path())
		case duty == duties.Any, roles.Has(duty):
			return next(c)
		}
		ask, err := s.accounts.WhoGives(c.Request().Context(), duty, asked)
		if err != nil {
			return err
		}
		return lacking{
			error: errDuty.Because("user %d has no duty %s", pc.Viewer.UserID, duty),
			duty:  duty,
			ask:   ask,
		}
	})
}
