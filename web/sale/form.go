package sale

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/money"
	"videomall/mall/promotion"
	saleview "videomall/views/sale"
)

// mostChoices bounds the list of SKUs that a form lets choose from, the newest videos first.
const mostChoices = 500

// typed is how a browser sends a moment of a datetime-local field.
const typed = "2006-01-02T15:04"

// readForm keeps what was typed, so that it can come back.
func readForm(values url.Values) saleview.Form {
	f := saleview.Form{NameZh: values.Get("name_zh"), NameEn: values.Get("name_en"), StartsAt: values.Get("starts_at"), EndsAt: values.Get("ends_at")}
	f.Version = int(number(values.Get("version")))
	at := func(name string, n int) string {
		if n < len(values[name]) {
			return strings.TrimSpace(values[name][n])
		}
		return ""
	}
	for n := range min(len(values["sku"]), promotion.MaxItems+1) {
		f.Rows = append(f.Rows, saleview.Row{SKU: at("sku", n), Price: at("price", n), Units: at("units", n), PerUser: at("per_user", n)})
	}
	return f
}

// draft turns what was typed into a campaign, with moments in the reader's zone. What can't be read becomes a value that the
// campaign's own rules refuse, so that every field is judged in one place.
func draft(f saleview.Form, zone *time.Location, offers map[int64]catalog.Offer) promotion.Draft {
	d := promotion.Draft{NameZh: f.NameZh, NameEn: f.NameEn, StartsAt: moment(f.StartsAt, zone), EndsAt: moment(f.EndsAt, zone)}
	for _, r := range f.Rows {
		skuID := number(r.SKU)
		currency := offers[skuID].Amount.Currency
		d.Items = append(d.Items, promotion.Item{SKUID: skuID, Amount: money.Of(minor(r.Price), currency),
			Units: int(number(r.Units)), PerUser: int(number(r.PerUser))})
	}
	return d
}

func moment(s string, zone *time.Location) time.Time {
	for _, layout := range []string{typed, "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), zone); err == nil {
			return t
		}
	}
	return time.Time{}
}

// number reads a whole number of up to nine digits; -1, which every rule refuses, when it is none.
func number(s string) int64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > 999_999_999 {
		return -1
	}
	return int64(n)
}

// minor reads a price as people type it, 19 or 19.90 or 19,9, in minor units; -1 when it is none.
func minor(s string) int64 {
	whole, part, _ := strings.Cut(strings.ReplaceAll(s, ",", "."), ".")
	if len(whole) > 7 || len(part) > 2 || whole+part == "" {
		return -1
	}
	n, err := strconv.ParseUint("0"+whole+(part + "00")[:2], 10, 32)
	if err != nil {
		return -1
	}
	return int64(n)
}

// formOf fills a form with a draft.
func formOf(c promotion.Campaign, zone *time.Location) saleview.Form {
	f := saleview.Form{Version: c.Version, NameZh: c.NameZh, NameEn: c.NameEn, StartsAt: c.StartsAt.In(zone).Format(typed), EndsAt: c.EndsAt.In(zone).Format(typed)}
	for _, i := range c.Items {
		f.Rows = append(f.Rows, saleview.Row{SKU: strconv.FormatInt(i.SKUID, 10), Price: majors(i.Amount.Amount),
			Units: strconv.Itoa(i.Units), PerUser: strconv.Itoa(i.PerUser)})
	}
	return f
}

// majors writes minor units as people type them: 19.90.
func majors(amount int64) string {
	s := strconv.FormatInt(amount, 10)
	for len(s) < 3 {
		s = "0" + s
	}
	return s[:len(s)-2] + "." + s[len(s)-2:]
}

// pressed does what a button of the form asks for besides saving: another row, or one less.
func pressed(f *saleview.Form, button string) bool {
	if button == "add" {
		if len(f.Rows) < promotion.MaxItems {
			f.Rows = append(f.Rows, saleview.Row{PerUser: "1"})
		}
		return true
	}
	row, ok := strings.CutPrefix(button, "remove-")
	n, err := strconv.Atoi(row)
	if !ok || err != nil || n < 0 || n >= len(f.Rows) {
		return false
	}
	f.Rows = slices.Delete(f.Rows, n, n+1)
	return true
}

// choices are the SKUs that a form lets choose from, and the prices of those that it names.
func (k desk) choices(ctx context.Context, maker int64, f saleview.Form) ([]catalog.Offer, map[int64]catalog.Offer, error) {
	list, err := k.Catalog.Sellable(ctx, maker, mostChoices)
	if err != nil {
		return nil, nil, err
	}
	known := make(map[int64]catalog.Offer, len(list))
	for _, o := range list {
		known[o.SKUID] = o
	}
	var missing []int64
	for _, r := range f.Rows {
		if id := number(r.SKU); id > 0 && known[id].SKUID == 0 {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return list, known, nil
	}
	more, err := k.Catalog.Offers(ctx, missing)
	if err != nil {
		return nil, nil, err
	}
	for id, o := range more {
		known[id] = o
		if maker == 0 || o.CreatorID == maker {
			list = append(list, o)
		}
	}
	return list, known, nil
}
