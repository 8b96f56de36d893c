package textnorm_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"videomall/mall/textnorm"
)

// unseen has one of each kind of invisible character.
var unseen = map[string]rune{
	"soft hyphen":              '\u00ad',
	"combining joiner":         '\u034f',
	"Arabic letter mark":       '\u061c',
	"Hangul filler":            '\u115f',
	"Khmer vowel":              '\u17b4',
	"Mongolian selector":       '\u180b',
	"Mongolian separator":      '\u180e',
	"zero-width space":         '\u200b',
	"zero-width joiner":        '\u200d',
	"right-to-left mark":       '\u200f',
	"right-to-left override":   '\u202e',
	"word joiner":              '\u2060',
	"unassigned ignorable":     '\u2065',
	"isolate":                  '\u2066',
	"empty Braille cell":       '\u2800',
	"Hangul letter filler":     '\u3164',
	"variation selector 16":    '\ufe0f',
	"byte order mark":          '\ufeff',
	"half-width Hangul filler": '\uffa0',
	"annotation anchor":        '\ufff9',
	"musical beam":             '\U0001d173',
	"tag":                      '\U000e0041',
	"variation selector 17":    '\U000e0100',
}

func TestUnseenCharacters(t *testing.T) {
	t.Parallel()
	for name, r := range unseen {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			typed := "a" + string(r) + "b" + string(r)
			if got := textnorm.Key(typed); got != "ab" {
				t.Errorf("Key(%+q) = %+q", typed, got)
			}
			if got := textnorm.Name(typed); got != "ab" {
				t.Errorf("Name(%+q) = %+q", typed, got)
			}
			if got := textnorm.Name(string(r)); got != "" {
				t.Errorf("Name(%+q) = %+q, which looks empty", string(r), got)
			}
		})
	}
	for _, r := range "aé鯨ｱ́＋-_ \t'\u0600💥" {
		if textnorm.Unseen(r) {
			t.Errorf("%+q is said to be unseen", r)
		}
	}
}

func TestKeyAndName(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][2]string{
		" ＳＵＭＭＥＲ－１０　":          {"SUMMER-10", "ＳＵＭＭＥＲ－１０"},
		"e\u034f\u0301":        {"é", "é"},
		"ﬁlm ①":                {"film 1", "ﬁlm ①"},
		"two \t\n words":       {"two \t\n words", "two words"},
		"nul\x00and\x7fdel":    {"nul\x00and\x7fdel", "nul\x00and\x7fdel"},
		"a\xff\u200bb":         {"a\xffb", "a\xffb"}, // the caller refuses it
		"\u00a0no break\u00a0": {"no break", "no break"},
	} {
		if got := [2]string{textnorm.Key(typed), textnorm.Name(typed)}; got != want {
			t.Errorf("%+q: %+q, want %+q", typed, got, want)
		}
	}
}

func TestSimplified(t *testing.T) {
	t.Parallel()
	for traditional, want := range map[string]string{
		"鯨魚烹飪編程":      "鲸鱼烹饪编程",
		"書法攝影學":       "书法摄影学",
		"鲸鱼 whale かな": "鲸鱼 whale かな",
		"髮發後后薴":       "发发后后苎",
	} {
		got := strings.Map(textnorm.Simplified, traditional)
		if got != want || strings.Map(textnorm.Simplified, got) != got {
			t.Errorf("%s: %s, want %s", traditional, got, want)
		}
	}
	for r := range unicode.MaxRune {
		if s := textnorm.Simplified(r); s != r && (textnorm.Simplified(s) != s || !unicode.Is(unicode.Han, s)) {
			t.Errorf("%c becomes %c, which becomes %c", r, s, textnorm.Simplified(s))
		}
	}
}

// FuzzKey checks that Key and Name are idempotent, so that a text which was kept is found again.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"a\u200bb", "e\u034f\u0301", " ﬀ ", "\u1160\uffa0", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, normal := range map[string]func(string) string{"Key": textnorm.Key, "Name": textnorm.Name} {
			once := normal(s)
			if twice := normal(once); twice != once || !norm.NFC.IsNormalString(once) {
				t.Errorf("%s(%+q) = %+q, again %+q", name, s, once, twice)
			}
		}
	})
}
