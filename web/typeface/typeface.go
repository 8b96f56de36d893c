// Package typeface holds the typeface of the PDFs that the mall draws.
package typeface

import (
	"bytes"
	_ "embed" // the typeface
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
