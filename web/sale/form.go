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
	"videomall/web/formvalue"
)

// mostChoices bounds the list of SKUs that a form lets choose from, the newest videos first.
const mostChoices = 500

// priceDigits are those that a price may have before the point.
const priceDigits = 7

// readForm keeps what was typed, so that it can come back.
func readForm(values url.Values) saleview.Form {
	f := saleview.Form{
		Name:     formvalue.Text(values.Get, "name"),
		StartsAt: values.Get("starts_at"),
		EndsAt:   values.Get("ends_at"),
	}
	f.Version = formvalue.Version(values.Get("version"))
	at := func(name string, n int) string {
		if n < len(values[name]) {
			return strings.TrimSpace(values[name][n])
		}
		return ""
	}
	for n := range min(len(values["sku"]), promotion.MaxItems+1) {
		f.Rows = append(f.Rows, saleview.Row{
			SKU:     at("sku", n),
			Price:   at("price", n),
			Units:   at("units", n),
			PerUser: at("per_user", n),
		})
	}
	return f
}

// draft turns what was typed into a campaign, with moments in the reader's zone. What can't be read becomes a value
// that the campaign's own rules refuse, so that every field is judged in one place.
func draft(f saleview.Form, zone *time.Location, offers map[int64]catalog.Offer) promotion.Draft {
	d := promotion.Draft{
		Name:     f.Name,
		StartsAt: formvalue.At(f.StartsAt, zone),
		EndsAt:   formvalue.At(f.EndsAt, zone),
	}
	for _, r := range f.Rows {
		skuID := formvalue.Number(r.SKU)
		currency := offers[skuID].Amount.Currency
		d.Items = append(d.Items, promotion.Item{
			SKUID:   skuID,
			Amount:  money.Of(money.ParseDecimal(r.Price, priceDigits), currency),
			Units:   int(formvalue.Number(r.Units)),
			PerUser: int(formvalue.Number(r.PerUser)),
		})
	}
	return d
}

// formOf fills a form with a draft.
func formOf(c promotion.Campaign, zone *time.Location) saleview.Form {
	f := saleview.Form{
		Version:  c.Version,
		Name:     c.Name,
		StartsAt: c.StartsAt.In(zone).Format(formvalue.Moment),
		EndsAt:   c.EndsAt.In(zone).Format(formvalue.Moment),
	}
	for _, i := range c.Items {
		f.Rows = append(f.Rows, saleview.Row{
			SKU:     strconv.FormatInt(i.SKUID, 10),
			Price:   money.Decimal(i.Amount.Amount),
			Units:   strconv.Itoa(i.Units),
			PerUser: strconv.Itoa(i.PerUser),
		})
	}
	return f
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
func (k desk) choices(ctx context.Context, creator int64,
	f saleview.Form) ([]catalog.Offer, map[int64]catalog.Offer, error) {
	list, err := k.Catalog.Sellable(ctx, creator, mostChoices)
	if err != nil {
		return nil, nil, err
	}
	known := make(map[int64]catalog.Offer, len(list))
	for _, o := range list {
		known[o.SKUID] = o
	}
	var missing []int64
	for _, r := range f.Rows {
		if id := formvalue.Number(r.SKU); id > 0 && known[id].SKUID == 0 {
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
		if creator == 0 || o.CreatorID == creator {
			list = append(list, o)
		}
	}
	return list, known, nil
}
