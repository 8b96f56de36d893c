// Package demo owns the content of a new mall: six creators, their videos with covers and packaged footage, prices and
// reviews, so that a machine without ffmpeg can serve them. Everything except the footage is embedded. Seed writes the
// content, and a history of orders, through the modules of the mall; the package knows no object stores and no
// encryption. The command in gen/ makes everything below footage/, covers/ and avatars/.
package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"

	"videomall/mall/locale"
)

//go:embed catalogue covers avatars
var files embed.FS

// CoverWidths are the widths in pixels in which every cover exists; the height is 9/16 of it.
var CoverWidths = [...]int{320, 480, 960}

// AvatarSizes are the edge lengths in pixels in which every avatar exists.
var AvatarSizes = [...]int{96, 192}

// Texts is a list in each language. The lists need not correspond item by item.
type Texts struct {
	Zh []string `json:"zh"`
	En []string `json:"en"`
}

// Category is a named part of the catalogue.
type Category struct {
	Slug string      `json:"slug"`
	Name locale.Text `json:"name"`
}

// Creator makes videos. The avatar's file is named after the slug.
type Creator struct {
	Slug string      `json:"slug"`
	Name locale.Text `json:"name"`
	Bio  locale.Text `json:"bio"`
}

// Video is one title with everything a product page shows.
type Video struct {
	Slug             string      `json:"slug"`
	Creator          string      `json:"creator"`  // slug
	Category         string      `json:"category"` // slug
	Title            locale.Text `json:"title"`
	Description      locale.Text `json:"description"` // paragraphs are separated by an empty line
	Tags             Texts       `json:"tags"`
	DurationSeconds  int         `json:"durationSeconds"`
	FreeSeconds      int         `json:"freeSeconds"` // at the beginning of the video that anybody may watch
	PublishedDaysAgo int         `json:"publishedDaysAgo"`
	Chapters         []Chapter   `json:"chapters"`
	SKUs             []SKU       `json:"skus"`
	Narration        []Line      `json:"narration"`
}

// Chapter begins At seconds into the video.
type Chapter struct {
	At    int         `json:"at"`
	Title locale.Text `json:"title"`
}

// Line is one caption, in seconds from the start of the video. The same lines are packed as
// zh.vtt and en.vtt beside the footage.
type Line struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
	locale.Text
}

// SKU is one way to buy a video.
type SKU struct {
	Kind       string       `json:"kind"`       // "rent" or "own"
	Quality    string       `json:"quality"`    // "HD" (720p) or "4K" (2160p)
	RentHours  int          `json:"rentHours"`  // from first play; 0 when owned
	Amount     int64        `json:"amount"`     // fen (CNY); 0 is free
	ListAmount int64        `json:"listAmount"` // fen, struck out; 0 when there is none
	Stock      *int         `json:"stock"`      // nil is unlimited
	NextPrice  *PriceChange `json:"nextPrice,omitempty"`
}

// PriceChange is a price version that begins InDays after the mall is seeded.
type PriceChange struct {
	InDays     int   `json:"inDays"`
	Amount     int64 `json:"amount"`
	ListAmount int64 `json:"listAmount"`
}

// Review is a review of a demo shopper, in the language in which they wrote it.
type Review struct {
	Video    string `json:"video"` // slug
	Reviewer string `json:"reviewer"`
	Rating   int    `json:"rating"`   // 1..5
	Language string `json:"language"` // "zh" or "en"
	Body     string `json:"body"`
}

// Catalogue has all texts of the demo. The newest videos come first.
type Catalogue struct {
	Categories []Category `json:"categories"`
	Creators   []Creator  `json:"creators"`
	Videos     []Video    `json:"-"`
	Reviews    []Review   `json:"-"`
}

// Load reads the catalogue. It fails if a name in it refers to nothing, which only a change of the embedded files can
// cause.
func Load() (Catalogue, error) {
	var c Catalogue
	if err := decode("people.json", &c); err != nil {
		return Catalogue{}, err
	}
	for _, creator := range c.Creators {
		var videos []Video
		if err := decode("videos-"+creator.Slug+".json", &videos); err != nil {
			return Catalogue{}, err
		}
		c.Videos = append(c.Videos, videos...)
	}
	slices.SortStableFunc(c.Videos, func(a, b Video) int { return a.PublishedDaysAgo - b.PublishedDaysAgo })
	if err := decode("reviews.json", &c.Reviews); err != nil {
		return Catalogue{}, err
	}
	return c, c.check()
}

func decode(name string, into any) error {
	data, err := files.ReadFile(path.Join("catalogue", name))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	// A misspelt field must not go unnoticed: the video would lack a price or its stock.
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("demo: catalogue/%s: %w", name, err)
	}
	return nil
}

func (c Catalogue) check() error {
	slugs := map[string]bool{}
	for _, v := range c.Videos {
		if slugs[v.Slug] {
			return fmt.Errorf("demo: video %q is listed twice", v.Slug)
		}
		slugs[v.Slug] = true
		if !slices.ContainsFunc(c.Creators, func(k Creator) bool { return k.Slug == v.Creator }) {
			return fmt.Errorf("demo: video %q: no creator %q", v.Slug, v.Creator)
		}
		if !slices.ContainsFunc(c.Categories, func(k Category) bool { return k.Slug == v.Category }) {
			return fmt.Errorf("demo: video %q: no category %q", v.Slug, v.Category)
		}
	}
	for _, r := range c.Reviews {
		if !slugs[r.Video] {
			return fmt.Errorf("demo: review by %s: no video %q", r.Reviewer, r.Video)
		}
	}
	return nil
}

// Cover returns the WebP cover of a video in one of CoverWidths.
func Cover(slug string, width int) ([]byte, error) {
	return files.ReadFile(fmt.Sprintf("covers/%s-%d.webp", slug, width))
}

// Avatar returns the WebP portrait of a creator in one of AvatarSizes.
func Avatar(slug string, size int) ([]byte, error) {
	return files.ReadFile(fmt.Sprintf("avatars/%s-%d.webp", slug, size))
}
