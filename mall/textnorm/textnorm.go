// Package textnorm makes texts equal that a reader can't tell apart: it drops what nobody sees and folds the forms of
// one character. It refuses to know what a text is for; who keeps a name, an email or a code decides what else is wrong
// with it.
package textnorm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Unseen says that a character leaves no mark of its own, so that two texts can differ by it and look the same: the
// default ignorable code points (Unicode Standard Annex #44: soft hyphen, zero-width space, joiners, variation
// selectors, fillers), the other format characters apart from those that enclose numbers, and the empty Braille cell.
// Spaces and control characters are not among them.
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

// DropUnseen is a text without its unseen characters. Bytes that are no UTF-8 stay: the caller refuses them.
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

// Key is a text that identifies something, as it is kept and compared: without unseen characters and outer spaces, and
// in Unicode's normal form NFKC, so that full-width letters are plain ones. Which case it has is the caller's.
func Key(s string) string {
	// Composed after the drop: an unseen character between a letter and its accent keeps the two apart.
	return strings.TrimSpace(norm.NFKC.String(DropUnseen(s)))
}

// Name is a text of one line that people read: in normal form NFC, without unseen characters, with one space between
// words. Control characters other than spaces stay, as bytes that are no UTF-8 do.
func Name(s string) string {
	return strings.Join(strings.Fields(norm.NFC.String(DropUnseen(s))), " ")
}
