package main

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"golang.org/x/image/draw"
)

// Timing of every video. A segment is one closed group of pictures, so that all renditions can be cut and encrypted at
// the same places. Uploads get two groups in each segment, for finer seeking. Here a second key frame of detailed flat
// art would take more bytes than all the movement after it.
const (
	fps        = 20
	segmentSec = 4
)

const (
	tileSec      = 2
	tileW, tileH = 160, 90
	tilesAcross  = 4
)

// produce renders one video and writes its renditions, master playlist and thumbnails below out.
func produce(f Video, out string) error {
	work, err := os.MkdirTemp("", "film-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	sound := filepath.Join(work, "sound.wav")
	if err := writeWave(sound, compose(f.Score, f.Seconds)); err != nil {
		return err
	}
	dir := filepath.Join(out, "footage", f.Slug)
	ladder := renditions(f)
	for _, r := range ladder {
		// Segments of an earlier, longer cut must not remain.
		if err := os.RemoveAll(filepath.Join(dir, r.name())); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, r.name()), 0o755); err != nil {
			return err
		}
	}
	sheet, err := shoot(f, ladder, sound, dir)
	if err != nil {
		return err
	}
	if err := writeMaster(dir, ladder); err != nil {
		return err
	}
	return writeThumbs(dir, f, sheet)
}

// shoot paints the frames on all processors and passes them in order to one ffmpeg, which makes every rendition. It
// returns the thumbnail sheet, which it collects meanwhile.
func shoot(f Video, ladder []rendition, sound, dir string) (*image.RGBA, error) {
	top := ladder[len(ladder)-1]
	w, h := top.width(), top.height
	cmd := exec.Command("ffmpeg", encodeArgs(ladder, sound, dir)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	feed, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	total := f.Seconds * fps
	workers := runtime.NumCPU()
	painted := make([]chan *Canvas, workers)
	emptied := make([]chan *Canvas, workers)
	for n := range painted {
		painted[n], emptied[n] = make(chan *Canvas, 1), make(chan *Canvas, 1)
		emptied[n] <- NewCanvas(w, h)
		go func() {
			for i := n; i < total; i += workers {
				c := <-emptied[n]
				f.Paint(c, float64(i)/fps)
				painted[n] <- c
			}
		}()
	}
	tiles := f.Seconds / tileSec
	sheet := image.NewRGBA(image.Rect(0, 0, tilesAcross*tileW, (tiles+tilesAcross-1)/tilesAcross*tileH))
	for i := 0; i < total; i++ {
		c := <-painted[i%workers]
		if _, err := feed.Write(c.Pix); err != nil {
			return nil, fmt.Errorf("ffmpeg stopped taking frames: %w: %s", err, complaint.String())
		}
		// The middle of each interval shows more than its first frame.
		if i%(tileSec*fps) == tileSec*fps/2 {
			k := i / (tileSec * fps)
			at := image.Rect(0, 0, tileW, tileH).Add(image.Pt(k%tilesAcross*tileW, k/tilesAcross*tileH))
			draw.CatmullRom.Scale(sheet, at, c.Image(), c.Image().Rect, draw.Src, nil)
		}
		emptied[i%workers] <- c
	}
	if err := feed.Close(); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("ffmpeg: %w: %s", err, complaint.String())
	}
	return sheet, nil
}
