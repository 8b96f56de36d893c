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
	"videomall/mall/order"
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
	return d.renderSale(c, http.StatusOK, o, "", "")
}

// renderSale shows an order's items of this creator; reason and wrong are what was typed into the form of the refund,
// and why it was refused.
func (d Deps) renderSale(c *page.Ctx, status int, o order.Order, reason, wrong string) error {
	ctx := c.Request().Context()
	p := salesview.OrderPage{
		Order:  o,
		Reason: reason,
		Wrong:  wrong,
		Key:    rand.Text(),
		Until:  o.PaidAt.Add(order.RefundWindow),
		Now:    c.Now,
	}
	names, err := d.names(ctx, []int64{o.UserID})
	if err != nil {
		return err
	}
	p.Buyer = names[o.UserID]
	return c.Render(status, c.Text.T("order.title")+" "+o.OrderNo, salesview.Order(p))
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
	for _, s := range form["item"] {
		r.ItemIDs = append(r.ItemIDs, formvalue.ID(s))
	}
	switch {
	case r.Reason == "" || utf8.RuneCountInString(r.Reason) > salesview.MaxReason || !db.Storable(r.Reason):
		return d.renderSale(c, http.StatusUnprocessableEntity, o, r.Reason, c.Text.T("sales.reason_missing"))
	case len(r.ItemIDs) == 0:
		return d.renderSale(c, http.StatusUnprocessableEntity, o, r.Reason, c.Text.T("sales.nothing_chosen"))
	}
	_, err = d.Orders.Refunds().RequestSale(ctx, c.Viewer.UserID, r)
	switch {
	case err == nil:
		c.Flash(ui.Success, "refund_started")
	case errors.Is(err, order.ErrNothingLeft), errors.Is(err, order.ErrNotRefundable):
		c.Flash(ui.Info, "nothing_to_refund") // somebody was faster, or it is on its way
	case errors.Is(err, order.ErrRefundWindow):
		return d.renderSale(c, http.StatusConflict, o, r.Reason, c.Text.T("sales.window_over"))
	case errors.Is(err, order.ErrRefundUncovered):
		return d.renderSale(c, http.StatusConflict, o, r.Reason, c.Text.T("sales.uncovered"))
	default:
		return err
	}
	return c.Redirect("/studio/orders/" + o.OrderNo)
}
