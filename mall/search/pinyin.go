package search

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// Chinese is found by how it sounds too. The index keeps, at the place of each Chinese character, how it and up to
// three after it are read: ~shui-mu-, and by their first letters: ^sm. Neither mark is in any word. A query's prefix of
// one of them is a whole syllable with its hyphen and a beginning without, so that man does not find mang.
const (
	spokenMark  = "~"
	initialMark = "^"
	spokenLong  = 4 // characters of one lexeme

	// Bounds of what one place and one word may be read as.
	mostReadings = 3
	mostCombined = 16
	mostParses   = 8
	longestSpelt = 24 // letters
)

// reading says how loosely letters are read as pinyin.
type reading int

const (
	asWords reading = iota // not at all
	asWhole                // two whole syllables or more: shuimu
	asBegun                // one too, the last one unfinished (jing, shuim), or first letters alone (sm)
	asSpelt                // any syllable by its beginning: smu, shmu
)

// sound is a syllable, or the beginning of one.
type sound struct {
	letters string
	whole   bool
}

// readings are how a Chinese character is read, without tones, the usual one first; none for any other character.
func readings(r rune) []string {
	var list []string
	for toned := range strings.SplitSeq(pinyin.PinyinDict[int(r)], ",") {
		var b strings.Builder
		for _, c := range norm.NFD.String(toned) {
			if c >= 'a' && c <= 'z' {
				b.WriteRune(c)
			}
		}
		if s := b.String(); syllables()[s] && !slices.Contains(list, s) && len(list) < mostReadings {
			list = append(list, s)
		}
	}
	return list
}

// spoken are the lexemes of each character of a run.
func spoken(runes []rune) [][]string {
	read := make([][]string, len(runes))
	for i, r := range runes {
		read[i] = readings(r)
	}
	all := make([][]string, len(runes))
	for i := range runes {
		whole, first := []string{spokenMark}, []string{initialMark}
		n := 0
		for ; n < spokenLong && i+n < len(runes) && len(read[i+n]) > 0; n++ {
			whole = combined(whole, read[i+n], func(s string) string { return s + "-" })
			first = combined(first, read[i+n], func(s string) string { return s[:1] })
		}
		if n > 0 {
			all[i] = whole
		}
		if n > 1 {
			all[i] = append(all[i], first...)
		}
	}
	return all
}

// combined are all beginnings with each of these ends, once and at most so many.
func combined(beginnings, ends []string, write func(string) string) []string {
	var list []string
	for _, b := range beginnings {
		for _, e := range ends {
			if s := b + write(e); !slices.Contains(list, s) && len(list) < mostCombined {
				list = append(list, s)
			}
		}
	}
	return list
}

// parses are the ways in which letters are sounds, the fewest sounds first; more than mostParses are not looked for.
// lastBegun allows the last one to be unfinished, begun any of them.
func parses(letters string, lastBegun, begun bool) [][]sound {
	var list [][]sound
	var walk func(rest string, before []sound)
	walk = func(rest string, before []sound) {
		if rest == "" {
			list = append(list, slices.Clone(before))
			return
		}
		for n := min(longestSyllable, len(rest)); n > 0 && len(list) < mostParses; n-- {
			part := rest[:n]
			switch last := n == len(rest); {
			case syllables()[part]:
				walk(rest[n:], append(before, sound{part, true}))
			case beginnings()[part] && (last && lastBegun || begun && !strings.ContainsAny(part, "aeiou")):
				walk(rest[n:], append(before, sound{part, false}))
			}
		}
	}
	// ü is typed as v where u is another sound.
	if letters = strings.NewReplacer("lv", "lu", "nv", "nu").Replace(letters); len(letters) <= longestSpelt &&
		isSpelt(letters) {
		walk(letters, nil)
	}
	slices.SortStableFunc(list, func(a, b []sound) int { return len(a) - len(b) })
	return list
}

func isSpelt(letters string) bool {
	return letters != "" && !strings.ContainsFunc(letters, func(r rune) bool { return r < 'a' || r > 'z' })
}

// sounds are the ways in which words typed one after the other are read. Each word is one or more sounds by itself.
func sounds(words []string, how reading) [][]sound {
	if how == asWords || len(words) == 0 {
		return nil
	}
	whole := [][]sound{nil}
	for n, w := range words {
		var list [][]sound
		for _, before := range whole {
			for _, p := range parses(w, how >= asBegun && n == len(words)-1, how == asSpelt) {
				if len(list) < mostParses {
					list = append(list, slices.Concat(before, p))
				}
			}
		}
		whole = list
	}
	return slices.DeleteFunc(whole, func(p []sound) bool {
		switch {
		case len(p) == 1: // a letter alone says nothing, and one syllable little: more than any word of its own
			return how == asWhole || !p[0].whole
		case how == asSpelt:
			return !slices.ContainsFunc(p, func(s sound) bool { return s.whole })
		}
		return false
	})
}

// heardAs are all ways in which words typed one after the other are read.
func heardAs(words []string, how reading) [][]sound {
	list := sounds(words, how)
	if p := initials(words); p != nil && how >= asBegun {
		list = append(list, p)
	}
	return list
}

// initials are first letters alone, each as the sound that it begins; nil where a word has anything else.
func initials(words []string) []sound {
	var list []sound
	for _, c := range strings.Join(words, "") {
		if !beginnings()[string(c)] || strings.ContainsRune("aeo", c) {
			return nil
		}
		list = append(list, sound{string(c), false})
	}
	if len(list) < 2 || len(list) > 2*spokenLong {
		return nil
	}
	return list
}

// spokenQuery is the tsquery of Chinese that is read so.
func spokenQuery(p []sound) string {
	bare := !slices.ContainsFunc(p, func(s sound) bool { return s.whole || len(s.letters) > 1 })
	var b strings.Builder
	for at, before := 0, 0; at < len(p); {
		if at > 0 {
			b.WriteString(" <" + strconv.Itoa(at-before) + "> ")
		}
		before = at
		lexeme := spokenMark
		if bare {
			lexeme = initialMark
		}
		for open := true; open && at < len(p) && at-before < spokenLong; at++ {
			lexeme += p[at].letters
			if open = p[at].whole || bare; p[at].whole {
				lexeme += "-"
			}
		}
		b.WriteString(quote(lexeme) + ":*")
	}
	return "(" + b.String() + ")"
}

// heard says whether Chinese characters are read so.
func heard(p []sound, read [][]string) bool {
	for i, s := range p {
		if !slices.ContainsFunc(read[i], func(r string) bool {
			return r == s.letters || !s.whole && strings.HasPrefix(r, s.letters)
		}) {
			return false
		}
	}
	return true
}
