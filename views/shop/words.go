// Package shop draws the shop: the front page, lists and searches, a video's page and its reviews. It takes cards
// and products as the catalogue hands them out and decides how they read; it refuses to ask for anything itself.
package shop

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/a-h/templ"

	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/search"
	"videomall/views/address"
	"videomall/views/text"
	"videomall/views/ui"
)

// other is what was written in another language than the one that is shown, for the line below it; empty where both
// say the same.
func other(t *text.Printer, s locale.Text) string {
	shown := t.Of(s)
	for _, written := range s.All() {
		if written != "" && written != shown {
			return written
		}
	}
	return ""
}

// Title is a video's title in the reader's language.
func Title(t *text.Printer, c catalog.Card) string { return t.Of(c.Title) }

func creatorName(t *text.Printer, c catalog.Card) string { return t.Of(c.Creator) }

// CategoryName is a category's name in the reader's language.
func CategoryName(t *text.Printer, c catalog.Category) string { return t.Of(c.Name) }

// CreatorName is a creator's name in the reader's language.
func CreatorName(t *text.Printer, c catalog.Creator) string { return t.Of(c.Name) }

// AvatarURL is a creator's picture at 96 or 192 pixels; empty without one.
func AvatarURL(name, width string) string {
	if name == "" {
		return ""
	}
	return "/media/avatars/" + name + "-" + width + ".webp"
}

func cover(name string, eager bool) ui.Image {
	return ui.Image{URL: address.CoverSet(name), Eager: eager}
}

// FreeLabel says how much of a video anybody may watch.
func FreeLabel(t *text.Printer, seconds int) string {
	if seconds%60 == 0 {
		return t.N("try.first_minutes", seconds/60)
	}
	return t.T("try.first", "Time", t.DurationSpoken(seconds))
}

// FreeURL gives a video that costs nothing (POST), and leads to where it plays.
func FreeURL(slug string) string { return address.Product(slug) + "/free" }

func creatorURL(slug string) string  { return "/creators/" + slug }
func categoryURL(slug string) string { return "/c/" + slug }

// priceOf is what a card asks; a card of the library's kind that is not on sale has none.
func priceOf(c catalog.Card) ui.Price {
	p := ui.Price{From: true}
	if c.From != nil {
		p.Now = *c.From
	}
	if c.FromList != nil {
		p.Was = *c.FromList
	}
	return p
}

func videoCard(t *text.Printer, c catalog.Card, owned, eager bool) ui.Card {
	return ui.Card{
		Href:        address.Product(c.Slug),
		Title:       Title(t, c),
		Lang:        t.Foreign(c.Title),
		Creator:     creatorName(t, c),
		CreatorLang: t.Foreign(c.Creator),
		CreatorHref: creatorURL(c.CreatorSlug),
		Cover:       cover(c.Cover, eager),
		Seconds:     c.DurationSeconds,
		Price:       priceOf(c),
		NoPrice:     c.From == nil,
		Rating:      c.Rating(),
		Reviews:     int(c.RatingCount),
		Owned:       owned,
	}
}

func skuPrice(k catalog.SKU) ui.Price {
	p := ui.Price{Now: k.Price.Amount}
	if k.Price.List != nil {
		p.Was = *k.Price.List
	}
	return p
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// tagsIn are the tags written in the reader's script, all of them when none is.
func tagsIn(t *text.Printer, tags []string) []string {
	mine := slices.DeleteFunc(slices.Clone(tags), func(tag string) bool {
		han := strings.ContainsFunc(tag, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		return han != (t.Lang == text.ZhCN)
	})
	if len(mine) == 0 {
		return tags
	}
	return mine
}

// Summary is the beginning of a text, for search engines, shared links and the front page. length counts letters; a
// Chinese character takes the room of two.
func Summary(s string, length int) string {
	s = strings.Join(strings.Fields(s), " ")
	room := length
	for i, r := range s {
		room--
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
			room--
		}
		if room >= 0 {
			continue
		}
		cut := s[:i]
		if space := strings.LastIndexByte(cut, ' '); space > len(cut)/2 {
			cut = cut[:space]
		}
		return strings.TrimRight(cut, " ,.;:，。；：、") + "…"
	}
	return s
}

// share is a part of a whole in whole per cent.
func share(part, whole int64) int {
	if whole == 0 {
		return 0
	}
	return int(part * 100 / whole)
}

// marked draws spans with what was found in <mark>; nil when nothing was.
func marked(spans []search.Span) templ.Component {
	if !slices.ContainsFunc(spans, func(s search.Span) bool { return s.Hit }) {
		return nil
	}
	return markedText(spans)
}

// found is what a search found of a video beyond the title that is shown: in the other title, else in a description.
func found(t *text.Printer, m search.Marks, c catalog.Card, about catalog.Texts) templ.Component {
	const length = 90
	for _, s := range []string{
		other(t, c.Title), t.Of(about.Description),
		other(t, about.Description), strings.Join(about.Tags, " · "),
	} {
		if spans := m.Excerpt(s, length); spans != nil {
			return markedText(spans)
		}
	}
	return nil
}
