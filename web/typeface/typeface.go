// Package typeface holds the typeface of the PDFs that the mall draws.
package typeface

import (
	"bytes"
	_ "embed" // the typeface
	"strings"
)

// sans is Droid Sans Fallback, cut down to the characters of GB 2312, with the Latin letters of Go Regular, which gen
// has added; only the letters that a document uses go into its file. A rarer character is drawn as an empty box.
//
//go:embed sans.ttf
var sans []byte

// Sans returns a copy of the typeface for one document: fpdf writes into the bytes it is given, and several documents
// are drawn at the same time.
func Sans() []byte { return bytes.Clone(sans) }

// box stands for a character that no document can have.
const box = '□'

// Drawable returns a text in which a box stands for each character outside of Unicode's basic plane, such as an emoji:
// fpdf gives up a whole document for one of them.
func Drawable(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xffff {
			return box
		}
		return r
	}, s)
}
