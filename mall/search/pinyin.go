package search

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// Chinese is also found by its sound. At the position of each Chinese character the index has the reading of that
// character and of up to three after it (~shui-mu-), and their first letters (^sm). Neither mark occurs in a word. A
// query is a prefix of such a lexeme. Each whole syllable in it ends with its hyphen, so that man does not find mang,
// and an unfinished one has none.
const (
	spokenMark  = "~"
	initialMark = "^"
	spokenLong  = 4 // characters of one lexeme

	// Bounds of the readings of one character and of one word.
	mostReadings = 3
	mostCombined = 16
	mostParses   = 8
	longestSpelt = 24 // letters
)

// reading is how freely letters are read as pinyin.
type reading int

const (
	asWords reading = iota // not at all
	asWhole                // two whole syllables or more: shuimu
	asBegun                // also one syllable, an unfinished last one (jing, shuim), or first letters alone (sm)
	asSpelt                // any syllable may be only its beginning: smu, shmu
)

// sound is a syllable, or the beginning of one.
type sound struct {
	letters string
	whole   bool
}

// readings returns the readings of a Chinese character without tones, the usual one first, and none for any other
// character.
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

// spoken returns the lexemes for the sound of each character of a run.
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

// combined returns all beginnings with each of these ends, without repetition, and at most mostCombined.
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

// parses returns the ways in which letters can be divided into syllables, the fewest syllables first, and at most
// mostParses. With lastBegun the last syllable may be unfinished; with begun any of them may.
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
	// ü is typed as v if u would be another sound.
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

// sounds returns the ways in which consecutive words can be read. Each word has one or more syllables of its own.
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
		case len(p) == 1: // an unfinished syllable alone says nothing, and a whole one too little for asWhole
			return how == asWhole || !p[0].whole
		case how == asSpelt:
			return !slices.ContainsFunc(p, func(s sound) bool { return s.whole })
		}
		return false
	})
}

// heardAs returns all ways in which consecutive words can be read, including first letters alone.
func heardAs(words []string, how reading) [][]sound {
	list := sounds(words, how)
	if p := initials(words); p != nil && how >= asBegun {
		list = append(list, p)
	}
	return list
}

// initials returns each letter of the words as the first letter of a syllable, and nil if one of them cannot begin a
// syllable.
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

// spokenQuery returns the tsquery that finds Chinese with this reading.
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

// heard reports whether Chinese characters, given by their readings, can be read like this.
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
