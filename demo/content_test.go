package demo_test

import (
	"bytes"
	"image"
	"io/fs"
	"math"
	"os"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"videomall/demo"
	"videomall/mall/locale"
)

func load(t *testing.T) demo.Catalogue {
	t.Helper()
	c, err := demo.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContent_stock(t *testing.T) {
	t.Parallel()
	c := load(t)
	if len(c.Videos) < 24 || len(c.Creators) != 6 || len(c.Categories) < 6 || len(c.Reviews) < 20 {
		t.Fatalf("%d videos, %d creators, %d categories, %d reviews", len(c.Videos), len(c.Creators), len(c.Categories),
			len(c.Reviews))
	}
	for _, k := range c.Creators {
		bilingual(t, k.Slug, k.Name, k.Bio)
	}
	for _, k := range c.Categories {
		bilingual(t, k.Slug, k.Name)
		var n int
		for _, v := range c.Videos {
			if v.Category == k.Slug {
				n++
			}
		}
		if n == 0 {
			t.Errorf("category %s is empty", k.Slug)
		}
	}
	for _, v := range c.Videos {
		bilingual(t, v.Slug, v.Title, v.Description)
		for _, ch := range v.Chapters {
			bilingual(t, v.Slug, ch.Title)
			if ch.At < 0 || ch.At >= v.DurationSeconds {
				t.Errorf("%s: chapter at %d s of %d", v.Slug, ch.At, v.DurationSeconds)
			}
		}
		if len(v.Tags.Zh) < 3 || len(v.Tags.En) < 3 {
			t.Errorf("%s: too few tags", v.Slug)
		}
		if words := len(strings.Fields(v.Description.En)); words < 60 || words > 150 {
			t.Errorf("%s: %d English words", v.Slug, words)
		}
	}
	for _, r := range c.Reviews {
		if r.Rating < 1 || r.Rating > 5 || r.Body == "" || r.Reviewer == "" ||
			r.Language != "zh" && r.Language != "en" {
			t.Errorf("review %+v", r)
		}
	}
}

// bilingual requires Han characters in the Chinese text and none in the English text.
func bilingual(t *testing.T, where string, texts ...locale.Text) {
	t.Helper()
	han := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff })
	}
	for _, x := range texts {
		if !han(x.Zh) || strings.TrimSpace(x.En) == "" {
			t.Errorf("%s: not in both languages: %+v", where, x)
		}
	}
}

func TestContent_prices(t *testing.T) {
	t.Parallel()
	var free, limited, scarce, struck, scheduled, uhd int
	for _, v := range load(t).Videos {
		footage, err := demo.Footage(videos, v.Slug)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fs.Stat(footage, "2160p/index.m3u8")
		has4K := err == nil
		sells4K := false
		seen := map[string]bool{}
		for _, s := range v.SKUs {
			if seen[s.Kind+s.Quality] {
				t.Errorf("%s: %s %s twice", v.Slug, s.Kind, s.Quality)
			}
			seen[s.Kind+s.Quality] = true
			if (s.Kind == "rent") != (s.RentHours == 48) || s.Kind != "rent" && s.Kind != "own" ||
				s.Quality != "HD" && s.Quality != "4K" {
				t.Errorf("%s: %+v", v.Slug, s)
			}
			if s.Amount != 0 && (s.Amount < 600 || s.Amount > 9900) || s.ListAmount != 0 && s.ListAmount <= s.Amount {
				t.Errorf("%s: amount %d, list %d", v.Slug, s.Amount, s.ListAmount)
			}
			sells4K = sells4K || s.Quality == "4K"
			if s.Amount == 0 {
				free++
			}
			if s.ListAmount > 0 {
				struck++
			}
			if s.Stock != nil {
				limited++
				if *s.Stock <= 3 {
					scarce++
				}
			}
			if s.NextPrice != nil && s.NextPrice.InDays > 0 && s.NextPrice.Amount != s.Amount {
				scheduled++
			}
		}
		if sells4K != has4K {
			t.Errorf("%s: sells 4K: %v, has 2160p footage: %v", v.Slug, sells4K, has4K)
		}
		if has4K {
			uhd++
		}
	}
	if free < 3 || limited < 3 || scarce < 1 || struck < 4 || scheduled < 1 || uhd < 2 {
		t.Errorf("free %d, limited %d, scarce %d, struck %d, scheduled %d, 4K %d", free, limited, scarce, struck,
			scheduled, uhd)
	}
}

func picture(t *testing.T, data []byte, err error) image.Image {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	img, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestContent_picture_sizes(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, v := range c.Videos {
		for _, w := range demo.CoverWidths {
			data, err := demo.Cover(v.Slug, w)
			if b := picture(t, data, err).Bounds(); b.Dx() != w || b.Dy() != w*9/16 {
				t.Errorf("%s-%d is %v", v.Slug, w, b)
			}
			if w == 480 && len(data) > 14<<10 {
				t.Errorf("%s-%d weighs %d bytes", v.Slug, w, len(data))
			}
		}
	}
	for _, k := range c.Creators {
		for _, s := range demo.AvatarSizes {
			data, err := demo.Avatar(k.Slug, s)
			if b := picture(t, data, err).Bounds(); b.Dx() != s || b.Dy() != s {
				t.Errorf("%s-%d is %v", k.Slug, s, b)
			}
		}
	}
}

// TestContent_covers_differ shrinks each cover to 16 x 9 colours, so that it would find two encodings of one picture
// equal.
func TestContent_covers_differ(t *testing.T) {
	t.Parallel()
	const cols, rows = 16, 9
	looks := map[string][cols * rows * 3]float64{}
	for _, v := range load(t).Videos {
		data, err := demo.Cover(v.Slug, 320)
		img := picture(t, data, err)
		var look [cols * rows * 3]float64
		b := img.Bounds()
		for y := range b.Dy() {
			for x := range b.Dx() {
				r, g, bl, _ := img.At(x, y).RGBA()
				at := (y*rows/b.Dy()*cols + x*cols/b.Dx()) * 3
				for i, part := range []uint32{r, g, bl} {
					look[at+i] += float64(part>>8) / float64(b.Dx()*b.Dy()/(cols*rows))
				}
			}
		}
		for other, seen := range looks {
			var distance float64
			for i := range look {
				distance += math.Abs(look[i]-seen[i]) / float64(len(look))
			}
			if distance < 14 {
				t.Errorf("%s and %s look alike (%.1f of 255 apart)", v.Slug, other, distance)
			}
		}
		looks[v.Slug] = look
	}
}

func TestContent_repository_size(t *testing.T) {
	t.Parallel()
	var total int64
	err := fs.WalkDir(os.DirFS("."), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		total += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total >= 36<<20 { // of the 60 MiB of the whole repository
		t.Errorf("%.1f MiB below demo/", float64(total)/(1<<20))
	}
}
