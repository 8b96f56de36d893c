// Package typeface holds the typeface of the PDFs that the mall draws.
package typeface

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the typeface
	"io"
	"strings"
	"sync"
)

// sans has the Latin, Greek and Cyrillic letters and the signs of currencies of DejaVu Sans, and the Chinese characters
// of Droid Sans Fallback from U+4E00 to U+9FA5, which are all of GBK. Only what a document uses goes into its file. Any
// other character is drawn as an empty box. The file was packed by gzip -9n, which halves it.
//
//go:embed sans.ttf.gz
var packed []byte

var sans = sync.OnceValue(func() []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("typeface: " + err.Error())
	}
	b, err := io.ReadAll(r)
	if err != nil {
		panic("typeface: " + err.Error())
	}
	return b
})

// Sans returns a copy of the typeface for one document: fpdf writes into the bytes it is given, and several documents
// are drawn at the same time.
func Sans() []byte { return bytes.Clone(sans()) }

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
