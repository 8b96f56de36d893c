package catalog

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"videomall/db"
	"videomall/mall/fault"
)

// Limits of a listing's content. Lengths count letters.
const (
	MaxTitle       = 200
	MaxDescription = 5000
	MaxTags        = 12
	MaxTag         = 40
	MaxWays        = 8
	MaxRentHours   = 8760
	MaxPerOrder    = 100
	MaxUnits       = 1_000_000
	MaxAmount      = 10_000_000 // minor units
	MaxEpisode     = 9999
	MaxFree        = 1800 // seconds
	// FreeRest is how many seconds of a video must be left to buy. A segment of it is a few seconds long and is given
	// whole.
	FreeRest = 10
	// Lines4K is how many lines a video must have to be sold in 4K.
	Lines4K = 2160
)

// Currency is what new listings are priced in.
const Currency = "CNY"

// Content is what a revision says of a listing. A draft may lack anything; what is there keeps the limits above. Texts
// in one language are enough: whoever reads the other one sees them too (text.Printer.Of).
type Content struct {
	// the name in the address; settled by the first approval and empty from then on
	Slug          string   `json:"slug"`
	TitleZh       string   `json:"titleZh"`
	TitleEn       string   `json:"titleEn"`
	DescriptionZh string   `json:"descriptionZh"`
	DescriptionEn string   `json:"descriptionEn"`
	CategoryID    int64    `json:"categoryId"`
	Tags          []string `json:"tags"`
	Cover         string   `json:"cover"`   // the name below /media/covers/, without size and extension
	VideoID       int64    `json:"videoId"` // the creator's video; 0: none yet, or the one that is on sale already
	SeriesID      int64    `json:"seriesId"`
	Episode       int      `json:"episode"` // of the series; 0 without one
	// FreeSeconds is how much of the video, from its begin, anybody may watch; 0 for nothing. Each episode of a series
	// has its own.
	FreeSeconds int   `json:"freeSeconds,omitempty"`
	Ways        []Way `json:"ways"`
}

// Way is one way to buy the video. A SKU that is on sale already keeps its prices: only a new one begins at Price.
type Way struct {
	Kind        string `json:"kind"`
	Quality     string `json:"quality"`
	RentHours   int    `json:"rentHours"` // of KindRent only; 0 while it is not said
	Price       *int64 `json:"price"`     // minor units; nil while it is not said
	List        *int64 `json:"list"`      // the price to strike out; nil for none
	Limited     bool   `json:"limited"`
	Units       int64  `json:"units"` // what a limited one begins with
	MaxPerOrder int    `json:"maxPerOrder"`
}

// key is what makes two ways one SKU.
func (w Way) key() wayKey { return wayKey{w.Kind, w.Quality, w.RentHours} }

type wayKey struct {
	kind, quality string
	rentHours     int
}

// faults are fields with the slugs of what is wrong with them.
type faults map[string]string

func (f faults) of(base *fault.Fault) error {
	if len(f) == 0 {
		return nil
	}
	for field, slug := range f {
		base = base.With(field, slug)
	}
	return base
}

// text refuses what is longer than most letters, or what PostgreSQL can't keep.
func (f faults) text(field, s string, most int) {
	switch {
	case !db.Storable(s):
		f[field] = "text_invalid"
	case utf8.RuneCountInString(s) > most:
		f[field] = "text_long"
	}
}

// normal is the content without spaces around words, empty and doubled tags, and numbers that nothing asks for.
func (n Content) normal() Content {
	for _, s := range []*string{&n.Slug, &n.TitleZh, &n.TitleEn, &n.DescriptionZh, &n.DescriptionEn, &n.Cover} {
		*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	}
	n.Tags = trimmedTags(n.Tags)
	if n.SeriesID == 0 {
		n.Episode = 0
	}
	n.Ways = slices.Clone(n.Ways)
	for i := range n.Ways {
		if w := &n.Ways[i]; w.Kind != KindRent {
			w.RentHours = 0
		}
		if w := &n.Ways[i]; !w.Limited {
			w.Units = 0
		}
	}
	return n
}

func trimmedTags(list []string) []string {
	tags := make([]string, 0, len(list))
	for _, tag := range list {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// check finds what a draft can't be kept with.
func (n Content) check() faults {
	f := faults{}
	f.text("title_zh", n.TitleZh, MaxTitle)
	f.text("title_en", n.TitleEn, MaxTitle)
	f.text("description_zh", n.DescriptionZh, MaxDescription)
	f.text("description_en", n.DescriptionEn, MaxDescription)
	if n.Slug != "" && !goodSlug(n.Slug) {
		f["slug"] = "slug_malformed"
	}
	if n.Cover != "" && !slugPattern.MatchString(n.Cover) {
		f["cover"] = "cover_unknown"
	}
	if len(n.Tags) > MaxTags {
		f["tags"] = "tags_many"
	}
	for _, tag := range n.Tags {
		f.text("tags", tag, MaxTag)
	}
	if n.Episode < 0 || n.Episode > MaxEpisode {
		f["episode"] = "episode_invalid"
	}
	if n.FreeSeconds < 0 || n.FreeSeconds > MaxFree {
		f["free"] = "free_out_of_range"
	}
	if len(n.Ways) > MaxWays {
		f["ways"] = "ways_many"
	}
	seen := map[wayKey]bool{}
	for i, w := range n.Ways {
		w.check(f, i)
		if k := w.key(); seen[k] && (w.Kind != KindRent || w.RentHours > 0) {
			f[WayField(i, "kind")] = "way_twice"
		} else {
			seen[k] = true
		}
	}
	return f
}

func (w Way) check(f faults, i int) {
	if w.Kind != KindRent && w.Kind != KindOwn {
		f[WayField(i, "kind")] = "kind_unknown"
	}
	if w.Quality != QualityHD && w.Quality != Quality4K {
		f[WayField(i, "quality")] = "quality_unknown"
	}
	if w.RentHours < 0 || w.RentHours > MaxRentHours {
		f[WayField(i, "hours")] = "hours_out_of_range"
	}
	if w.Price != nil && (*w.Price < 0 || *w.Price > MaxAmount) {
		f[WayField(i, "price")] = "price_invalid"
	}
	switch {
	case w.List == nil:
	case *w.List < 0 || *w.List > MaxAmount:
		f[WayField(i, "list")] = "price_invalid"
	case w.Price != nil && *w.List <= *w.Price:
		f[WayField(i, "list")] = "list_not_above"
	}
	if w.Units < 0 || w.Units > MaxUnits {
		f[WayField(i, "units")] = "units_out_of_range"
	}
	if w.MaxPerOrder < 1 || w.MaxPerOrder > MaxPerOrder {
		f[WayField(i, "most")] = "most_out_of_range"
	}
}

// goodSlug is stricter than what old addresses may be: words of letters and digits, joined by single dashes.
func goodSlug(s string) bool {
	return slugPattern.MatchString(s) && !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-") &&
		!strings.Contains(s, "--")
}

// WayField names an input of the nth way to buy, from 0.
func WayField(n int, input string) string { return "ways." + strconv.Itoa(n) + "." + input }
