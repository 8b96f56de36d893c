package invoices

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"videomall/mall/fault"
	"videomall/mall/invoice"
	invoicesview "videomall/views/admin/invoices"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

const desk = "/admin/invoices/fapiao"

func (d Deps) showFapiaos(c *page.Ctx) error {
	return d.renderFapiaos(c, http.StatusOK, invoicesview.FapiaoPage{})
}

func (d Deps) renderFapiaos(c *page.Ctx, status int, p invoicesview.FapiaoPage) (err error) {
	ctx := c.Request().Context()
	p.Now = c.Now
	if s := c.QueryParam("status"); slices.Contains(invoice.FapiaoStates, s) {
		p.Status = s
	}
	after := formvalue.ID(c.QueryParam("after"))
	if p.Requests, err = d.Invoices.Fapiaos(ctx, p.Status, max(after, 0), listed+1); err != nil {
		return err
	}
	if after > 0 {
		p.First = desk + "?status=" + p.Status
	}
	if len(p.Requests) > listed {
		p.Requests = p.Requests[:listed]
		p.Next = desk + "?status=" + p.Status + "&after=" + strconv.FormatInt(p.Requests[listed-1].ID, 10)
	}
	var orders []string
	var people []int64
	for _, f := range p.Requests {
		orders = append(orders, f.OrderNo)
		people = append(people, f.DecidedBy)
	}
	if p.Orders, err = d.Orders.Numbered(ctx, orders); err != nil {
		return err
	}
	if p.People, err = d.Accounts.Users(ctx, people...); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("fapiao.desk"), invoicesview.Fapiaos(p))
}

func (d Deps) issueFapiao(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	return d.decided(c, id, d.Invoices.IssuedFapiao(c.Request().Context(), c.Viewer.UserID, id,
		c.FormValue("fapiao_no")))
}

func (d Deps) declineFapiao(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	return d.decided(c, id, d.Invoices.DeclineFapiao(c.Request().Context(), c.Viewer.UserID, id, c.FormValue("answer")))
}

func (d Deps) reverseFapiao(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	return d.decided(c, id, d.Invoices.ReversedFapiao(c.Request().Context(), c.Viewer.UserID, id,
		c.FormValue("reversal_no"), c.FormValue("fapiao_no")))
}

// decided answers after a decision. A form that was refused comes back with what was typed.
func (d Deps) decided(c *page.Ctx, id int64, err error) error {
	switch {
	case err == nil:
		c.Flash(ui.Success, "fapiao_recorded")
	case errors.Is(err, invoice.ErrFapiaoGone):
		c.Flash(ui.Info, "fapiao_moved")
	case errors.Is(err, invoice.ErrFapiaoNo), errors.Is(err, invoice.ErrFapiaoSay):
		return d.renderFapiaos(c, http.StatusUnprocessableEntity, invoicesview.FapiaoPage{
			Refused: id,
			Typed: map[string]string{
				"fapiao_no":   c.FormValue("fapiao_no"),
				"reversal_no": c.FormValue("reversal_no"),
				"answer":      c.FormValue("answer"),
			},
			Errors: fault.From(err).Fields,
		})
	default:
		return err
	}
	return c.Redirect(desk)
}
