package sale

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"videomall/mall/fault"
	"videomall/mall/order"
	"videomall/mall/promotion"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// buying is the button and the waiting room before it.
type buying struct {
	Deps
	gate *gate
}

// buy orders one unit of a lot at the sale's price, once a rendered page and lot: a double click, a resubmission and
// the back button all end at the same order. While people wait for this sale, whoever has no ticket goes there first;
// so does everybody when the mall can't take more orders. What keeps it from being ordered is said on the page, beside
// how the sale stands now.
func (d *buying) buy(c *page.Ctx) error {
	ctx := c.Request().Context()
	form, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	skuID, err := strconv.ParseInt(form.Get("sku"), 10, 64)
	if err != nil {
		return page.ErrBadRequest(err)
	}
	campaign, err := d.Promotions.Public(ctx, formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	_, ok := campaign.Item(skuID)
	if !ok {
		return promotion.ErrSKUNotFound.Because("sku %d is not in campaign %d", skuID, campaign.ID)
	}
	if d.gate.mustWait(c, campaign.ID) {
		return d.gate.join(c, campaign.ID)
	}
	// The price of a campaign never changes once it is announced, so this is the one that the page showed. The order's
	// page shows what tax and a new exchange rate make of it before anything is paid.
	placed, _, err := d.Place(ctx, order.PlaceRequest{
		UserID:         c.Viewer.UserID,
		IdempotencyKey: form.Get("key"),
		CampaignID:     campaign.ID,
		Items:          []order.Line{{SKUID: skuID, Quantity: 1}},
		Currency:       form.Get("currency"),
	})
	switch {
	case err == nil:
		d.gate.leave(c, campaign.ID)
		return c.Redirect("/orders/" + placed.OrderNo)
	case errors.Is(err, order.ErrBusy):
		return d.gate.join(c, campaign.ID)
	case errors.Is(err, order.ErrKeyReused): // the same page's form with something else in it
		c.Flash(ui.Info, "checkout_used")
		return c.Redirect("/orders")
	}
	f := fault.From(err)
	if !mendable(f) {
		return err
	}
	p, failed := d.salePage(c)
	if failed != nil {
		return failed
	}
	_, p.Refused = page.Words(c.Text, f, http.StatusConflict)
	// The keys stay, so that this page and the one before it can make one order a lot only.
	p.Key = strings.TrimSuffix(form.Get("key"), "-"+strconv.FormatInt(skuID, 10))
	c.Page.NoIndex = true
	return d.renderSale(c, http.StatusConflict, p)
}
