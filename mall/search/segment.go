package search

import (
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/unicode/norm"

	"videomall/mall/textnorm"
)

// run is a part of a text: one word, or an unbroken sequence of Chinese or Japanese characters. Its runes are folded:
// lower case, normal width, Latin letters without accents, simplified characters. Each rune has the place of the letter
// that it came from, so that a match can be marked in the text as it was written.
type run struct {
	cjk    bool
	runes  []rune
	places []place
}

// place is a range of bytes.
type place struct{ start, end int }

func (r run) text() string { return string(r.runes) }

// longestWord bounds a lexeme. Nobody searches for a longer word.
const longestWord = 64

// segment cuts a text into runs. The index, queries and marks all use it, so they can't disagree.
func segment(s string) []run {
	var c cutter
	for i, r := range s {
		at := place{i, i + len(string(r))}
		for _, f := range fold(r) {
			c.add(f, at)
		}
	}
	return c.runs
}

// cutter collects the runs of a text, letter by letter.
type cutter struct {
	runs []run
	open bool // the next letter may belong to the last run
}

// add takes a folded letter that came from a place of the text.
func (c *cutter) add(f rune, at place) {
	last := c.last()
	switch {
	case unicode.Is(unicode.Mn, f) || unicode.Is(unicode.Mc, f):
		if last != nil {
			last.mark(f, at)
		}
	case last != nil && !last.cjk && (f == '\'' || f == '’'):
		// don't is one word
	case isCJK(f) || unicode.IsLetter(f) || unicode.IsDigit(f):
		c.letter(f, at)
	default:
		c.open = false
	}
}

// last returns the run that may continue, or nil if none may.
func (c *cutter) last() *run {
	if !c.open {
		return nil
	}
	return &c.runs[len(c.runs)-1]
}

// letter appends a letter to the last run, or begins another run if the script changes.
func (c *cutter) letter(f rune, at place) {
	last := c.last()
	if last == nil || last.cjk != isCJK(f) {
		c.runs = append(c.runs, run{cjk: isCJK(f)})
		c.open = true
		last = c.last()
	}
	if last.cjk || len(last.runes) < longestWord {
		last.runes, last.places = append(last.runes, f), append(last.places, at)
	}
}

// mark adds a combining mark: a voiced kana becomes one letter, an accent on a Latin letter is dropped, and any other
// script keeps its vowel signs.
func (r *run) mark(f rune, at place) {
	base := r.runes[len(r.runes)-1]
	if unicode.Is(unicode.Latin, base) || len(r.runes) >= longestWord {
		return
	}
	if whole := []rune(norm.NFC.String(string(base) + string(f))); len(whole) == 1 {
		r.runes[len(r.runes)-1] = whole[0]
		r.places[len(r.places)-1].end = at.end
		return
	}
	if !r.cjk {
		r.runes, r.places = append(r.runes, f), append(r.places, at)
	}
}

func fold(r rune) string {
	if r < 0x80 {
		return string(unicode.ToLower(r))
	}
	s := strings.ToLower(norm.NFKC.String(string(r)))
	if parts := []rune(norm.NFD.String(s)); len(parts) > 1 && unicode.Is(unicode.Latin, parts[0]) &&
		unicode.Is(unicode.Mn, parts[1]) {
		return string(parts[0])
	}
	return strings.Map(textnorm.Simplified, s)
}

func isCJK(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r == 'ー'
}

// pairs returns the overlapping pairs of a run, or its only character.
func (r run) pairs() []string {
	if len(r.runes) < 2 {
		return []string{string(r.runes)}
	}
	list := make([]string, len(r.runes)-1)
	for i := range list {
		list[i] = string(r.runes[i : i+2])
	}
	return list
}

// stem returns an English word without its ending, and any other word unchanged.
func stem(word string) string {
	for _, r := range word {
		if r < 'a' || r > 'z' {
			return word
		}
	}
	return english.Stem(word, true)
}
