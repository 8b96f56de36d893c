package admin

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

var errReason = fault.New(fault.Invalid, "reason_missing", "Say why, in 1 to 200 characters.")

// leftOf returns the items that can still be refunded, of the chosen ones or of all when none is chosen. It leaves out
// what was refunded or is being refunded. Free items count as long as they can be watched.
func leftOf(t *text.Printer, o order.Order, refunds []order.Refund,
	chosen []int64,
) (left []adminview.Refundable) {
	pending := map[int64]int64{}
	for _, r := range refunds {
		if r.Status != "pending" {
			continue
		}
		for _, i := range r.Items {
			pending[i.ItemID] += i.Amount.Amount
		}
	}
	for _, i := range o.Items {
		rest := money.Of(i.Net().Amount-i.Refunded.Amount-pending[i.ID], i.Amount.Currency)
		if rest.Amount <= 0 && (!i.Net().IsZero() || i.RevokedAt != nil) ||
			len(chosen) > 0 && !slices.Contains(chosen, i.ID) {
			continue
		}
		left = append(left, adminview.Refundable{Item: i, Left: t.Money(rest)})
	}
	return left
}

// readRefund reads the chosen items and the reason.
func readRefund(c *page.Ctx) (items []int64, reason string, err error) {
	form, err := c.FormParams()
	if err != nil {
		return nil, "", page.ErrBadRequest(err)
	}
	for _, s := range form["item"] {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, "", page.ErrBadRequest(err)
		}
		items = append(items, id)
	}
	reason, err = readReason(form.Get("reason"))
	return items, reason, err
}

func readReason(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || utf8.RuneCountInString(s) > adminview.MaxReason || !db.Storable(s) {
		return "", errReason
	}
	return s, nil
}

// refuseRefund shows the order again, with the refund as it was typed and the error beside its field.
func (d Deps) refuseRefund(c *page.Ctx, items []int64, err error) error {
	draft := adminview.RefundDraft{
		Items:  items,
		How:    c.QueryParam("how"),
		Amount: c.QueryParam("amount"),
		Reason: c.QueryParam("reason"),
	}
	says := c.Explain(fault.From(err).Slug)
	if errors.Is(err, errReason) {
		draft.ReasonError = says
	} else {
		draft.AmountError = says
	}
	return d.renderOrder(c, http.StatusUnprocessableEntity, c.Param("orderNo"), adminview.Drafts{Refund: draft})
}

// reviewRefund shows the exact sum. It changes nothing.
func (d Deps) reviewRefund(c *page.Ctx) error {
	ctx := c.Request().Context()
	items, reason, err := readRefund(c)
	if errors.Is(err, errReason) {
		return d.refuseRefund(c, items, err)
	}
	if err != nil {
		return err
	}
	o, err := d.Orders.GetAny(ctx, c.Param("orderNo"))
	if err != nil {
		return err
	}
	refunds, err := d.Orders.Refunds().OfOrder(ctx, o.OrderNo)
	if err != nil {
		return err
	}
	left := leftOf(c.Text, o, refunds, items)
	ask := order.RefundRequest{OrderNo: o.OrderNo, ItemIDs: items}
	how, typed := c.QueryParam("how"), c.QueryParam("amount")
	if ask.Amount, ask.Unwatched, err = readPart(how, typed, o.Total.Currency); err != nil {
		return d.refuseRefund(c, items, err)
	}
	preview, err := d.Orders.Refunds().Preview(ctx, ask)
	if errors.Is(err, order.ErrRefundAmount) || errors.Is(err, order.ErrRefundRounds) {
		return d.refuseRefund(c, items, err)
	}
	if errors.Is(err, order.ErrNothingLeft) || errors.Is(err, order.ErrNotRefundable) {
		c.Flash(ui.Info, "nothing_to_refund")
		return c.Redirect("/admin/orders/" + o.OrderNo)
	}
	if err != nil {
		return err
	}
	sum := money.Of(0, o.Total.Currency)
	left = slices.DeleteFunc(left, func(l adminview.Refundable) bool {
		return !slices.ContainsFunc(preview.Shares, func(s order.RefundItem) bool { return s.ItemID == l.Item.ID })
	})
	for _, share := range preview.Shares {
		sum.Amount += share.Amount.Amount
		for n := range left {
			if left[n].Item.ID == share.ItemID {
				left[n].Left = c.Text.Money(share.Amount)
			}
		}
	}
	buyer, err := d.Accounts.Users(ctx, o.UserID)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("admin.refund_confirm"), adminview.Refund(adminview.RefundPage{
		Order:  o,
		Buyer:  buyer,
		Items:  left,
		Sum:    c.Text.Money(sum),
		Free:   o.Total.IsZero(),
		Reason: reason,
		How:    how,
		Amount: typed,
		Ends:   len(preview.Ended) > 0,
		Key:    rand.Text(),
	}))
}

// refund refunds the items that were shown. The same key is the same refund, however often it is sent. The request
// names each item, so that the sum can only be lower than the one shown.
func (d Deps) refund(c *page.Ctx) error {
	orderNo := c.Param("orderNo")
	items, reason, err := readRefund(c)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return order.ErrUnknownItem.Because("a refund that names no items")
	}
	amount, unwatched, err := readPart(c.FormValue("how"), c.FormValue("amount"), c.FormValue("currency"))
	if err != nil {
		return err
	}
	_, err = d.Orders.Refunds().Request(c.Request().Context(), order.RefundRequest{
		OrderNo:   orderNo,
		ItemIDs:   items,
		Amount:    amount,
		Unwatched: unwatched,
		Reason:    reason,
		Actor:     actor(c),
		Key:       c.FormValue("key"),
	})
	switch {
	case err == nil:
		c.Flash(ui.Success, "refund_started")
	case errors.Is(err, order.ErrNothingLeft), errors.Is(err, order.ErrNotRefundable):
		c.Flash(ui.Info, "nothing_to_refund") // somebody was faster; the order tells who
	default:
		return err
	}
	return c.Redirect("/admin/orders/" + orderNo)
}
