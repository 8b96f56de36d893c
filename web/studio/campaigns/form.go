package campaigns

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/web/formvalue"

	campaignview "videomall/views/studio/campaigns"
)

// mostChoices limits the SKUs that a form offers, the newest videos first.
const mostChoices = 500

// newRow is a row of the form before anything is typed: one unit a person.
var newRow = campaignview.Row{PerUser: "1"}

// readForm reads the form as it was typed, so that it can come back.
func readForm(values url.Values) campaignview.Form {
	f := campaignview.Form{
		Name:     formvalue.Text(values.Get, "name"),
		StartsAt: values.Get("starts_at"),
		EndsAt:   values.Get("ends_at"),
	}
	f.Version = formvalue.Version(values.Get("version"))
	for n := range min(len(values["sku"]), promotion.MaxItems+1) {
		f.Rows = append(f.Rows, campaignview.Row{
			SKU:     formvalue.Row(values, "sku", n),
			Price:   formvalue.Row(values, "price", n),
			Units:   formvalue.Row(values, "units", n),
			PerUser: formvalue.Row(values, "per_user", n),
		})
	}
	return f
}

// draft converts the form to a campaign, with moments in the reader's time zone. What can't be read becomes a value
// that the rules of campaigns refuse, so that every field is judged in one place.
func draft(f campaignview.Form, zone *time.Location, offers map[int64]catalog.Offer) promotion.Draft {
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
			Amount:  money.Of(formvalue.Price(r.Price, currency), currency),
			Units:   int(formvalue.Number(r.Units)),
			PerUser: int(formvalue.Number(r.PerUser)),
		})
	}
	return d
}

// formOf fills a form with a draft.
func formOf(c promotion.Campaign, zone *time.Location) campaignview.Form {
	f := campaignview.Form{
		Version:  c.Version,
		Name:     c.Name,
		StartsAt: c.StartsAt.In(zone).Format(formvalue.Moment),
		EndsAt:   c.EndsAt.In(zone).Format(formvalue.Moment),
	}
	for _, i := range c.Items {
		f.Rows = append(f.Rows, campaignview.Row{
			SKU:     strconv.FormatInt(i.SKUID, 10),
			Price:   i.Amount.Decimal(),
			Units:   strconv.Itoa(i.Units),
			PerUser: strconv.Itoa(i.PerUser),
		})
	}
	return f
}

// choices returns the SKUs that the form offers, and the prices of those that it names.
func (k desk) choices(ctx context.Context, creator int64,
	f campaignview.Form,
) ([]catalog.Offer, map[int64]catalog.Offer, error) {
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
