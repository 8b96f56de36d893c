// Package listings draws the studio's pages of listings. It takes them as the catalogue hands them out, and decides
// nothing.
package listings

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
	"videomall/views/text"
	"videomall/views/ui"
)

// Video is a creator's video to choose from.
type Video struct {
	ID      int64
	Name    string
	Ready   bool
	Seconds int
}

// URL is a listing's page in the studio.
func URL(spuID int64) string { return "/studio/listings/" + strconv.FormatInt(spuID, 10) }

// states are what the list can be narrowed to.
var states = []string{catalog.StatusDraft, catalog.StatusInReview, catalog.StatusLive, catalog.StatusTakenDown}

// IsState says that the list knows such a state.
func IsState(s string) bool { return slices.Contains(states, s) }

func titleOf(t *text.Printer, title locale.Text) string {
	if s := t.Of(title); s != "" {
		return s
	}
	return t.T("listing.untitled")
}

// wrong is what is wrong with a field, in words; empty when nothing is.
func wrong(t *text.Printer, errors map[string]string, field string) string {
	return ui.FieldError(t, errors, field, "listing.wrong.")
}

var tones = map[string]ui.Tone{
	catalog.StatusLive: ui.Success, catalog.StatusInReview: ui.Info,
	catalog.StatusTakenDown: ui.Error,
}

func videoOptions(t *text.Printer, videos []Video, listed *catalog.Product, chosen string) []ui.Option {
	none := t.T("listing.no_video")
	if listed != nil && listed.AssetID != nil && listed.VideoID == 0 {
		none = t.T("listing.video_on_sale")
	}
	list := []ui.Option{{Label: none}}
	for _, f := range videos {
		label := f.Name
		if f.Ready {
			label += " · " + t.Duration(f.Seconds)
		} else {
			label += " · " + t.T("listing.video_not_ready")
		}
		list = append(list, ui.Option{Value: strconv.FormatInt(f.ID, 10), Label: label})
	}
	if chosen != "" && !slices.ContainsFunc(list, func(o ui.Option) bool { return o.Value == chosen }) {
		list = append(list, ui.Option{Value: chosen, Label: t.T("listing.video_n", "N", chosen)})
	}
	return list
}

func seriesOptions(t *text.Printer, series []listing.OwnSeries) []ui.Option {
	list := []ui.Option{{Label: t.T("listing.no_series")}}
	for _, s := range series {
		list = append(list, ui.Option{Value: strconv.FormatInt(s.ID, 10), Label: t.Of(s.Title)})
	}
	return list
}

// skuName says in words what is bought.
func skuName(t *text.Printer, kind, quality string, hours int) string {
	if kind == catalog.KindRent {
		return t.N("listing.rent_for", hours) + " · " + quality
	}
	return t.T("product.own") + " · " + quality
}

// clock is a time of the day where the reader is.
func clock(t *text.Printer, at time.Time) string { return at.In(t.Here()).Format("15:04") }

// need is a line of the checklist.
type need struct {
	key    string
	anchor string
	fields []string // beginnings of the names of what belongs to it
}

func needs(first bool) []need {
	list := []need{
		{"film", "video", []string{"video", "free"}},
		{"titles", "title_en", []string{"title_"}},
		{"cover", "cover-file", []string{"cover"}},
		{"category", "category", []string{"category", "tags", "series", "episode", "description"}},
		{"ways", "ways", []string{"ways"}},
	}
	if first {
		list = append(list, need{"address", "slug", []string{"slug"}})
	}
	return list
}

// lacks is why a line of the checklist is open, in words; empty when it is done.
func (n need) lacks(t *text.Printer, lacking map[string]string) string {
	var fields []string
	for field := range lacking {
		if slices.ContainsFunc(n.fields, func(p string) bool { return strings.HasPrefix(field, p) }) {
			fields = append(fields, field)
		}
	}
	if len(fields) == 0 {
		return ""
	}
	return wrong(t, lacking, slices.Min(fields))
}

func fieldLabel(t *text.Printer, field string) string {
	if rest, ok := strings.CutPrefix(field, "ways."); ok {
		n, input, _ := strings.Cut(rest, ".")
		row, _ := strconv.Atoi(n)
		return t.T("listing.way_n", "N", strconv.Itoa(row+1)) + ", " + t.T("listing.field."+input)
	}
	return t.T("listing.field." + field)
}
