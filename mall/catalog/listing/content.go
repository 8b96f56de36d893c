package listing

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/locale"
)

// Limits of a listing's content. Lengths count letters.
const (
	MaxTitle       = 200
	MaxDescription = 5000
	MaxTags        = 12
	MaxTag         = 40
	MaxSKUs        = 8
	MaxRentHours   = 8760
	MaxPerOrder    = 100
	MaxUnits       = 1_000_000
	MaxAmount      = 10_000_000 // minor units
	MaxEpisode     = 9999
	MaxFree        = 1800 // seconds
	// Lines4K is how many lines a video must have to be sold in 4K.
	Lines4K = 2160
)

// Currency is what new listings are priced in.
const Currency = "CNY"

// Content is what a revision says of a listing. A draft may lack anything; what is there keeps the limits above. Texts
// in one language are enough: whoever reads the other one sees them too (locale.Text.In).
type Content struct {
	// the name in the address; settled by the first approval and empty from then on
	Slug        string      `json:"slug"`
	Title       locale.Text `json:"-"` // in JSON titleZh and titleEn, see MarshalJSON
	Description locale.Text `json:"-"`
	CategoryID  int64       `json:"categoryId"`
	Tags        []string    `json:"tags"`
	Cover       string      `json:"cover"`   // the name below /media/covers/, without size and extension
	VideoID     int64       `json:"videoId"` // the creator's video; 0: none yet, or the one that is on sale already
	SeriesID    int64       `json:"seriesId"`
	Episode     int         `json:"episode"` // of the series; 0 without one
	// FreeSeconds is how much of the video, from its begin, anybody may watch; 0 for nothing. Each episode of a series
	// has its own.
	FreeSeconds int   `json:"freeSeconds,omitempty"`
	SKUs        []SKU `json:"ways"`
}

// SKU is one way to buy the video. A SKU that is on sale already keeps its prices: only a new one begins at Price.
type SKU struct {
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
func (s SKU) key() skuKey { return skuKey{s.Kind, s.Quality, s.RentHours} }

type skuKey struct {
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

// texts is text for each language of a field, such as title_zh.
func (f faults) texts(field string, s locale.Text, most int) {
	for lang, s := range s.All() {
		f.text(field+"_"+lang.Code(), s, most)
	}
}

// between refuses a number that is less than least or more than most.
func (f faults) between(field string, n, least, most int64, slug string) {
	if n < least || n > most {
		f[field] = slug
	}
}

// trimmed is what a form sent, without spaces around it and with \n as line ends; browsers send \r\n.
func trimmed(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// normal is the content without surrounding spaces, without empty and repeated tags, and without numbers that don't
// apply.
func (n Content) normal() Content {
	n.Slug, n.Cover = trimmed(n.Slug), trimmed(n.Cover)
	n.Title, n.Description = n.Title.Map(trimmed), n.Description.Map(trimmed)
	n.Tags = trimmedTags(n.Tags)
	if n.SeriesID == 0 {
		n.Episode = 0
	}
	n.SKUs = slices.Clone(n.SKUs)
	for i := range n.SKUs {
		if s := &n.SKUs[i]; s.Kind != catalog.KindRent {
			s.RentHours = 0
		}
		if s := &n.SKUs[i]; !s.Limited {
			s.Units = 0
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
	f.texts("title", n.Title, MaxTitle)
	f.texts("description", n.Description, MaxDescription)
	if n.Slug != "" && !goodSlug(n.Slug) {
		f["slug"] = "slug_malformed"
	}
	if n.Cover != "" && !catalog.IsSlug(n.Cover) {
		f["cover"] = "cover_unknown"
	}
	if len(n.Tags) > MaxTags {
		f["tags"] = "tags_many"
	}
	for _, tag := range n.Tags {
		f.text("tags", tag, MaxTag)
	}
	f.between("episode", int64(n.Episode), 0, MaxEpisode, "episode_invalid")
	f.between("free", int64(n.FreeSeconds), 0, MaxFree, "free_out_of_range")
	n.checkSKUs(f)
	return f
}

// checkSKUs wants each way to buy once; rentals whose time is not said yet may be the same.
func (n Content) checkSKUs(f faults) {
	if len(n.SKUs) > MaxSKUs {
		f["ways"] = "ways_many"
	}
	seen := map[skuKey]bool{}
	for i, s := range n.SKUs {
		s.check(f, i)
		if k := s.key(); seen[k] && (s.Kind != catalog.KindRent || s.RentHours > 0) {
			f[SKUField(i, "kind")] = "way_twice"
		} else {
			seen[k] = true
		}
	}
}

func (s SKU) check(f faults, i int) {
	if s.Kind != catalog.KindRent && s.Kind != catalog.KindOwn {
		f[SKUField(i, "kind")] = "kind_unknown"
	}
	if s.Quality != catalog.QualityHD && s.Quality != catalog.Quality4K {
		f[SKUField(i, "quality")] = "quality_unknown"
	}
	f.between(SKUField(i, "hours"), int64(s.RentHours), 0, MaxRentHours, "hours_out_of_range")
	f.between(SKUField(i, "units"), s.Units, 0, MaxUnits, "units_out_of_range")
	f.between(SKUField(i, "most"), int64(s.MaxPerOrder), 1, MaxPerOrder, "most_out_of_range")
	s.checkPrices(f, i)
}

// checkPrices wants the price that is struck out to be above the one that is asked.
func (s SKU) checkPrices(f faults, i int) {
	if s.Price != nil {
		f.between(SKUField(i, "price"), *s.Price, 0, MaxAmount, "price_invalid")
	}
	if s.List == nil {
		return
	}
	if s.Price != nil && *s.List <= *s.Price {
		f[SKUField(i, "list")] = "list_not_above"
	}
	f.between(SKUField(i, "list"), *s.List, 0, MaxAmount, "price_invalid")
}

// goodSlug is stricter than catalog.IsSlug, which old addresses still meet: a new address is words of letters and
// digits, joined by single dashes.
func goodSlug(s string) bool {
	return catalog.IsSlug(s) && !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-") &&
		!strings.Contains(s, "--")
}

// SKUField names an input of the nth way to buy, from 0.
func SKUField(n int, input string) string { return "ways." + strconv.Itoa(n) + "." + input }
