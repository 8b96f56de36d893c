// Package textnorm makes texts equal that a reader cannot tell apart: it drops invisible characters and unifies the
// forms of one character. It refuses to know what a text is for; the callers that keep names, emails or codes decide
// what else they refuse.
package textnorm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Unseen reports whether a character is invisible, so that two texts can differ by it and look the same. Such
// characters are the default ignorable code points (Unicode Standard Annex #44: soft hyphen, zero-width space, joiners,
// variation selectors, fillers), the other format characters except those that enclose numbers, and the empty Braille
// cell. Spaces and control characters are not among them.
func Unseen(r rune) bool {
	const emptyBraille = '\u2800'
	if r < 0x80 {
		return false
	}
	if unicode.Is(unicode.Prepended_Concatenation_Mark, r) {
		return false
	}
	return r == emptyBraille ||
		unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// DropUnseen returns a text without its unseen characters. It keeps bytes that are not UTF-8, which the caller refuses.
func DropUnseen(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !Unseen(r) {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// Key returns the form in which a text that identifies something is kept and compared: without unseen characters and
// outer spaces, and in Unicode's normal form NFKC, which turns full-width letters into plain ones. It does not change
// the case.
func Key(s string) string {
	// Unseen characters are dropped first, since one between a letter and its accent would keep the two from being
	// composed.
	return strings.TrimSpace(norm.NFKC.String(DropUnseen(s)))
}

// Name returns the form of a one-line text that people read: in normal form NFC, without unseen characters, and with
// one space between words. It keeps control characters other than spaces, and bytes that are not UTF-8.
func Name(s string) string {
	return strings.Join(strings.Fields(norm.NFC.String(DropUnseen(s))), " ")
}
