package demo_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"videomall/demo"
)

var videos = demo.OpenVideos("footage")

func TestFootage_missing(t *testing.T) {
	t.Parallel()
	_, err := demo.Footage(demo.OpenVideos(t.TempDir()), "aurora-nights")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "DEMO_VIDEOS") {
		t.Errorf("a folder without videos: %v", err)
	}
}

func lines(t *testing.T, fsys fs.FS, name string) []string {
	t.Helper()
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// TestFootage_playlists follows every reference, and checks that every file is referred to.
func TestFootage_playlists(t *testing.T) {
	t.Parallel()
	for _, v := range load(t).Videos {
		footage, err := demo.Footage(videos, v.Slug)
		if err != nil {
			t.Fatal(err)
		}
		wanted := map[string]bool{
			"master.m3u8": true, "poster.webp": true, "thumbs.webp": true, "thumbs.vtt": true,
			"zh.vtt": true, "en.vtt": true,
		}
		for _, line := range lines(t, footage, "master.m3u8") {
			if strings.HasPrefix(line, "#") || line == "" {
				continue
			}
			wanted[line] = true
			dir := strings.TrimSuffix(line, "index.m3u8")
			var seconds float64
			for _, entry := range lines(t, footage, line) {
				if length, ok := strings.CutPrefix(entry, "#EXTINF:"); ok {
					n, err := strconv.ParseFloat(strings.TrimSuffix(length, ","), 64)
					if err != nil {
						t.Fatal(err)
					}
					seconds += n
				}
				if strings.HasPrefix(entry, "#EXT-X-KEY") {
					t.Errorf("%s/%s is encrypted", v.Slug, line)
				}
				if initName, ok := strings.CutPrefix(entry, `#EXT-X-MAP:URI="`); ok {
					wanted[dir+strings.TrimSuffix(initName, `"`)] = true
				}
				if !strings.HasPrefix(entry, "#") {
					wanted[dir+entry] = true
				}
			}
			if math.Abs(seconds-float64(v.DurationSeconds)) > 0.1 {
				t.Errorf("%s/%s lasts %.2f s, the catalogue says %d", v.Slug, line, seconds, v.DurationSeconds)
			}
		}
		for _, need := range []string{"360p/init.mp4", "720p/init.mp4"} {
			if !wanted[need] {
				t.Errorf("%s: no %s", v.Slug, need)
			}
		}
		err = fs.WalkDir(footage, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if !wanted[name] {
				t.Errorf("%s/%s belongs to no playlist", v.Slug, name)
			}
			if info, err := d.Info(); err != nil || info.Size() == 0 {
				t.Errorf("%s/%s is empty (%v)", v.Slug, name, err)
			}
			delete(wanted, name)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name := range wanted {
			t.Errorf("%s/%s is missing", v.Slug, name)
		}
	}
}

type cue struct {
	from, to float64
	text     string
}

func cues(t *testing.T, fsys fs.FS, name string) []cue {
	t.Helper()
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSpace(string(data)), "\n\n")
	if blocks[0] != "WEBVTT" {
		t.Fatalf("%s does not begin with WEBVTT", name)
	}
	var out []cue
	last := 0.0
	for _, b := range blocks[1:] {
		when, text, _ := strings.Cut(b, "\n")
		var h, m, h2, m2 int
		var c cue
		if n, err := fmt.Sscanf(when, "%d:%d:%f --> %d:%d:%f", &h, &m, &c.from, &h2, &m2, &c.to); n != 6 {
			t.Fatalf("%s: %q: %v", name, when, err)
		}
		c.from += float64(h*3600 + m*60)
		c.to += float64(h2*3600 + m2*60)
		if c.from < last || c.to <= c.from || text == "" {
			t.Errorf("%s: cue %q", name, b)
		}
		last, c.text = c.to, text
		out = append(out, c)
	}
	return out
}

func TestFootage_captions(t *testing.T) {
	t.Parallel()
	for _, v := range load(t).Videos {
		footage, err := demo.Footage(videos, v.Slug)
		if err != nil {
			t.Fatal(err)
		}
		zh, en := cues(t, footage, "zh.vtt"), cues(t, footage, "en.vtt")
		if len(zh) < 3 || len(zh) != len(en) || len(zh) != len(v.Narration) {
			t.Fatalf("%s: %d Chinese, %d English cues, %d lines", v.Slug, len(zh), len(en), len(v.Narration))
		}
		for i, l := range v.Narration {
			if zh[i].text != l.Zh || en[i].text != l.En || zh[i].to > float64(v.DurationSeconds) {
				t.Errorf("%s: cue %d differs from the catalogue", v.Slug, i)
			}
		}
	}
}

func TestFootage_thumbnails(t *testing.T) {
	t.Parallel()
	for _, v := range load(t).Videos {
		footage, err := demo.Footage(videos, v.Slug)
		if err != nil {
			t.Fatal(err)
		}
		data, err := fs.ReadFile(footage, "thumbs.webp")
		if err != nil {
			t.Fatal(err)
		}
		sheet, err := webp.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		tiles := cues(t, footage, "thumbs.vtt")
		if len(tiles) != v.DurationSeconds/2 {
			t.Errorf("%s: %d tiles for %d s", v.Slug, len(tiles), v.DurationSeconds)
		}
		for _, c := range tiles {
			var x, y, w, h int
			if n, _ := fmt.Sscanf(c.text, "thumbs.webp#xywh=%d,%d,%d,%d", &x, &y, &w, &h); n != 4 || w != 160 ||
				h != 90 || x+w > sheet.Width || y+h > sheet.Height {
				t.Errorf("%s: %q on a sheet of %dx%d", v.Slug, c.text, sheet.Width, sheet.Height)
			}
		}
	}
}
