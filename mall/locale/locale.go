// Package locale owns the languages of the mall, and texts that people write in several of them: titles, names,
// descriptions. A third language is a constant, a field of Text and a row of languages; who reads a text by In, All or
// Map does not change. It refuses to know the words of the mall's own pages: those are views/text.
package locale

import (
	"iter"
	"strings"
)

// Lang is a language the mall speaks, as a BCP 47 tag fit for <html lang>.
type Lang string

// The languages.
const (
	En   Lang = "en"
	ZhCN Lang = "zh-CN"
)

// Text is what somebody wrote in one language or more. The zero value says nothing. Texts can be compared by ==.
type Text struct {
	En string `json:"en"`
	Zh string `json:"zh"`
}

// languages says where Text keeps each language. Where a reader's own is missing, the first of these that was written
// stands in.
var languages = [...]struct {
	lang Lang
	of   func(*Text) *string
}{
	{En, func(t *Text) *string { return &t.En }},
	{ZhCN, func(t *Text) *string { return &t.Zh }},
}

// Code is the tag without its region, "zh" of "zh-CN". Names of columns and form fields end in it: title_zh.
func (l Lang) Code() string {
	code, _, _ := strings.Cut(string(l), "-")
	return code
}

// Make asks for the text of each language.
func Make(in func(Lang) string) Text {
	var t Text
	for _, row := range languages {
		*row.of(&t) = in(row.lang)
	}
	return t
}

// Only is a text in one language.
func Only(l Lang, s string) Text {
	return Make(func(other Lang) string {
		if other == l {
			return s
		}
		return ""
	})
}

// In is the text as a reader of the language sees it: what was written in it, or else in another language. It is empty
// where nothing was written.
func (t Text) In(l Lang) string {
	s, _ := t.Find(l)
	return s
}

// Find is In with the language of what it returns, so that a page can mark a text that is not in the reader's own. The
// language is empty where nothing was written.
func (t Text) Find(l Lang) (string, Lang) {
	standsIn, of := "", Lang("")
	for lang, s := range t.All() {
		switch {
		case s == "":
		case lang == l:
			return s, lang
		case standsIn == "":
			standsIn, of = s, lang
		}
	}
	return standsIn, of
}

// IsZero says that nothing was written in any language.
func (t Text) IsZero() bool { return t == Text{} }

// All yields every language with its text, which may be empty.
func (t Text) All() iter.Seq2[Lang, string] {
	return func(yield func(Lang, string) bool) {
		for _, row := range languages {
			if !yield(row.lang, *row.of(&t)) {
				return
			}
		}
	}
}

// Own is what was written in exactly that language.
func (t Text) Own(l Lang) string {
	for _, row := range languages {
		if row.lang == l {
			return *row.of(&t)
		}
	}
	return ""
}

// Map is the text with f applied to each language: title.Map(strings.TrimSpace).
func (t Text) Map(f func(string) string) Text {
	return Make(func(l Lang) string { return f(t.Own(l)) })
}
