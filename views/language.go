package views

import (
	"strings"

	"videomall/static"
	"videomall/views/text"
)

// LangParam is the parameter by which an address names its language.
const LangParam = "lang"

// InLanguage is the address of the same page in that language; in none, the address by which each reader gets their
// own.
func InLanguage(address string, lang text.Lang) string {
	switch {
	case lang == "":
		return address
	case strings.Contains(address, "?"):
		return address + "&" + LangParam + "=" + string(lang)
	}
	return address + "?" + LangParam + "=" + string(lang)
}

// canonical is the page's own address: with the language where it was asked for with one.
func (p Page) canonical() string { return InLanguage(p.Canonical, p.Spoken) }

func (p Page) kind() string {
	if p.Kind == "" {
		return "website"
	}
	return p.Kind
}

// picture is what a shared link shows.
type picture struct {
	address       string
	width, height int
}

// The size of the mall's own picture, share.png.
const shareWidth, shareHeight = 1200, 630

func (p Page) picture() picture {
	if p.Image == "" {
		return picture{p.PublicURL + static.URL("share.png"), shareWidth, shareHeight}
	}
	return picture{p.Image, p.ImageWidth, p.ImageHeight}
}

// locale is a language as Open Graph writes it.
func locale(l text.Lang) string {
	if l == text.ZhCN {
		return "zh_CN"
	}
	return "en_US"
}
