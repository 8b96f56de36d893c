package offers

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/web/formvalue"
	"videomall/web/page"
	"videomall/web/payable"

	offersview "videomall/views/studio/offers"
)

func (k desk) bundleURL(id int64) string { return k.base + "/bundles/" + strconv.FormatInt(id, 10) }

func (k desk) beginBundle(c *page.Ctx) error {
	return k.renderBundle(c, http.StatusOK, offersview.BundlePage{Form: offersview.BundleForm{
		Kind: "sum",
		SKUs: make([]string, promotion.MinBundled),
	}})
}

// renderBundle shows the form of a new bundle, or of the one in p.
func (k desk) renderBundle(c *page.Ctx, status int, p offersview.BundlePage) error {
	ctx := c.Request().Context()
	var err error
	if p.Choices, err = k.Catalog.Sellable(ctx, k.creator(c), mostChoices); err != nil {
		return err
	}
	p.Frame = k.frame()
	title := c.Text.T("offer.bundle_new")
	if p.Bundle != nil {
		title = offersview.BundleName(c.Text, *p.Bundle)
	}
	return c.Render(status, title, offersview.BundleView(p))
}

// untaken is what a bundle costs in the currencies in which nobody could pay it; nothing while a part is not for sale.
func (k desk) untaken(ctx context.Context, b promotion.Bundle) ([]money.Money, error) {
	offers, err := k.Catalog.Offers(ctx, b.SKUIDs)
	if err != nil {
		return nil, err
	}
	parts := make([]money.Money, len(b.SKUIDs))
	for n, sku := range b.SKUIDs {
		o, sold := offers[sku]
		if !sold {
			return nil, nil
		}
		parts[n] = o.Amount
	}
	judge, err := payable.New(ctx, k.Exchange, k.Payments)
	if err != nil {
		return nil, err
	}
	return judge.Bundle(b, parts), nil
}

func (k desk) createBundle(c *page.Ctx) error {
	return k.saveBundle(c, nil,
		func(ctx context.Context, _ offersview.BundleForm, t promotion.BundleTerms) (promotion.Bundle, error) {
			return k.Promotions.CreateBundle(ctx, c.Viewer.UserID, t)
		})
}

func (k desk) editBundle(c *page.Ctx) error {
	bundle, err := k.Promotions.OwnBundle(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	return k.saveBundle(c, &bundle,
		func(ctx context.Context, f offersview.BundleForm, t promotion.BundleTerms) (promotion.Bundle, error) {
			return k.Promotions.EditBundle(ctx, c.Viewer.UserID, bundle.ID, f.Version, t)
		})
}

// saveBundle reads a form and stores it. A form that is refused comes back with what was typed and what is wrong with
// it.
func (k desk) saveBundle(c *page.Ctx, bundle *promotion.Bundle,
	keep func(context.Context, offersview.BundleForm, promotion.BundleTerms) (promotion.Bundle, error),
) error {
	values, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	f := readBundle(values)
	if formvalue.PressRow(&f.SKUs, values.Get("do"), promotion.MaxBundled, "") {
		return k.renderBundle(c, http.StatusOK, offersview.BundlePage{Bundle: bundle, Form: f})
	}
	terms, err := k.bundleTerms(c.Request().Context(), f)
	if err != nil {
		return err
	}
	kept, err := keep(c.Request().Context(), f, terms)
	if err != nil && bundle != nil {
		kept.ID = bundle.ID
	}
	return saving{
		url:     k.bundleURL(kept.ID),
		done:    "bundle_saved",
		moved:   promotion.ErrBundleMoved,
		invalid: promotion.ErrBundleInvalid,
		again: func(status int, wrong map[string]string) error {
			f.Errors = wrong
			return k.renderBundle(c, status, offersview.BundlePage{Bundle: bundle, Form: f})
		},
	}.answer(c, err)
}

func (k desk) showBundle(c *page.Ctx) error {
	bundle, err := k.Promotions.OwnBundle(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	f := offersview.BundleForm{
		Version:    bundle.Version,
		Name:       bundle.Name,
		Kind:       "sum",
		Price:      formvalue.FormatPrice(bundle.Price, bundle.Currency),
		PercentOff: formvalue.FormatNumber(bundle.PercentOff),
	}
	if bundle.PercentOff > 0 {
		f.Kind = "percent"
	}
	for _, sku := range bundle.SKUIDs {
		f.SKUs = append(f.SKUs, strconv.FormatInt(sku, 10))
	}
	p := offersview.BundlePage{Bundle: &bundle, Form: f}
	if p.Untaken, err = k.untaken(c.Request().Context(), bundle); err != nil {
		return err
	}
	return k.renderBundle(c, http.StatusOK, p)
}

func (k desk) endBundle(c *page.Ctx) error {
	n := formvalue.ID(c.Param("id"))
	err := k.Promotions.EndBundle(c.Request().Context(), c.Viewer.UserID, n, formvalue.Version(c.FormValue("version")))
	return moved(c, err, promotion.ErrBundleMoved, "bundle_ended", k.bundleURL(n))
}

func readBundle(v url.Values) offersview.BundleForm {
	skus := v["sku"]
	return offersview.BundleForm{
		Version:    formvalue.Version(v.Get("version")),
		Name:       formvalue.Text(v.Get, "name"),
		Kind:       v.Get("kind"),
		Price:      v.Get("price"),
		PercentOff: v.Get("percent_off"),
		SKUs:       skus[:min(len(skus), promotion.MaxBundled+1)],
	}
}

// bundleTerms converts the form to the terms of a bundle, with a price in the currency of what is chosen. What can't be
// read becomes a value that the rules of bundles refuse.
func (k desk) bundleTerms(ctx context.Context, f offersview.BundleForm) (promotion.BundleTerms, error) {
	t := promotion.BundleTerms{Name: f.Name}
	for _, sku := range f.SKUs {
		t.SKUIDs = append(t.SKUIDs, formvalue.Number(sku))
	}
	if f.Kind == "percent" {
		t.PercentOff = int(cmp.Or(formvalue.Number(f.PercentOff), -1))
		return t, nil
	}
	offers, err := k.Catalog.Offers(ctx, t.SKUIDs)
	if err != nil {
		return t, err
	}
	var currency string // a bundle has one, or is refused
	for _, o := range offers {
		currency = o.Amount.Currency
	}
	t.Price = cmp.Or(formvalue.Price(f.Price, currency), -1)
	return t, nil
}
