// Package text owns the words and the forms of numbers, sums, dates and durations that a reader sees, in each language
// the mall speaks. Messages live in messages/<prefix>.<language>.toml: a key such as "cart.title" stands in the file of
// its prefix, and in common where the prefix has no file. It refuses to know requests and pages: it is handed a
// cookie's value and an Accept-Language header, never the request.
package text

import (
	"context"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"videomall/mall/calendar"
	"videomall/mall/locale"
)

// Lang is a language the mall speaks, fit for <html lang> and for the lang cookie.
type Lang = locale.Lang

// The languages, in the order of preference where the reader names none.
const (
	En   = locale.En
	ZhCN = locale.ZhCN
)

// Langs lists every language with its own name, for the switch.
var Langs = []struct {
	Lang Lang
	Name string
}{{En, "English"}, {ZhCN, "简体中文"}}

var matcher = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})

// Choose picks the language: the reader's own switch (the lang cookie's value), else the browser's Accept-Language,
// else English. Any Chinese is answered in simplified Chinese. Malformed input counts as absent.
func Choose(cookie, acceptLanguage string) Lang {
	switch Lang(cookie) {
	case En, ZhCN:
		return Lang(cookie)
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return En
	}
	if _, index, confidence := matcher.Match(tags...); index == 1 && confidence > language.No {
		return ZhCN
	}
	return En
}

// Built once from the embedded files, never written again.
var printers = load(messages)

// Printer writes for one reader: a language, with its calendar and zone. It is safe for concurrent use.
type Printer struct {
	Lang     Lang
	messages map[string]entry
	form     form
	own      *calendar.Zone // the reader's zone; nil where it is not known
}

// For returns the printer of a language; an unknown one gets English.
func For(l Lang) *Printer {
	if p, ok := printers[l]; ok {
		return p
	}
	return printers[En]
}

// T returns a message. args are name, value pairs for its {{.Name}} places: p.T("cart.added", "Title", title). An
// unknown key comes back as itself, so that a page never fails for want of a word; a test keeps keys and files in step.
func (p *Printer) T(key string, args ...any) string {
	m, ok := p.messages[key]
	if !ok {
		return key
	}
	text := m.form(plural.Other)
	if !m.places {
		return text
	}
	return fill(text, args)
}

// N returns a message in the plural form of n, which the message may show as {{.Count}}, grouped in thousands.
func (p *Printer) N(key string, n int, args ...any) string {
	m, ok := p.messages[key]
	if !ok {
		return key
	}
	form := plural.Cardinal.MatchPlural(p.form.tag, max(n, -n), 0, 0, 0, 0)
	return fill(m.form(form), append(args, "Count", p.Number(n)))
}

// Of is what somebody wrote, in the reader's language; where that is missing, another language stands in.
func (p *Printer) Of(s locale.Text) string { return s.In(p.Lang) }

// Foreign is the language of what Of returns where it is not the reader's: a page says so, in a lang attribute and
// where it matters in a note. It is empty where the reader's language was written, and where nothing was.
func (p *Printer) Foreign(s locale.Text) string {
	_, l := s.Find(p.Lang)
	if l == p.Lang {
		return ""
	}
	return string(l)
}

// Has reports whether a message exists in this language, for keys made from a slug or a state.
func (p *Printer) Has(key string) bool {
	_, ok := p.messages[key]
	return ok
}

// Provider returns the payer's word for a way to pay, or its name where there is none.
func (p *Printer) Provider(name string) string {
	if key := "provider." + name; p.Has(key) {
		return p.T(key)
	}
	return name
}

type contextKey struct{}

// With carries the reader's printer to every component below.
func With(ctx context.Context, p *Printer) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns the printer that With stored, English where there is none.
func From(ctx context.Context) *Printer {
	if p, ok := ctx.Value(contextKey{}).(*Printer); ok && p != nil {
		return p
	}
	return printers[En]
}
