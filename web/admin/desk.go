package admin

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

// toDesk answers a GET of an address that takes a form. After a form with errors the browser's address bar shows it, and
// reloading it has to show a page.
func toDesk(c *page.Ctx) error { return c.Redirect("/admin/refunds") }

// showDesk lists what waits for an answer: requests for refunds, disputes, and refunds that came back.
func (d Deps) showDesk(c *page.Ctx) error {
	p, err := d.desk(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("refund.desk"), adminview.RefundDesk(p))
}

// refuse shows again the page on which a form of the desk stood, as it was typed, with the error beside its field.
func (d Deps) refuse(c *page.Ctx, err error, drafts adminview.Drafts) error {
	status := http.StatusUnprocessableEntity
	if fault.From(err).Kind == fault.Forbidden {
		status = http.StatusForbidden
	}
	if orderNo := c.FormValue("order"); orderNo != "" {
		return d.renderOrder(c, status, orderNo, drafts)
	}
	p, failed := d.desk(c)
	if failed != nil {
		return failed
	}
	p.Decision, p.Transfer = drafts.Decision, drafts.Transfer
	if !p.Shows() { // it does not wait, or not among the first
		return err
	}
	return c.Render(status, c.Text.T("refund.desk"), adminview.RefundDesk(p))
}

func (d Deps) desk(c *page.Ctx) (p adminview.RefundDeskPage, err error) {
	ctx := c.Request().Context()
	p.Now = c.Now
	if p.Asked, err = d.Orders.Refunds().Waiting(ctx, maxListed); err != nil {
		return p, err
	}
	if p.Disputes, err = d.Payments.OpenDisputes(ctx, maxListed); err != nil {
		return p, err
	}
	if p.Returned, err = d.Orders.Refunds().Returned(ctx, maxListed); err != nil {
		return p, err
	}
	var numbers []string
	for _, a := range p.Asked {
		numbers = append(numbers, a.OrderNo)
	}
	for _, b := range p.Disputes {
		numbers = append(numbers, b.Reference)
	}
	for _, r := range p.Returned {
		numbers = append(numbers, r.OrderNo)
	}
	if p.Orders, err = d.Orders.Numbered(ctx, numbers); err != nil {
		return p, err
	}
	p.People, err = d.Accounts.Users(ctx, partiesOf(slices.Collect(maps.Values(p.Orders))...)...)
	return p, err
}

// approveAsked refunds what a buyer asked for: all of it, an amount, or the share that was not watched.
func (d Deps) approveAsked(c *page.Ctx) error {
	a := order.Approval{
		ID:     formvalue.ID(c.Param("id")),
		Answer: strings.TrimSpace(c.FormValue("answer")),
		Actor:  actor(c),
	}
	var err error
	a.Amount, a.Unwatched, err = readPart(c.FormValue("how"), c.FormValue("amount"), c.FormValue("currency"))
	if err == nil {
		_, err = d.Orders.Refunds().Approve(c.Request().Context(), a)
	}
	return d.decided(c, err, "refund_started")
}

// declineAsked ends a buyer's request with an answer.
func (d Deps) declineAsked(c *page.Ctx) error {
	err := d.Orders.Refunds().Decline(c.Request().Context(), formvalue.ID(c.Param("id")), c.FormValue("answer"), actor(c))
	return d.decided(c, err, "refund_declined")
}

func (d Deps) decided(c *page.Ctx, err error, done string) error {
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
	case errors.Is(err, order.ErrAskDecided):
		c.Flash(ui.Info, "refund_ask_decided")
	case errors.Is(err, order.ErrNothingLeft), errors.Is(err, order.ErrNotRefundable):
		c.Flash(ui.Info, "nothing_to_refund")
	default:
		return d.undecided(c, err)
	}
	return c.Redirect("/admin/refunds")
}

// undecided shows a decision that can't be made as it was typed.
func (d Deps) undecided(c *page.Ctx, err error) error {
	typed := adminview.Decision{
		ID:     formvalue.ID(c.Param("id")),
		How:    c.FormValue("how"),
		Amount: c.FormValue("amount"),
		Answer: c.FormValue("answer"),
	}
	says := c.Explain(fault.From(err).Slug)
	switch {
	case errors.Is(err, order.ErrRefundAmount), errors.Is(err, order.ErrRefundRounds):
		typed.AmountError = says
	case errors.Is(err, order.ErrAskReason):
		typed.AnswerError = says
	case errors.Is(err, order.ErrOwnMoney):
		typed.Error = says
	default:
		return err
	}
	return d.refuse(c, err, adminview.Drafts{Decision: typed})
}

var errTransfer = fault.New(fault.Invalid, "transfer_reference_missing",
	"Enter your bank's reference, up to 100 characters.")

// maxTransfer is how long the reference of a transfer may be.
const maxTransfer = 100

// transferRefund writes down that a refund which came back was paid in another way.
func (d Deps) transferRefund(c *page.Ctx) error {
	reference := strings.TrimSpace(c.FormValue("reference"))
	if reference == "" || len([]rune(reference)) > maxTransfer || !db.Storable(reference) {
		return d.refuse(c, errTransfer, adminview.Drafts{Transfer: adminview.Transfer{
			RefundNo:  c.Param("refundNo"),
			Reference: reference,
			Error:     c.Explain(errTransfer.Slug),
		}})
	}
	err := d.Orders.Refunds().Transfer(c.Request().Context(), c.Param("refundNo"), reference, actor(c))
	switch {
	case err == nil:
		c.Flash(ui.Success, "refund_transferred")
	case errors.Is(err, order.ErrNotRefundable):
		c.Flash(ui.Info, "refund_settled_already")
	default:
		return err
	}
	return c.Redirect("/admin/refunds")
}

// readPart reads what is to go back: all, an amount as it was typed, or the unwatched share.
func readPart(how, typed, currency string) (amount money.Money, unwatched bool, err error) {
	switch how {
	case "", adminview.HowWhole:
		return money.Money{}, false, nil
	case adminview.HowUnwatched:
		return money.Money{}, true, nil
	case adminview.HowAmount:
		if !money.IsCurrency(currency) {
			return money.Money{}, false, order.ErrRefundAmount
		}
		minor := money.ParseDecimal(strings.TrimSpace(typed), currency, 10)
		if minor <= 0 {
			return money.Money{}, false, order.ErrRefundAmount
		}
		return money.Of(minor, currency), false, nil
	}
	return money.Money{}, false, order.ErrRefundAmount.Because("no such way: %.20q", how)
}
