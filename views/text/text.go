// Package text owns the words and the forms of numbers, sums, dates and durations that a reader sees, in each language
// the mall speaks. Messages live in messages/<prefix>.<language>.toml: a key such as "cart.title" stands in the file of
// its prefix, and in common where the prefix has no file. It refuses to know requests and pages: it is handed a cookie's
// value and an Accept-Language header, never the request.
package text

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"videomall/mall/calendar"
)

// Lang is a language the mall speaks, as a BCP 47 tag fit for <html lang> and for the lang cookie.
type Lang string

// The languages, in the order of preference where the reader names none.
const (
	En   Lang = "en"
	ZhCN Lang = "zh-CN"
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

//go:embed messages/*.toml
var messages embed.FS

// Built once from the embedded files, never written again.
var printers = load(messages)

// Printer writes for one reader: a language, with its calendar and zone. It is safe for concurrent use.
type Printer struct {
	Lang      Lang
	plain     map[string]string // messages without arguments, which need no template
	localizer *i18n.Localizer
	form      form
	own       *calendar.Zone // the reader's zone; nil where it is not known
}

func load(files embed.FS) map[Lang]*Printer {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	out := map[Lang]*Printer{}
	for _, l := range Langs {
		out[l.Lang] = &Printer{
			Lang:      l.Lang,
			plain:     map[string]string{},
			localizer: i18n.NewLocalizer(bundle, string(l.Lang)),
			form:      forms[l.Lang],
		}
	}
	entries, err := fs.ReadDir(files, "messages")
	if err != nil {
		panic("text: " + err.Error())
	}
	for _, entry := range entries {
		b, err := files.ReadFile("messages/" + entry.Name())
		if err != nil {
			panic("text: " + err.Error())
		}
		parsed, err := bundle.ParseMessageFileBytes(b, entry.Name())
		if err != nil {
			panic(fmt.Sprintf("text: messages/%s: %v", entry.Name(), err))
		}
		p := out[Lang(parsed.Tag.String())]
		if p == nil {
			panic("text: messages/" + entry.Name() + " is in no language of the mall")
		}
		for _, m := range parsed.Messages {
			if m.One == "" && !strings.Contains(m.Other, "{{") {
				p.plain[m.ID] = m.Other
			}
		}
	}
	return out
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
	if s, ok := p.plain[key]; ok {
		return s
	}
	return p.localize(key, nil, args)
}

// N returns a message in the plural form of n, which the message may show as {{.Count}}, grouped in thousands.
func (p *Printer) N(key string, n int, args ...any) string {
	return p.localize(key, n, append(args, "Count", p.Number(n)))
}

func (p *Printer) localize(key string, count any, args []any) string {
	data := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	s, err := p.localizer.Localize(&i18n.LocalizeConfig{
		MessageID:    key,
		TemplateData: data,
		PluralCount:  count,
	})
	if err != nil {
		return key
	}
	return s
}

// Of chooses between what was written in both languages; where one is missing, the other stands in.
func (p *Printer) Of(zh, en string) string {
	s, _ := p.choose(zh, en)
	return s
}

// Foreign is the language of what Of returns where it is not the reader's: a page says so, in a lang attribute and
// where it matters in a note. It is empty where the reader's language was written, and where nothing was.
func (p *Printer) Foreign(zh, en string) string {
	s, l := p.choose(zh, en)
	if s == "" || l == p.Lang {
		return ""
	}
	return string(l)
}

func (p *Printer) choose(zh, en string) (string, Lang) {
	if p.Lang == ZhCN && zh != "" || en == "" {
		return zh, ZhCN
	}
	return en, En
}

// Has reports whether a message exists in this language, for keys made from a slug or a state.
func (p *Printer) Has(key string) bool {
	if _, ok := p.plain[key]; ok {
		return true
	}
	return p.localize(key, 1, nil) != key
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
