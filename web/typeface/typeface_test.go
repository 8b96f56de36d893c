package typeface_test

import (
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"videomall/web/typeface"
)

// TestSans looks for the outlines of the letters: a PDF without any is a PDF nevertheless.
func TestSans(t *testing.T) {
	t.Parallel()
	sans, err := sfnt.Parse(typeface.Sans())
	if err != nil {
		t.Fatal(err)
	}
	letters := []rune("éüñßŁżćđΩλЖя€¥₽₩₹·–—’“”…→已观看，：。退款争议")
	for c := rune('!'); c <= '~'; c++ {
		letters = append(letters, c)
	}
	var buf sfnt.Buffer
	for _, c := range letters {
		index, err := sans.GlyphIndex(&buf, c)
		if err != nil || index == 0 {
			t.Errorf("%q is not in it: %v", c, err)
			continue
		}
		if outline, err := sans.LoadGlyph(&buf, index, fixed.I(256), nil); err != nil || len(outline) == 0 {
			t.Errorf("%q has no outline: %v", c, err)
		}
	}
}

// TestDrawable draws what people write: one emoji in it must not cost a document.
func TestDrawable(t *testing.T) {
	t.Parallel()
	const typed = "Zoë 没时间看 😀\U0001F1E8\U0001F1F3 𠮷\u200d\x00"
	f := fpdf.New("P", "mm", "A4", "")
	f.AddUTF8FontFromBytes("sans", "", typeface.Sans())
	f.AddPage()
	f.SetFont("sans", "", 9)
	f.MultiCell(0, 5, typeface.Drawable(typed), "", "", false)
	if err := f.Error(); err != nil {
		t.Error(err)
	}
	if got := typeface.Drawable("Zoë 看 😀"); got != "Zoë 看 ?" {
		t.Errorf("got %q", got)
	}
}
