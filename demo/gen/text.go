package main

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Typeface turns letters into outlines, so that text can be drawn, moved and cut like any shape.
type Typeface struct {
	mu   sync.Mutex
	font *sfnt.Font
	buf  sfnt.Buffer
}

func openTypeface(path string) (*Typeface, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("typeface: %w (install fonts-noto-cjk and fonts-dejavu-core)", err)
	}
	set, err := sfnt.ParseCollection(data)
	if err != nil {
		return nil, fmt.Errorf("typeface %s: %w", path, err)
	}
	// In Noto's collections the third typeface is for simplified Chinese.
	f, err := set.Font(min(2, set.NumFonts()-1))
	if err != nil {
		return nil, fmt.Errorf("typeface %s: %w", path, err)
	}
	return &Typeface{font: f}, nil
}

// Outline returns the path of a line of text of the given size (in units), with its baseline at 0, 0, and its width.
func (t *Typeface) Outline(text string, size float64) (*Path, float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const grain = 64
	ppem := fixed.I(1000)
	k := size / 1000 / grain
	out, x := &Path{}, 0.0
	for _, r := range text {
		g, err := t.font.GlyphIndex(&t.buf, r)
		if err != nil {
			continue
		}
		segs, err := t.font.LoadGlyph(&t.buf, g, ppem, nil)
		if err != nil {
			continue
		}
		for _, s := range segs {
			var pts [3]Point
			for i, a := range s.Args {
				pts[i] = Point{x + float64(a.X)*k, float64(a.Y) * k}
			}
			out.segs = append(out.segs, segment{"MLQC"[s.Op], pts})
		}
		if adv, err := t.font.GlyphAdvance(&t.buf, g, ppem, font.HintingNone); err == nil {
			x += float64(adv) * k
		}
	}
	return out, x
}

// Write draws text. With anchor 0 it starts at x, with 0.5 it is centred there, with 1 it ends there.
func (c *Canvas) Write(t *Typeface, text string, x, y, size, anchor float64, ink Ink) {
	p, w := t.Outline(text, size)
	c.Push(x-w*anchor, y, 0, 1, 1)
	c.Fill(p, ink)
	c.Pop()
}
