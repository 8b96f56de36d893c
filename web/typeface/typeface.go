// Package typeface holds the typeface of the PDFs that the mall draws.
package typeface

import (
	"bytes"
	_ "embed" // the typeface
	"strings"
)

// sans has the Latin, Greek and Cyrillic letters and the signs of currencies of DejaVu Sans, and the Chinese characters
// of Droid Sans Fallback from U+4E00 to U+9FA5, which are all of GBK. Only what a document uses goes into its file. Any
// other character is drawn as an empty box.
//
//go:embed sans.ttf
var sans []byte

// Sans returns a copy of the typeface for one document: fpdf writes into the bytes it is given, and several documents
// are drawn at the same time.
func Sans() []byte { return bytes.Clone(sans) }

// missing stands for a character that no document can have.
const missing = '?'

// Drawable returns a text in which a question mark stands for each character outside of Unicode's basic plane, such as
// an emoji: fpdf gives up a whole document for one of them.
func Drawable(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xffff {
			return missing
		}
		return r
	}, s)
}
