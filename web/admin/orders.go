package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/web/formvalue"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

const (
	ordersPerPage = 30
	// noticesListed bounds the notices of an order: a provider may send thousands.
	noticesListed = 100
)

var searchable = []order.Status{order.PendingPay, order.Paid, order.Delivered, order.Closed, order.Refunded}

// listOrders filters by state and by the query: an email address when it contains "@", otherwise an order number.
func (d Deps) listOrders(c *page.Ctx) error {
	if spuID := formvalue.ID(c.QueryParam("product")); spuID > 0 {
		return d.listOrdersOf(c, spuID)
	}
	ctx := c.Request().Context()
	c.Page.OwnSearch = true
	p := adminview.OrdersPage{Query: strings.TrimSpace(c.QueryParam("q"))}
	f := order.Filter{Limit: ordersPerPage + 1}
	if s := order.Status(c.QueryParam("status")); slices.Contains(searchable, s) {
		f.Status, p.Status = s, string(s)
	}
	f.Before = formvalue.ID(c.QueryParam("before"))
	found := true
	if strings.Contains(p.Query, "@") {
		u, err := d.Accounts.ByEmail(ctx, p.Query)
		if err != nil && !errors.Is(err, account.ErrNoUser) {
			return err
		}
		f.UserID, found = u.ID, err == nil
	} else {
		f.OrderNo = strings.ToUpper(p.Query)
	}
	if found {
		orders, err := d.Orders.Search(ctx, f)
		if err != nil {
			return err
		}
		p.Orders = orders
	}
	if len(p.Orders) > ordersPerPage {
		p.Orders = p.Orders[:ordersPerPage]
		p.Next = searchURL(p, p.Orders[ordersPerPage-1].ID)
	}
	if f.Before > 0 {
		p.First = searchURL(p, 0)
	}
	return d.renderOrders(c, p)
}

func (d Deps) renderOrders(c *page.Ctx, p adminview.OrdersPage) (err error) {
	if p.Buyers, err = d.buyers(c.Request().Context(), p.Orders); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("admin.orders"), adminview.Orders(p))
}

// listOrdersOf lists the orders of one product.
func (d Deps) listOrdersOf(c *page.Ctx, spuID int64) error {
	ctx := c.Request().Context()
	product, err := d.Catalog.FindByID(ctx, spuID)
	if err != nil {
		return err
	}
	p := adminview.OrdersPage{Product: &product}
	before := strings.ToUpper(c.QueryParam("beforeNo"))
	if p.Orders, err = d.Orders.OfVideo(ctx, spuID, before, ordersPerPage+1); err != nil {
		return err
	}
	at := "/admin/orders?product=" + strconv.FormatInt(spuID, 10)
	if before != "" {
		p.First = at
	}
	if len(p.Orders) > ordersPerPage {
		p.Orders = p.Orders[:ordersPerPage]
		p.Next = at + "&beforeNo=" + p.Orders[ordersPerPage-1].OrderNo
	}
	return d.renderOrders(c, p)
}

func searchURL(p adminview.OrdersPage, before int64) string {
	q := url.Values{}
	if p.Query != "" {
		q.Set("q", p.Query)
	}
	if p.Status != "" {
		q.Set("status", p.Status)
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	return "/admin/orders?" + q.Encode()
}

func (d Deps) showOrder(c *page.Ctx) error {
	return d.renderOrder(c, http.StatusOK, c.Param("orderNo"), adminview.Drafts{})
}

// renderOrder shows an order, with what was typed and can't be done.
func (d Deps) renderOrder(c *page.Ctx, status int, orderNo string, drafts adminview.Drafts) error {
	ctx := c.Request().Context()
	o, err := d.Orders.GetAny(ctx, orderNo)
	if err != nil {
		return err
	}
	p := adminview.OrderPage{
		Order:  o,
		Now:    c.Now,
		Own:    o.UserID == c.Viewer.UserID,
		AtBank: map[string]payment.Refund{},
		Drafts: drafts,
	}
	if p.People, err = d.Accounts.Users(ctx, partiesOf(o)...); err != nil {
		return err
	}
	if p.History, err = d.Orders.History(ctx, o.OrderNo); err != nil {
		return err
	}
	if p.Refunds, err = d.Orders.Refunds().OfOrder(ctx, o.OrderNo); err != nil {
		return err
	}
	if p.Asked, err = d.Orders.Refunds().Asked(ctx, o.OrderNo); err != nil {
		return err
	}
	if p.Disputes, err = d.Payments.Disputes(ctx, o.OrderNo); err != nil {
		return err
	}
	if p.Cases, err = d.Orders.CasesOf(ctx, o.OrderNo); err != nil {
		return err
	}
	if p.Attempts, err = d.Payments.Attempts(ctx, o.OrderNo); err != nil {
		return err
	}
	if p.Captures, err = d.Payments.Captures(ctx, o.OrderNo); err != nil {
		return err
	}
	if p.Notices, err = d.Payments.Notices(ctx, o.OrderNo, noticesListed); err != nil {
		return err
	}
	atBank, err := d.Payments.Refunds(ctx, o.OrderNo)
	if err != nil {
		return err
	}
	for _, r := range atBank {
		p.AtBank[r.RefundNo] = r
	}
	cases := make([]string, len(p.Cases))
	for i, k := range p.Cases {
		cases[i] = strconv.FormatInt(k.ID, 10)
	}
	if p.Records, err = d.Audit.About(ctx, auditSubjects(o.OrderNo, cases), partListed); err != nil {
		return err
	}
	if d.Documents != nil {
		if p.Documents, err = d.Documents(ctx, o.OrderNo); err != nil {
			return err
		}
	}
	p.Left = leftOf(c.Text, o, p.Refunds, nil)
	return c.Render(status, c.Text.T("order.title")+" "+o.OrderNo, adminview.Order(p))
}

// auditSubjects are what the audit log calls an order and its cases, which are given by their numbers.
func auditSubjects(orderNo string, cases []string) []string {
	subjects := []string{"order:" + orderNo}
	for _, number := range cases {
		subjects = append(subjects, "order_case:"+number)
	}
	return subjects
}
