package typeface_test

import (
	"testing"

	"codeberg.org/go-pdf/fpdf"

	"videomall/web/typeface"
)

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
	if got := typeface.Drawable("Zoë 看 😀"); got != "Zoë 看 □" {
		t.Errorf("got %q", got)
	}
}
