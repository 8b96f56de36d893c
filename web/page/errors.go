package page

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/views/problem"
	"videomall/views/text"
	"videomall/views/ui"
)

// statuses is the only place that maps a kind of fault to a status.
var statuses = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Invalid: http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict,
	fault.TooMany: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
}

// retryUnknown is the Retry-After of a fault that does not know its own.
const retryUnknown = 5 * time.Second

// statusClosed is nginx's 499, client closed request: for logs and metrics, as nobody reads the answer.
const statusClosed = 499

// problemDoc is RFC 9457, with the fault's slug as code.
type problemDoc struct {
	Type      string            `json:"type"`
	Title     string            `json:"title"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail"`
	Code      string            `json:"code"`
	Errors    map[string]string `json:"errors,omitempty"`
	BuyURL    string            `json:"buyUrl,omitempty"`
	RequestID string            `json:"requestId,omitempty"`
}

// HandleError turns an error into an answer: problem+json for programs, a notice for an htmx element, a page for
// people. What is shown is the fault's public face in the reader's language; the cause goes to the log only.
func (s *Site) HandleError(err error, c echo.Context) {
	f, status := translate(err)
	s.logError(c, err, f, status)
	if c.Response().Committed {
		return
	}
	if left(err, c) {
		_ = c.NoContent(statusClosed)
		return
	}
	pc, _ := s.From(c) // its own error is the one being shown, or the viewer is a guest for once
	if retry, ok := retryAfter(err, f.Kind); ok {
		c.Response().Header().Set("Retry-After", strconv.Itoa(max(1, int((retry+time.Second-1)/time.Second))))
	}
	if pc.Response().Header().Get("Cache-Control") == "" {
		pc.Response().Header().Set("Cache-Control", "private, no-store")
	}
	if failed := s.show(pc, err, f, status); failed != nil && !c.Response().Committed {
		pc.Log().Error("error page not drawn", "error", failed)
		_ = c.String(http.StatusInternalServerError, f.Message)
	}
}

func (s *Site) show(c *Ctx, err error, f *fault.Fault, status int) error {
	title, detail := Words(c.Text, f, status)
	if l, is := errors.AsType[lacking](err); is {
		detail = l.say(c.Text)
	}
	switch {
	case wantsProblem(c.Request()):
		return c.problem(f, status, title, detail, buyURL(err))
	case c.IsHTMX() && status == http.StatusUnauthorized:
		return c.Redirect("/sign-in?next=" + url.QueryEscape(c.here()))
	case c.IsHTMX():
		// The element that sent the request stays as it is; the notice goes to the page's own region.
		c.Response().Header().Set("HX-Reswap", "none")
		return c.Fragment(status, ui.Toast(ui.Error, detail))
	}
	c.Page.NoIndex = true
	return c.Render(status, title, problem.Page(problem.Props{
		Status:    status,
		Title:     title,
		Detail:    detail,
		RequestID: requestIDOf(c.Context),
		Retry:     f.Kind == fault.Unavailable || f.Kind == fault.TooMany,
		SignIn:    status == http.StatusUnauthorized,
		Next:      c.here(),
		Barred:    barred(err),
		SignOut:   c.Viewer.SignedIn(),
	}))
}

func (c *Ctx) problem(f *fault.Fault, status int, title, detail, buyURL string) error {
	body, err := json.Marshal(problemDoc{
		Type:      "urn:videomall:problem:" + f.Slug,
		Title:     title,
		Status:    status,
		Detail:    detail,
		Code:      f.Slug,
		Errors:    f.Fields,
		BuyURL:    buyURL,
		RequestID: requestIDOf(c.Context),
	})
	if err != nil {
		return err
	}
	if status == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", "Bearer")
	}
	return c.Blob(status, "application/problem+json", body)
}

// Words are the title and the sentence of a fault in the reader's language: errors.title_<status> and errors.<slug>,
// else the fault's own public message.
func Words(t *text.Printer, f *fault.Fault, status int) (title, detail string) {
	title, detail = http.StatusText(status), f.Message
	if key := "errors.title_" + strconv.Itoa(status); t.Has(key) {
		title = t.T(key)
	}
	if key := "errors." + f.Slug; t.Has(key) {
		detail = t.T(key)
	}
	return title, detail
}

// Explain is the sentence of a slug that names a field at fault, for the forms: errors.<slug>.
func (c *Ctx) Explain(slug string) string {
	if slug == "" {
		return ""
	}
	return c.Text.T("errors." + slug)
}

// Faults of the way itself, before any handler: by the status that Echo or net/http names.
var wayFaults = map[int]*fault.Fault{
	http.StatusBadRequest:   fault.New(fault.Invalid, "bad_request", "The request could not be read."),
	http.StatusUnauthorized: errSignIn,
	http.StatusForbidden:    fault.New(fault.Forbidden, "forbidden", "You may not do this."),
	http.StatusNotFound:     ErrNotFound,
	http.StatusMethodNotAllowed: fault.New(fault.Invalid, "method_not_allowed",
		"This address does not answer that method."),
	http.StatusRequestEntityTooLarge: fault.New(fault.Invalid, "too_large", "The request is too large."),
	http.StatusUnsupportedMediaType: fault.New(fault.Invalid, "unsupported_media_type",
		"The request's content type is not understood."),
	http.StatusTooManyRequests: fault.New(fault.TooMany, "slow_down",
		"Too many requests. Try again in a moment."),
	http.StatusServiceUnavailable: fault.New(fault.Unavailable, "unavailable",
		"The mall is busy. Try again in a moment."),
}

// ErrBadRequest is for a body that is no JSON, or no form: 400, where a readable one that breaks a rule is 422. A cause
// that is a fault lends the 400 its slug and its words.
func ErrBadRequest(cause error) error {
	return echo.NewHTTPError(http.StatusBadRequest).SetInternal(cause)
}

func translate(err error) (*fault.Fault, int) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return wayFaults[http.StatusRequestEntityTooLarge], http.StatusRequestEntityTooLarge
	}
	var way *echo.HTTPError
	if errors.As(err, &way) {
		if f, ok := errors.AsType[*fault.Fault](way.Internal); ok {
			return f, way.Code
		}
		if _, isFault := errors.AsType[*fault.Fault](err); !isFault {
			if f, ok := wayFaults[way.Code]; ok {
				return f, way.Code
			}
			if way.Code >= 400 && way.Code < 500 {
				return wayFaults[http.StatusBadRequest], way.Code
			}
		}
	}
	f := fault.From(err)
	return f, statuses[f.Kind]
}

// retryAfter returns how long to wait: what an error in the chain says, otherwise a guess for the kinds of faults that
// pass by themselves.
func retryAfter(err error, kind fault.Kind) (time.Duration, bool) {
	var knows interface{ RetryAfter() time.Duration }
	if errors.As(err, &knows) {
		return knows.RetryAfter(), true
	}
	return retryUnknown, kind == fault.TooMany || kind == fault.Unavailable
}

// buyURL returns where the refused thing can be bought, if an error in the chain says so.
func buyURL(err error) string {
	var knows interface{ BuyURL() string }
	if errors.As(err, &knows) {
		return knows.BuyURL()
	}
	return ""
}

// barred reports whether every other page would answer with the same refusal. The error page then offers no links.
func barred(err error) bool {
	var knows interface{ Barred() }
	return errors.As(err, &knows)
}

// left reports whether the request failed because its reader went away, as browsers do with the pictures of a page that
// is left. That is no fault of the server.
func left(err error, c echo.Context) bool {
	return errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil
}

func (s *Site) logError(c echo.Context, err error, f *fault.Fault, status int) {
	level := slog.LevelDebug
	switch {
	case left(err, c):
		level = slog.LevelDebug
	case c.Response().Committed && c.Request().Context().Err() != nil:
		level = slog.LevelDebug // or took nothing of the answer: the server ends the request when a write fails
	case status >= 500:
		level = slog.LevelError
	case f.Kind == fault.Forbidden, f.Kind == fault.TooMany:
		level = slog.LevelInfo
	}
	r := c.Request()
	s.log.Log(r.Context(), level, "request failed", "method", r.Method, "route", c.Path(), "status", status, "code",
		f.Slug, "error", err)
}

func (s *Site) logFor(c echo.Context) *slog.Logger { return s.log.With("request_id", requestIDOf(c)) }

func requestIDOf(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }
