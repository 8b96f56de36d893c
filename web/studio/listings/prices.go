package listings

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	listingview "videomall/views/studio/listings"
)

func (d Deps) prices(c *page.Ctx) error {
	return d.renderPrices(c, http.StatusOK, listingview.PriceForm{})
}

func (d Deps) renderPrices(c *page.Ctx, status int, f listingview.PriceForm) error {
	ctx := c.Request().Context()
	e, err := d.editing(c)
	if err != nil {
		return err
	}
	p := listingview.PricesPage{
		Editing: e,
		Form:    f,
		Now:     c.Now,
		Viewer:  c.Viewer.UserID,
	}
	if p.SKUs, err = d.Listings.Prices(ctx, c.Viewer.UserID, e.SPUID); err != nil {
		return err
	}
	var limited []int64
	for _, k := range p.SKUs {
		if k.StockLimited && !k.Retired {
			limited = append(limited, k.ID)
		}
	}
	if p.Counts, err = d.Inventory.CountsOf(ctx, limited...); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("listing.prices"), listingview.Prices(p))
}

// own finds a SKU of the listing in the address; another listing's is none.
func (d Deps) own(c *page.Ctx, sku int64) (listing.Priced, error) {
	list, err := d.Listings.Prices(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
	for _, k := range list {
		if k.ID == sku {
			return k, nil
		}
	}
	if err == nil {
		err = catalog.ErrSKUNotFound.Because("SKU %d of listing %s", sku, c.Param("id"))
	}
	return listing.Priced{}, err
}

func (d Deps) schedule(c *page.Ctx) error {
	f := listingview.PriceForm{
		SKU:    formvalue.ID(c.FormValue("sku")),
		Amount: strings.TrimSpace(c.FormValue("amount")),
		List:   strings.TrimSpace(c.FormValue("list")),
		From:   c.FormValue("from"),
		Until:  c.FormValue("until"),
		Errors: map[string]string{},
	}
	k, err := d.own(c, f.SKU)
	if err != nil {
		return err
	}
	p, wrong := newPrice(f, k, c.Text.Zone())
	if len(wrong) == 0 {
		err = d.Listings.SchedulePrice(c.Request().Context(), c.Viewer.UserID, f.SKU, p)
		switch {
		case err == nil:
			c.Flash(ui.Success, "price_scheduled")
			return c.Redirect(listingview.URL(formvalue.ID(c.Param("id"))) + "/prices")
		case errors.Is(err, catalog.ErrPriceOverlaps):
			wrong = map[string]string{"from": "price_overlaps"}
		case errors.Is(err, catalog.ErrPriceInvalid):
			wrong = map[string]string{}
			for field, slug := range fault.From(err).Fields {
				if field == "listAmount" {
					field = "list"
				}
				wrong[field] = slug
			}
		default:
			return err
		}
	}
	f.Errors = wrong
	return d.renderPrices(c, http.StatusUnprocessableEntity, f)
}

// typedMoment is how a browser sends a moment of a datetime-local field.
const typedMoment = "2006-01-02T15:04"

// newPrice reads what was typed, with moments in the reader's zone; no beginning means now.
func newPrice(f listingview.PriceForm, k listing.Priced, zone *time.Location) (catalog.NewPrice, map[string]string) {
	wrong := map[string]string{}
	amount, list := price(f.Amount), price(f.List)
	switch {
	case amount == nil:
		wrong["amount"] = "price_missing"
	case *amount < 0:
		wrong["amount"] = "price_invalid"
	}
	if list != nil && *list < 0 {
		wrong["list"] = "price_invalid"
	}
	moment := func(field, s string) (at time.Time) {
		if s == "" {
			return at
		}
		at, err := time.ParseInLocation(typedMoment, s, zone)
		if err != nil {
			wrong[field] = "time_invalid"
		}
		return at
	}
	p := catalog.NewPrice{
		ListAmount: list,
		Currency:   listing.Currency,
		From:       moment("from", f.From),
	}
	if until := moment("until", f.Until); !until.IsZero() {
		p.Until = &until
	}
	if amount != nil {
		p.Amount = *amount
	}
	if len(k.Versions) > 0 {
		p.Currency = k.Versions[0].Amount.Currency
	}
	return p, wrong
}

func (d Deps) cancelPrice(c *page.Ctx) error {
	err := d.Listings.CancelPrice(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("price")))
	switch {
	case err == nil:
		c.Flash(ui.Success, "price_cancelled")
	case errors.Is(err, listing.ErrPriceBegun):
		c.Flash(ui.Warning, "price_begun")
	default:
		return err
	}
	return c.Redirect(listingview.URL(formvalue.ID(c.Param("id"))) + "/prices")
}

// setStock gives a limited SKU a new total, at once: stock is no part of what is reviewed.
func (d Deps) setStock(c *page.Ctx) error {
	ctx := c.Request().Context()
	f := listingview.PriceForm{SKU: formvalue.ID(c.FormValue("sku")), Units: c.FormValue("units")}
	if _, err := d.own(c, f.SKU); err != nil {
		return err
	}
	if err := d.Listings.LimitedSKU(ctx, c.Viewer.UserID, f.SKU); err != nil {
		return err
	}
	units, err := strconv.ParseInt(strings.TrimSpace(f.Units), 10, 64)
	if err != nil || units < 0 || units > listing.MaxUnits {
		f.Errors = map[string]string{"units": "units_out_of_range"}
		return d.renderPrices(c, http.StatusUnprocessableEntity, f)
	}
	if _, err := d.Inventory.SetStock(ctx, f.SKU, units); errors.Is(err, inventory.ErrStockTooSmall) {
		f.Errors = map[string]string{"units": "stock_too_small"}
		return d.renderPrices(c, http.StatusUnprocessableEntity, f)
	} else if err != nil {
		return err
	}
	c.Flash(ui.Success, "stock_set")
	return c.Redirect(listingview.URL(formvalue.ID(c.Param("id"))) + "/prices")
}
