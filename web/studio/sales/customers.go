package sales

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"videomall/mall/order"
	"videomall/web/formvalue"
	"videomall/web/page"

	salesview "videomall/views/studio/sales"
)

func (d Deps) listCustomers(c *page.Ctx) error {
	ctx := c.Request().Context()
	last := lastSeen(c.QueryParam("last"), formvalue.ID(c.QueryParam("before")))
	list, err := d.Orders.Customers(ctx, c.Viewer.UserID, last, rows+1)
	if err != nil {
		return err
	}
	p := salesview.CustomersPage{Customers: list}
	if len(list) > rows {
		p.Customers = list[:rows]
		end := p.Customers[rows-1]
		p.Next = fmt.Sprintf("/studio/customers?last=%d&before=%d", end.LastAt.UnixMicro(), end.UserID)
	}
	if last != nil {
		p.First = "/studio/customers"
	}
	ids := make([]int64, len(p.Customers))
	for n, k := range p.Customers {
		ids[n] = k.UserID
	}
	if p.Names, err = d.names(ctx, ids); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("sales.customers"), salesview.Customers(p))
}

// lastSeen reads where the page before ended; what can't be read is the first page.
func lastSeen(micros string, userID int64) *order.Customer {
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || userID == 0 {
		return nil
	}
	return &order.Customer{LastAt: time.UnixMicro(n), UserID: userID}
}

// showCustomer is what one person bought. Somebody who bought nothing of this creator does not exist for them.
func (d Deps) showCustomer(c *page.Ctx) error {
	ctx, userID := c.Request().Context(), formvalue.ID(c.Param("user"))
	totals, err := d.Orders.Customer(ctx, c.Viewer.UserID, userID)
	if err != nil {
		return err
	}
	if len(totals) == 0 {
		return order.ErrNotFound.Because("user %d is no customer of %d", userID, c.Viewer.UserID)
	}
	before := formvalue.ID(c.QueryParam("before"))
	p := salesview.CustomerPage{Totals: totals}
	if p.Sales, err = d.Orders.Sales(ctx, c.Viewer.UserID, userID, before, rows+1); err != nil {
		return err
	}
	if len(p.Sales) > rows {
		p.Sales = p.Sales[:rows]
		p.Next = fmt.Sprintf("/studio/customers/%d?before=%d", userID, p.Sales[rows-1].ItemID)
	}
	if before > 0 {
		p.First = fmt.Sprintf("/studio/customers/%d", userID)
	}
	names, err := d.names(ctx, []int64{userID})
	if err != nil {
		return err
	}
	p.Name = names[userID]
	return c.Render(http.StatusOK, c.Text.T("sales.customers"), salesview.Customer(p))
}
