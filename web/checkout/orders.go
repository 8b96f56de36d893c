package checkout

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"videomall/mall/cart"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/views/ui"
	"videomall/web/page"

	checkoutview "videomall/views/checkout"
)

const ordersPerPage = 20

// listOrders shows one's orders, those older than the one that before names. The cursor is an order's number and not
// its row's id, which would tell how much the mall sells.
func (d Deps) listOrders(c *page.Ctx) error {
	ctx, p := c.Request().Context(), checkoutview.OrdersPage{}
	var before int64
	if no := c.QueryParam("before"); no != "" {
		o, err := d.Orders.Get(ctx, c.Viewer.UserID, no)
		if err != nil {
			return err
		}
		before, p.First = o.ID, "/orders"
	}
	orders, err := d.Orders.List(ctx, c.Viewer.UserID, before, ordersPerPage+1)
	if err != nil {
		return err
	}
	if len(orders) > ordersPerPage {
		orders = orders[:ordersPerPage]
		p.Next = "/orders?before=" + url.QueryEscape(orders[ordersPerPage-1].OrderNo)
	}
	p.Orders = orders
	return c.Render(http.StatusOK, c.Text.T("orders.title"), checkoutview.Orders(p))
}

func (d Deps) showOrder(c *page.Ctx) error {
	p, err := d.orderPage(c)
	if err != nil {
		return err
	}
	d.allowPayment(c)
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("order.title"), checkoutview.Order(p))
}

func (d Deps) orderPage(c *page.Ctx) (checkoutview.OrderPage, error) {
	o, err := d.Orders.Get(c.Request().Context(), c.Viewer.UserID, c.Param("orderNo"))
	if err != nil {
		return checkoutview.OrderPage{}, err
	}
	return d.complete(c, o)
}

// complete reads what the page shows besides the order itself.
func (d Deps) complete(c *page.Ctx, o order.Order) (checkoutview.OrderPage, error) {
	ctx := c.Request().Context()
	p := checkoutview.OrderPage{
		Order:     o,
		Providers: d.Payments.Offered(c.Device(), o.Total),
		Now:       c.Now,
	}
	if len(p.Providers) == 0 {
		p.Payable = d.payable(c, o.Total.Currency)
	}
	var err error
	if p.Refunds, err = d.Orders.Refunds().OfOrder(ctx, o.OrderNo); err != nil {
		return p, err
	}
	if d.Documents != nil {
		if p.Documents, err = d.Documents(c, o, p.Refunds); err != nil {
			return p, err
		}
	}
	attempts, err := d.Payments.Attempts(ctx, o.OrderNo)
	if err != nil {
		return p, err
	}
	p.Attempted = len(attempts) > 0
	for _, a := range attempts {
		if a.Status == payment.AttemptSucceeded && p.PaidWith == "" && o.PaidAt != nil {
			p.PaidWith = a.Provider
		}
	}
	if p.Asked, err = d.Orders.Refunds().Asked(ctx, o.OrderNo); err != nil {
		return p, err
	}
	if p.Disputes, err = d.Payments.Disputes(ctx, o.OrderNo); err != nil {
		return p, err
	}
	if o.Status == order.Delivered { // a page that waits for its grant is replaced each second
		if p.Refundable, err = d.Orders.Refunds().Refundable(ctx, o); err != nil {
			return p, err
		}
		p.Refund.Key = rand.Text()
	}
	if p.Owned, err = d.Orders.OwnedByNow(ctx, o); err != nil || o.Status != order.Closed {
		return p, err
	}
	history, err := d.Orders.History(ctx, o.OrderNo)
	for _, m := range history {
		p.Cancelled = m.To == order.Closed && m.Cause == "cancelled"
		p.HadIt = m.To == order.Closed && m.Cause == "already_owned"
	}
	return p, err
}

// followOrder answers a waiting page, which asks once a second. When the order has moved since the version that the
// page shows, it answers with the whole part, otherwise with the time left.
func (d Deps) followOrder(c *page.Ctx) error {
	o, err := d.Orders.Get(c.Request().Context(), c.Viewer.UserID, c.Param("orderNo"))
	if err != nil {
		return err
	}
	if !c.IsHTMX() {
		return c.Redirect(orderURL(o.OrderNo))
	}
	unchanged := checkoutview.OrderPage{Order: o, Now: c.Now}
	if c.QueryParam("version") == strconv.Itoa(o.Version) &&
		c.QueryParam("expired") == strconv.FormatBool(unchanged.Expired()) {
		c.Response().Header().Set("HX-Reswap", "none")
		return c.Fragment(http.StatusOK, checkoutview.OrderUnchanged(unchanged))
	}
	p, err := d.complete(c, o)
	if err != nil {
		return err
	}
	return c.Fragment(http.StatusOK, checkoutview.OrderChanged(p))
}

func (d Deps) cancelOrder(c *page.Ctx) error {
	orderNo := c.Param("orderNo")
	_, err := d.Orders.Cancel(c.Request().Context(), c.Viewer.UserID, orderNo)
	switch {
	case err == nil:
		c.Flash(ui.Success, "order_cancelled")
	case errors.Is(err, order.ErrBeingPaid):
		c.Flash(ui.Info, "payment_processing")
	case errors.Is(err, order.ErrNotPayable): // it was paid or closed first; the page tells which
	default:
		return err
	}
	return c.Redirect(orderURL(orderNo))
}

// buyAgain puts the items of an order that are still on sale into the cart.
func (d Deps) buyAgain(c *page.Ctx) error {
	ctx := c.Request().Context()
	o, err := d.Orders.Get(ctx, c.Viewer.UserID, c.Param("orderNo"))
	if err != nil {
		return err
	}
	added := 0
	for _, i := range o.Items {
		quote, err := d.Orders.Quote(ctx, order.QuoteRequest{
			UserID: c.Viewer.UserID,
			Lines:  []order.Line{{SKUID: i.SKUID, Quantity: i.Quantity}},
		})
		if err != nil {
			return err
		}
		if quote.Lines[0].Problem != "" {
			continue
		}
		if d.holds(ctx, owner(c), i.SKUID) {
			added++
			continue
		}
		if err := d.Carts.Add(ctx, owner(c), i.SKUID, i.Quantity, quote.Lines[0].Offer.MaxPerOrder); err != nil {
			if errors.Is(err, cart.ErrFull) {
				c.Flash(ui.Warning, "cart_full")
				return c.Redirect("/cart")
			}
			return err
		}
		added++
	}
	if added == 0 {
		c.Flash(ui.Info, "not_sold_any_more")
		return c.Redirect(orderURL(o.OrderNo))
	}
	c.Flash(ui.Success, "bought_again")
	return c.Redirect("/cart")
}
