package main

import (
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
)

// look writes a contact sheet of n moments of a video, so that it can be judged without encoding.
func look(f Video, n int, dir string) error {
	const w, h, across = 640, 360, 2
	sheet := image.NewRGBA(image.Rect(0, 0, across*w, (n+across-1)/across*h))
	for i := 0; i < n; i++ {
		c := NewCanvas(w, h)
		at := f.Cover
		if i > 0 {
			at = float64(f.Seconds) * (float64(i) - 0.5) / float64(n-1)
		}
		f.Paint(c, at)
		draw.Draw(sheet, image.Rect(i%across*w, i/across*h, (i%across+1)*w, (i/across+1)*h), c.Image(), image.Point{},
			draw.Src)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(dir, f.Slug+".png"))
	if err != nil {
		return err
	}
	defer out.Close()
	return png.Encode(out, sheet)
}
