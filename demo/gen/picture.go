package main

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// writeWebP scales a picture and writes it with the best quality that fits into limit bytes.
func writeWebP(path string, img *image.RGBA, width, limit int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	for quality := 82; ; quality -= 6 {
		cmd := exec.Command("ffmpeg", "-hide_banner", "-loglevel", "error",
			"-f", "rawvideo", "-pix_fmt", "rgba", "-s", fmt.Sprintf("%dx%d", img.Rect.Dx(), img.Rect.Dy()), "-i",
			"pipe:0",
			"-vf", fmt.Sprintf("scale=%d:-2:flags=lanczos+accurate_rnd,format=yuv420p", width),
			// not into a pipe, in which the length of a large picture would remain 0
			"-frames:v", "1", "-c:v", "libwebp", "-compression_level", "6", "-preset", "drawing", "-quality",
			strconv.Itoa(quality), "-f", "webp", "-y", path)
		cmd.Stdin = bytes.NewReader(img.Pix)
		var complaint bytes.Buffer
		cmd.Stderr = &complaint
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("ffmpeg webp: %w: %s", err, complaint.String())
		}
		if info, err := os.Stat(path); err != nil || info.Size() <= int64(limit) || quality <= 40 {
			return err
		}
	}
}

// writeCovers paints the cover's frame at twice the size at which it is shown, so that edges are clean.
func writeCovers(f Video, out, dir string) error {
	c := NewCanvas(2560, 1440)
	f.Paint(c, f.Cover)
	for _, s := range []struct{ width, limit int }{{320, 8000}, {480, 13500}, {960, 28000}} {
		if err := writeWebP(filepath.Join(out, "covers", fmt.Sprintf("%s-%d.webp", f.Slug, s.width)), c.Image(),
			s.width, s.limit); err != nil {
			return err
		}
	}
	return writeWebP(filepath.Join(dir, "poster.webp"), c.Image(), 1280, 36000)
}

// writeThumbs writes the sheet, and the WebVTT file that names a tile for each interval.
func writeThumbs(dir string, f Video, sheet *image.RGBA) error {
	if err := writeWebP(filepath.Join(dir, "thumbs.webp"), sheet, sheet.Rect.Dx(), 20000); err != nil {
		return err
	}
	var vtt bytes.Buffer
	vtt.WriteString("WEBVTT\n")
	for i := 0; i < f.Seconds/tileSec; i++ {
		fmt.Fprintf(&vtt, "\n%s --> %s\nthumbs.webp#xywh=%d,%d,%d,%d\n", stamp(float64(i*tileSec)),
			stamp(float64((i+1)*tileSec)),
			i%tilesAcross*tileW, i/tilesAcross*tileH, tileW, tileH)
	}
	return os.WriteFile(filepath.Join(dir, "thumbs.vtt"), vtt.Bytes(), 0o644)
}
