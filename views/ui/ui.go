// Package ui owns the parts that every page is made of: icons, buttons, fields, prices, covers, cards, dialogs. They
// take typed props and the reader's words from the context (text.With). It refuses to know the business: a card is
// handed a price and an address, never a video; and it never writes an inline style or handler, which the mall's CSP
// would drop.
package ui

import (
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"videomall/mall/money"
	"videomall/views/text"
)

type contextKey struct{}

// Request is what parts need to know of the request they are drawn for.
type Request struct {
	Nonce string // the CSP nonce of script and style elements
	CSRF  string // the token of forms; empty where the session needs none
	Path  string // path and query of the page, where a switch returns to

	Unpaid bool // orders can be paid without money although this is no demo

	Roles []string // of the viewer
}

// With carries the request to the parts below. views.Layout does it for whole pages; a handler that draws a bare
// fragment does it itself.
func With(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

// From returns what With stored, or the zero Request.
func From(ctx context.Context) Request {
	r, _ := ctx.Value(contextKey{}).(Request)
	return r
}

// FieldError says in the reader's language what is wrong with a field, and nothing where nothing is. The errors are
// slugs by field; the message's key is the prefix and the slug.
func FieldError(t *text.Printer, errors map[string]string, field, prefix string) string {
	slug, ok := errors[field]
	if !ok {
		return ""
	}
	return t.T(prefix + slug)
}

// Untaken warns that no provider takes these sums, which are what a price is in the currencies of buyers; it is empty if
// there are none.
func Untaken(t *text.Printer, sums []money.Money) string {
	if len(sums) == 0 {
		return ""
	}
	words := make([]string, len(sums))
	for n, sum := range sums {
		words[n] = t.Money(sum)
	}
	return t.T("form.untaken", "Sums", strings.Join(words, ", "))
}

func icon(name string) string {
	shape, ok := icons[name]
	if !ok {
		panic("ui: no icon " + strconv.Quote(name))
	}
	return shape
}

// class joins class lists; the last word of a list that must win goes last in the stylesheet, not here.
func class(lists ...string) string { return strings.TrimSpace(strings.Join(lists, " ")) }

// describedBy names the hint and the error of a field, in reading order.
func describedBy(f Field) string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.id()+"-hint")
	}
	if f.Warning != "" {
		ids = append(ids, f.id()+"-warning")
	}
	if f.Error != "" {
		ids = append(ids, f.id()+"-error")
	}
	return strings.Join(ids, " ")
}

// attributes collects what a form control shares, leaving out what is empty.
func (f Field) attributes() templ.Attributes {
	a := templ.Attributes{"id": f.id(), "name": f.Name}
	for name, value := range map[string]string{
		"placeholder": f.Placeholder, "autocomplete": f.Autocomplete, "inputmode": f.InputMode, "pattern": f.Pattern,
		"min": f.Min, "max": f.Max, "step": f.Step, "aria-describedby": describedBy(f),
	} {
		if value != "" {
			a[name] = value
		}
	}
	if f.MaxLength > 0 {
		a["maxlength"] = strconv.Itoa(f.MaxLength)
	}
	if f.Required {
		a["required"] = true
	}
	if f.Disabled {
		a["disabled"] = true
	}
	if f.Autofocus {
		a["autofocus"] = true
	}
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	for name, value := range f.Attrs {
		a[name] = value
	}
	return a
}
