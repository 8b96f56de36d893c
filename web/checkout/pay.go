package checkout

import (
	"errors"
	"net/http"
	"slices"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/views/ui"
	"videomall/web/page"

	checkoutview "videomall/views/checkout"
)

func (d Deps) payOrder(c *page.Ctx) error {
	provider := c.FormValue("provider")
	if names := d.Payments.Providers(); provider == "" && len(names) == 1 {
		provider = names[0]
	}
	if c.FormValue("by_code") != "" { // instead of a window of the provider, which failed or isn't wanted
		return d.payAs(c, c.Param("orderNo"), provider, "")
	}
	return d.pay(c, c.Param("orderNo"), provider)
}

// pay sends the shopper to the provider's page, or to the page that shows what else they have to do; or first to where
// the provider learns who they are.
func (d Deps) pay(c *page.Ctx, orderNo, provider string) error {
	if !d.identifiable(c, provider) {
		return d.payAs(c, orderNo, provider, "")
	}
	payer := d.knownPayer(c, provider)
	if payer == "" {
		if to := d.askPayer(c, orderNo, provider); to != "" {
			return c.Redirect(to)
		}
	}
	return d.payAs(c, orderNo, provider, payer)
}

// payAs is pay for a payer whom the provider knows by this number; "" for one whom it need not know.
func (d Deps) payAs(c *page.Ctx, orderNo, provider, payer string) error {
	attempt, err := d.prepay(c, orderNo, provider, payer)
	return d.follow(c, orderNo, provider, attempt, err)
}

// prepay opens the payment. A payer who is refused is forgotten, and asked for again.
func (d Deps) prepay(c *page.Ctx, orderNo, provider, payer string) (payment.Attempt, error) {
	attempt, err := d.Orders.Prepay(c.Request().Context(), order.PrepayRequest{
		UserID:    c.Viewer.UserID,
		OrderNo:   orderNo,
		Provider:  provider,
		Device:    c.Device(),
		ReturnURL: c.PublicURL(orderURL(orderNo)),
		Language:  c.Text.Lang,
		PayerID:   payer,
		PayerIP:   c.RealIP(),
	})
	if errors.Is(err, payment.ErrRejected) {
		d.forget(c, payerKey) // who may be the reason: the provider's account has changed
	}
	return attempt, err
}

// follow leads to what prepay returned. The order stands whatever happens here, so every failure ends on the order's
// page, where the payment can be tried again.
func (d Deps) follow(c *page.Ctx, orderNo, provider string, attempt payment.Attempt, err error) error {
	switch {
	case err == nil && attempt.Action == nil: // a notice was faster than the provider's answer
		return c.Redirect(orderURL(orderNo))
	case err == nil && attempt.Action.Type == payment.ActionRedirect:
		return c.Redirect(attempt.Action.URL)
	case err == nil:
		return c.Redirect(payURL(orderNo))
	case errors.Is(err, order.ErrNotFound), errors.Is(err, payment.ErrUnknownProvider) && !d.Payments.Hidden(provider):
		return err
	}
	why := whyUnopened(err)
	if why.tone == ui.Error {
		c.Log().Error("payment not opened", "order_no", orderNo, "provider", provider, "error", err)
	}
	c.Flash(why.tone, why.flash)
	return c.Redirect(orderURL(orderNo))
}

// unopened is what the order's page says of a payment that was not opened.
type unopened struct {
	reason error
	tone   ui.Tone // ui.Error for what an operator should see in the log
	flash  string
}

// whyUnopened finds the first reason that fits: one that wraps another stands before it.
func whyUnopened(err error) unopened {
	for _, u := range []unopened{
		{order.ErrAlreadyOwned, ui.Warning, "order_owned"}, // by another order since; the page says what to do
		// Another provider, at which the order may have been paid, has no final answer yet.
		{order.ErrAwaitsProvider, ui.Warning, "payment_awaited"},
		{payment.ErrAlreadyPaid, ui.Info, "order_already_paid"},
		{payment.ErrProcessing, ui.Info, "payment_processing"},
		{order.ErrNotPayable, ui.Warning, "order_not_payable"},
		{payment.ErrPaymentExpired, ui.Warning, "order_not_payable"},
		{payment.ErrUnknownProvider, ui.Warning, "payment_not_offered"}, // any more
		{payment.ErrUnknownMethod, ui.Warning, "payment_not_here"},
		{payment.ErrSumNotTaken, ui.Warning, "payment_sum_not_taken"},
		{payment.ErrProviderDown, ui.Error, "payment_no_answer"},
		{payment.ErrRetryLater, ui.Error, "payment_no_answer"},
		{payment.ErrRejected, ui.Error, "payment_refused"},
		{payment.ErrPrepayMismatch, ui.Error, "payment_mismatch"},
	} {
		if errors.Is(err, u.reason) {
			return u
		}
	}
	return unopened{err, ui.Error, "payment_unavailable"}
}

func payURL(orderNo string) string { return orderURL(orderNo) + "/pay" }

// showPayment shows what the shopper has to do to pay: the code to scan, or the way to a page that only a form opens.
// Without an open payment it leads to the order.
func (d Deps) showPayment(c *page.Ctx) error {
	o, attempt, err := d.openAttempt(c)
	if err != nil {
		return err
	}
	if attempt.Action == nil {
		return c.Redirect(orderURL(o.OrderNo))
	}
	if attempt.Action.Type == payment.ActionRedirect {
		return c.Redirect(attempt.Action.URL)
	}
	p := checkoutview.PaymentPage{Order: o, Attempt: attempt, Now: c.Now}
	if attempt.Action.Type == payment.ActionQR {
		if p.Code, err = ui.DrawQR(attempt.Action.Code); err != nil {
			return err
		}
	}
	d.allowPayment(c) // the form of the page is posted to the provider
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("payment.title"), checkoutview.Payment(p))
}

// followPayment answers the page of showPayment, which asks once a second: with the time left, or with the way to the
// order's page as soon as there is nothing to pay any more, or to the payment that has taken its place.
func (d Deps) followPayment(c *page.Ctx) error {
	o, attempt, err := d.openAttempt(c)
	if err != nil {
		return err
	}
	if attempt.Action == nil || !c.IsHTMX() {
		return c.Redirect(orderURL(o.OrderNo))
	}
	if attempt.AttemptNo != c.QueryParam("attempt") { // another one was opened, such as the code instead of the window
		return c.Redirect(orderURL(o.OrderNo) + "/pay")
	}
	c.Response().Header().Set("HX-Reswap", "none")
	return c.Fragment(http.StatusOK, checkoutview.OrderUnchanged(checkoutview.OrderPage{Order: o, Now: c.Now}))
}

// openAttempt finds the newest payment of one's own order that is still to be made; none has no action.
func (d Deps) openAttempt(c *page.Ctx) (order.Order, payment.Attempt, error) {
	ctx := c.Request().Context()
	o, err := d.Orders.Get(ctx, c.Viewer.UserID, c.Param("orderNo"))
	if err != nil || o.Status != order.PendingPay || !c.Now.Before(o.PayBefore) {
		return o, payment.Attempt{}, err
	}
	attempts, err := d.Payments.Attempts(ctx, o.OrderNo)
	if err != nil {
		return o, payment.Attempt{}, err
	}
	for _, a := range slices.Backward(attempts) {
		if a.Status == payment.AttemptPending && a.Action != nil && c.Now.Before(a.ExpiresAt) {
			return o, a, nil
		}
	}
	return o, payment.Attempt{}, nil
}

// askProvider asks the providers about an order whose page has waited for a notice for a while.
func (d Deps) askProvider(c *page.Ctx) error {
	if err := d.Orders.Ask(c.Request().Context(), c.Viewer.UserID, c.Param("orderNo")); err != nil {
		return err
	}
	if !c.IsHTMX() {
		return c.Redirect(orderURL(c.Param("orderNo")))
	}
	return c.NoContent(http.StatusNoContent)
}
