package sales

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	salesview "videomall/views/studio/sales"
)

func (d Deps) listSales(c *page.Ctx) error {
	ctx, before := c.Request().Context(), formvalue.ID(c.QueryParam("before"))
	sales, err := d.Orders.Sales(ctx, c.Viewer.UserID, 0, before, rows+1)
	if err != nil {
		return err
	}
	p := salesview.OrdersPage{Sales: sales}
	if len(sales) > rows {
		p.Sales = sales[:rows]
		p.Next = "/studio/orders?before=" + strconv.FormatInt(p.Sales[rows-1].ItemID, 10)
	}
	if before > 0 {
		p.First = "/studio/orders"
	}
	if p.Names, err = d.names(ctx, buyers(p.Sales)); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("sales.orders"), salesview.Orders(p))
}

func buyers(sales []order.Sale) []int64 {
	ids := make([]int64, len(sales))
	for n, s := range sales {
		ids[n] = s.BuyerID
	}
	return ids
}

func (d Deps) showSale(c *page.Ctx) error {
	o, err := d.Orders.SaleOf(c.Request().Context(), c.Viewer.UserID, c.Param("orderNo"))
	if err != nil {
		return err
	}
	return d.renderSale(c, http.StatusOK, o, salesview.Draft{}, "")
}

// toSale answers a GET of the address that takes a refund. After a form with errors the browser's address bar shows it,
// and reloading it has to show the order.
func (d Deps) toSale(c *page.Ctx) error {
	o, err := d.Orders.SaleOf(c.Request().Context(), c.Viewer.UserID, c.Param("orderNo"))
	if err != nil {
		return err
	}
	return c.Redirect("/studio/orders/" + o.OrderNo)
}

// renderSale shows an order's items of this creator; draft and wrong are what was typed into the form of the refund, and
// why it was refused.
func (d Deps) renderSale(c *page.Ctx, status int, o order.Order, draft salesview.Draft, wrong string) error {
	ctx := c.Request().Context()
	p := salesview.OrderPage{
		Order: o,
		Draft: draft,
		Wrong: wrong,
		Key:   rand.Text(),
		Until: o.PaidAt.Add(order.RefundWindow),
		Now:   c.Now,
	}
	names, err := d.names(ctx, []int64{o.UserID})
	if err != nil {
		return err
	}
	p.Buyer = names[o.UserID]
	refunds, err := d.Orders.Refunds().OfOrder(ctx, o.OrderNo)
	if err != nil {
		return err
	}
	p.Pending = pending(refunds)
	return c.Render(status, c.Text.T("order.title")+" "+o.OrderNo, salesview.Order(p))
}

// pending sums what is on its way back of each item, without tax.
func pending(refunds []order.Refund) map[int64]int64 {
	sums := map[int64]int64{}
	for _, r := range refunds {
		if r.Status == payment.Pending {
			for _, i := range r.Items {
				sums[i.ItemID] += i.Untaxed().Amount
			}
		}
	}
	return sums
}

// refund refunds the chosen items; the same key is the same refund, however often it is sent.
func (d Deps) refund(c *page.Ctx) error {
	ctx, orderNo := c.Request().Context(), c.Param("orderNo")
	form, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	o, err := d.Orders.SaleOf(ctx, c.Viewer.UserID, orderNo)
	if err != nil {
		return err
	}
	r := order.RefundRequest{
		OrderNo: o.OrderNo,
		Reason:  strings.TrimSpace(form.Get("reason")),
		Key:     form.Get("key"),
		Actor:   fmt.Sprintf("creator:%d", c.Viewer.UserID),
	}
	draft := salesview.Draft{
		How:    form.Get("how"),
		Amount: strings.TrimSpace(form.Get("amount")),
		Reason: r.Reason,
	}
	for _, s := range form["item"] {
		r.ItemIDs = append(r.ItemIDs, formvalue.ID(s))
	}
	draft.Items = r.ItemIDs
	refuse := func(status int, key string) error { return d.renderSale(c, status, o, draft, c.Text.T(key)) }
	switch {
	case r.Reason == "" || utf8.RuneCountInString(r.Reason) > salesview.MaxReason || !db.Storable(r.Reason):
		return refuse(http.StatusUnprocessableEntity, "sales.reason_missing")
	case len(r.ItemIDs) == 0:
		return refuse(http.StatusUnprocessableEntity, "sales.nothing_chosen")
	}
	if r.Amount, draft.AmountError = readAmount(c, draft, o.Total.Currency); draft.AmountError != "" {
		return d.renderSale(c, http.StatusUnprocessableEntity, o, draft, "")
	}
	_, err = d.Orders.Refunds().RequestSale(ctx, c.Viewer.UserID, r)
	switch {
	case err == nil:
		c.Flash(ui.Success, "refund_started")
	case errors.Is(err, order.ErrNothingLeft), errors.Is(err, order.ErrNotRefundable):
		c.Flash(ui.Info, "nothing_to_refund") // somebody was faster, or it is on its way
	case errors.Is(err, order.ErrRefundWindow):
		return refuse(http.StatusConflict, "sales.window_over")
	case errors.Is(err, order.ErrRefundUncovered):
		return refuse(http.StatusConflict, "sales.uncovered")
	case errors.Is(err, order.ErrRefundAmount), errors.Is(err, order.ErrRefundRounds):
		draft.AmountError = c.Explain(fault.From(err).Slug)
		return d.renderSale(c, http.StatusUnprocessableEntity, o, draft, "")
	default:
		return err
	}
	return c.Redirect("/studio/orders/" + o.OrderNo)
}

// readAmount reads how much is to go back: the zero Money for all that is left. wrong says what is wrong with it. An
// amount beside the choice of all is refused, since a click would refund more than was typed.
func readAmount(c *page.Ctx, draft salesview.Draft, currency string) (amount money.Money, wrong string) {
	minor := money.ParseDecimal(draft.Amount, currency, 10)
	switch {
	case draft.How == salesview.HowAmount && minor > 0:
		return money.Of(minor, currency), ""
	case draft.How != salesview.HowAmount && draft.Amount != "":
		return money.Money{}, c.Text.T("sales.amount_unasked")
	case draft.How == "" || draft.How == salesview.HowWhole:
		return money.Money{}, ""
	}
	return money.Money{}, c.Explain(order.ErrRefundAmount.Slug)
}
