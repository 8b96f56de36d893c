package play

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// LanguageName is a language in its own words: 中文, English. A tag that is none is its own name.
func LanguageName(tag string) string {
	t, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	if name := display.Self.Name(t); name != "" {
		return name
	}
	return tag
}
