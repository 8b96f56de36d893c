package api

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/web/page"
)

const (
	defaultLimit = 20
	maxLimit     = 100
)

// query reads the parameters of a list and collects what is wrong with them. An empty parameter counts as absent.
type query struct {
	values url.Values
	wrong  map[string]string
}

// readQuery refuses parameters that occur twice or that the list does not know: both would silently return another
// list. Errors: 400 for an unreadable query string.
func readQuery(c *page.Ctx, known ...string) (*query, error) {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, page.ErrBadRequest(err)
	}
	q := &query{values: values, wrong: map[string]string{}}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			q.wrong[clip(name)] = "unknown_parameter"
		case len(given) > 1:
			q.wrong[name] = "repeated"
		}
	}
	return q, nil
}

// onlyOf reads one parameter of an address that ignores all others. It refuses one that occurs twice.
func onlyOf(c *page.Ctx, name string) *query {
	q := &query{values: c.QueryParams(), wrong: map[string]string{}}
	if len(q.values[name]) > 1 {
		q.wrong[name] = "repeated"
	}
	return q
}

// words is a text of at most that many characters, without spaces around it.
func (q *query) words(name string, most int) string {
	s := strings.TrimSpace(q.values.Get(name))
	switch {
	case !db.Storable(s):
		q.wrong[name] = "invalid"
	case utf8.RuneCountInString(s) > most:
		q.wrong[name] = "too_long"
	}
	return s
}

// number is a whole number within bounds; nil where there is none.
func (q *query) number(name string, low, high int64) *int64 {
	s := q.values.Get(name)
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		q.wrong[name] = "invalid"
	case err != nil || n < low || n > high:
		q.wrong[name] = "out_of_range"
	}
	return &n
}

// currency makes the answer show prices in the currency that the query names; without one they stay as they are.
func (q *query) currency(c *page.Ctx) {
	if c.ShowIn(q.values.Get("currency")) != nil {
		q.wrong["currency"] = "not_offered"
	}
}

func (q *query) limit() int {
	if n := q.number("limit", 1, maxLimit); n != nil {
		return int(*n)
	}
	return defaultLimit
}

// err is catalog.ErrFilterInvalid with every parameter at fault, or nil.
func (q *query) err() error {
	if len(q.wrong) == 0 {
		return nil
	}
	var f *fault.Fault = catalog.ErrFilterInvalid
	for name, why := range q.wrong {
		f = f.With(name, why)
	}
	return f
}
