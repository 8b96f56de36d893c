package admin

import (
	"errors"
	"net/http"

	"videomall/mall/fault"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/web/formvalue"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

// whatIf shows what would happen if a notice came again, or came for the first time. It changes nothing.
func (d Deps) whatIf(c *page.Ctx) error {
	ctx, orderNo := c.Request().Context(), c.Param("orderNo")
	o, err := d.Orders.GetAny(ctx, orderNo)
	if err != nil {
		return err
	}
	p := adminview.WhatIfPage{
		Order:    o,
		NoticeID: formvalue.ID(c.Param("id")),
		First:    c.FormValue("first") == "1",
	}
	p.Found, err = d.Orders.WhatIf(ctx, o.OrderNo, p.NoticeID, p.First)
	switch {
	case err == nil:
	case errors.Is(err, payment.ErrUnknownNotice), errors.Is(err, order.ErrWhatIfBusy):
		return err
	default:
		c.Log().WarnContext(ctx, "what if a notice came", "order", o.OrderNo, "notice", p.NoticeID, "error", err)
		p.Refused = c.Explain(fault.From(err).Slug)
	}
	c.Page.Path, c.Page.NoIndex = adminview.TimelineURL(o.OrderNo), true // which answers a GET, other than this address
	return c.Render(http.StatusOK, c.Text.T("timeline.whatif"), adminview.WhatIf(p))
}
