package checkout

import (
	"errors"
	"net/http"
	"strconv"

	"videomall/mall/fault"
	"videomall/mall/order"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	checkoutview "videomall/views/checkout"
)

// askRefund asks for a refund of the chosen items. What is within the policy of the order is refunded at once; the rest
// waits for the staff. The same key is the same request.
func (d Deps) askRefund(c *page.Ctx) error {
	form, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	ask := order.Ask{
		UserID:  c.Viewer.UserID,
		OrderNo: c.Param("orderNo"),
		Reason:  form.Get("reason"),
		Key:     form.Get("key"),
	}
	for _, s := range form["item"] {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return page.ErrBadRequest(err)
		}
		ask.ItemIDs = append(ask.ItemIDs, id)
	}
	if _, err := d.Orders.Get(c.Request().Context(), ask.UserID, ask.OrderNo); err != nil {
		return err
	}
	if len(ask.ItemIDs) == 0 {
		return order.ErrUnknownItem.Because("a request that names no items")
	}
	asked, err := d.Orders.Refunds().Ask(c.Request().Context(), ask)
	switch {
	case err == nil && asked.Status == order.AskApproved:
		c.Flash(ui.Success, "refund_granted")
	case err == nil:
		c.Flash(ui.Success, "refund_asked")
	case errors.Is(err, order.ErrAskReason):
		return d.askRefundAgain(c, ask, err)
	case errors.Is(err, order.ErrAskOpen):
		c.Flash(ui.Info, "refund_ask_open")
	case errors.Is(err, order.ErrNothingLeft), errors.Is(err, order.ErrNotRefundable):
		c.Flash(ui.Info, "nothing_to_refund")
	default:
		return err
	}
	return c.Redirect(orderURL(ask.OrderNo) + "#refund")
}

// askRefundAgain shows the form with what was typed and what is wrong with it.
func (d Deps) askRefundAgain(c *page.Ctx, ask order.Ask, wrong error) error {
	p, err := d.orderPage(c)
	if err != nil {
		return err
	}
	p.Refund = checkoutview.RefundForm{
		Key:    ask.Key,
		Items:  ask.ItemIDs,
		Reason: ask.Reason,
		Error:  c.Explain(fault.From(wrong).Slug),
	}
	c.Page.NoIndex = true
	c.Page.Path = orderURL(ask.OrderNo) // a switch of language comes back to the order
	return c.Render(http.StatusUnprocessableEntity, c.Text.T("order.title"), checkoutview.Order(p))
}

func (d Deps) withdrawRefund(c *page.Ctx) error {
	orderNo := c.Param("orderNo")
	err := d.Orders.Refunds().Withdraw(c.Request().Context(), c.Viewer.UserID, orderNo, formvalue.ID(c.Param("id")))
	switch {
	case err == nil:
		c.Flash(ui.Success, "refund_withdrawn")
	case errors.Is(err, order.ErrAskDecided):
		c.Flash(ui.Info, "refund_ask_decided")
	default:
		return err
	}
	return c.Redirect(orderURL(orderNo) + "#refund")
}
