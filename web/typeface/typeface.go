// Package typeface holds the typeface of the PDFs that the mall draws.
package typeface

import (
	"bytes"
	_ "embed" // the typeface
)

// sans is Droid Sans Fallback, cut down to Latin and the characters of GB 2312; only the letters that a document uses go
// into its file. A rarer character is drawn as an empty box.
//
//go:embed sans.ttf
var sans []byte

// Sans returns a copy of the typeface for one document: fpdf writes into the bytes it is given, and several documents
// are drawn at the same time.
func Sans() []byte { return bytes.Clone(sans) }
