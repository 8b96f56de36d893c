package shed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/views/problem"
	"videomall/views/text"
	"videomall/web/page"
)

// ErrBusy is what programs are told.
var ErrBusy = fault.New(fault.Unavailable, "overloaded", "The mall has more to do than it can. Nothing has happened. Try again in a moment.")

// retryAfter is in how many seconds a refused request may come again; the page does so by itself.
const retryAfter = 5

// answers are drawn once: a busy mall has no time to draw.
type answers map[text.Lang]struct{ read, sent, notice, document []byte }

func drawAnswers() answers {
	all := answers{}
	for _, l := range text.Langs {
		t := text.For(l.Lang)
		title, detail := page.Words(t, ErrBusy, http.StatusServiceUnavailable)
		document, err := json.Marshal(map[string]any{
			"type":   "urn:videomall:problem:" + ErrBusy.Slug,
			"title":  title,
			"status": http.StatusServiceUnavailable,
			"detail": detail,
			"code":   ErrBusy.Slug,
		})
		if err != nil {
			panic(err) // of the strings above
		}
		a := all[l.Lang]
		a.document = document
		a.read = draw(problem.Busy(t, title, t.T("errors.overloaded_wait", "Seconds", retryAfter), retryAfter))
		a.sent = draw(problem.Busy(t, title, t.T("errors.overloaded_sent"), 0))
		a.notice = draw(problem.BusyNotice(t, detail))
		all[l.Lang] = a
	}
	return all
}

func draw(c templ.Component) []byte {
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		panic(fmt.Errorf("draw the page of a busy mall: %w", err))
	}
	return b.Bytes()
}

// write answers a request that nobody has time for.
func (all answers) write(c echo.Context) error {
	r, h := c.Request(), c.Response().Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Retry-After", strconv.Itoa(retryAfter))
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept, Accept-Language, Cookie, HX-Request")
	a := all[page.LanguageOf(c)]
	switch {
	case page.WantsProblem(r):
		return c.Blob(http.StatusServiceUnavailable, "application/problem+json", a.document)
	case page.WantsFragment(r):
		h.Set("HX-Reswap", "none") // the element that asked stays as it is
		return c.HTMLBlob(http.StatusServiceUnavailable, a.notice)
	case page.IsRead(r.Method):
		return c.HTMLBlob(http.StatusServiceUnavailable, a.read)
	}
	return c.HTMLBlob(http.StatusServiceUnavailable, a.sent)
}
