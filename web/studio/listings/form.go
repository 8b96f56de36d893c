package listings

import (
	"fmt"
	"net/url"
	"strings"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/money"
	"videomall/web/formvalue"

	listingview "videomall/views/studio/listings"
)

// newSKU is a way to buy before anything is typed: to rent in HD for two days, once.
var newSKU = listingview.SKUForm{
	Kind:    catalog.KindRent,
	Quality: catalog.QualityHD,
	Hours:   "48",
	Most:    "1",
}

// readForm reads the form as it was typed, so that it can come back.
func readForm(v url.Values) listingview.Form {
	f := listingview.Form{
		Version:     int(formvalue.ID(v.Get("version"))),
		Editor:      v.Get("editor"),
		Slug:        v.Get("slug"),
		Title:       formvalue.Text(v.Get, "title"),
		Description: formvalue.Text(v.Get, "description"),
		Category:    v.Get("category"),
		Tags:        v.Get("tags"),
		Cover:       v.Get("cover"),
		Video:       v.Get("video"),
		Series:      v.Get("series"),
		Episode:     v.Get("episode"),
		Free:        strings.TrimSpace(v.Get("free")),
	}
	if len(f.Editor) > 64 {
		f.Editor = ""
	}
	for n := range min(len(v["kind"]), listing.MaxSKUs+1) {
		f.SKUs = append(f.SKUs, listingview.SKUForm{
			Kind:    formvalue.Row(v, "kind", n),
			Quality: formvalue.Row(v, "quality", n),
			Hours:   formvalue.Row(v, "hours", n),
			Price:   formvalue.Row(v, "price", n),
			List:    formvalue.Row(v, "list", n),
			Limited: formvalue.Row(v, "limited", n),
			Units:   formvalue.Row(v, "units", n),
			Most:    formvalue.Row(v, "most", n),
		})
	}
	return f
}

// content converts the form to the content that is stored. What can't be read becomes a value that the rules of
// listings refuse, so that every field is judged in one place.
func content(f listingview.Form) listing.Content {
	n := listing.Content{
		Slug:        f.Slug,
		Title:       f.Title,
		Description: f.Description,
		CategoryID:  formvalue.ID(f.Category),
		Tags:        tags(f.Tags),
		Cover:       f.Cover,
		VideoID:     formvalue.ID(f.Video),
		SeriesID:    formvalue.ID(f.Series),
		Episode:     int(formvalue.OptionalNumber(f.Episode)),
		FreeSeconds: freeSeconds(f.Free),
		SKUs:        []listing.SKU{},
	}
	for _, s := range f.SKUs {
		sku := listing.SKU{
			Kind:        s.Kind,
			Quality:     s.Quality,
			Price:       price(s.Price),
			List:        price(s.List),
			Limited:     s.Limited != "",
			MaxPerOrder: int(formvalue.OptionalNumber(s.Most)),
		}
		if s.Kind == catalog.KindRent {
			sku.RentHours = int(formvalue.OptionalNumber(s.Hours))
		}
		if sku.Limited {
			sku.Units = formvalue.OptionalNumber(s.Units)
		}
		n.SKUs = append(n.SKUs, sku)
	}
	return n
}

// tags splits tags at commas and line ends, in both scripts.
func tags(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",，、;；\r\n", r) })
}

// price reads a sum in minor units; nil when nothing was typed, -1 when it is none.
func price(s string) *int64 {
	if s == "" {
		return nil
	}
	return new(formvalue.Price(s, listing.Currency))
}

// formOf fills a form with the stored content.
func formOf(e listing.Editing, editor string) listingview.Form {
	n := e.Content
	f := listingview.Form{
		Version:     e.Version,
		Editor:      editor,
		Slug:        n.Slug,
		Title:       n.Title,
		Description: n.Description,
		Category:    formvalue.FormatNumber(n.CategoryID),
		Tags:        strings.Join(n.Tags, ", "),
		Cover:       n.Cover,
		Video:       formvalue.FormatNumber(n.VideoID),
		Series:      formvalue.FormatNumber(n.SeriesID),
		Episode:     formvalue.FormatNumber(n.Episode),
		Free:        freeMinutes(n.FreeSeconds),
	}
	for _, s := range n.SKUs {
		f.SKUs = append(f.SKUs, listingview.SKUForm{
			Kind:    s.Kind,
			Quality: s.Quality,
			Hours:   formvalue.FormatNumber(s.RentHours),
			Price:   decimal(s.Price),
			List:    decimal(s.List),
			Limited: map[bool]string{true: "on"}[s.Limited],
			Units:   formvalue.FormatNumber(s.Units),
			Most:    formvalue.FormatNumber(s.MaxPerOrder),
		})
	}
	return f
}

// freeSeconds reads minutes, 2, or minutes and seconds, 1:30; -1 when it is neither.
func freeSeconds(s string) int {
	minutes, seconds, both := strings.Cut(strings.ReplaceAll(s, "：", ":"), ":")
	m, n := formvalue.OptionalNumber(minutes), int64(0)
	if both {
		n = formvalue.Number(seconds)
	}
	if m < 0 || n < 0 || n > 59 || m > listing.MaxFree {
		return -1
	}
	return int(m*60 + n)
}

// freeMinutes writes seconds in the same form; "" for none.
func freeMinutes(seconds int) string {
	if seconds%60 == 0 {
		return formvalue.FormatNumber(seconds / 60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// decimal writes a price as people type it; "" for none.
func decimal(amount *int64) string {
	if amount == nil {
		return ""
	}
	return money.Of(*amount, listing.Currency).Decimal()
}
