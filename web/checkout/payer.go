package checkout

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/views/ui"
	"videomall/web/page"
)

// What the browser remembers, by its words.
const (
	payerKey   = "payer"         // provider, number: who pays, as the provider knows them
	askedKey   = "payer-asked"   // provider, order, state: where the browser was sent to be identified
	failedKey  = "payer-failed"  // provider: where identifying the viewer has just failed for no reason of theirs
	refusedKey = "payer-refused" // provider: where identifying the viewer is of no use for now
)

// rememberedFor is how long all of it lasts. The way back asks the payer nothing, so it takes seconds; a payer is known for
// the next order, and not for whoever uses the session hours later; and a payer who was refused is asked for again once
// the reason, which is often the provider's account, may be gone. What needs no payer is paid meanwhile.
const rememberedFor = 10 * time.Minute

func payerURL(orderNo string) string { return payURL(orderNo) + "/payer" }

// identifiable reports whether this browser may pay in a way for which the provider knows the payer.
func (d Deps) identifiable(c *page.Ctx, provider string) bool {
	return !c.LacksJSAPI() && !d.refused(c, provider)
}

func (d Deps) refused(c *page.Ctx, provider string) bool {
	return d.remembered(c, refusedKey, 1)[0] == provider
}

// knownPayer is the number of the viewer at the provider; "" if this session does not know it.
func (d Deps) knownPayer(c *page.Ctx, provider string) string {
	if f := d.remembered(c, payerKey, 2); f[0] == provider {
		return f[1]
	}
	return ""
}

// askPayer returns where the browser goes to be identified, and remembers that it went there for this order; "" if the
// provider need not know the payer. Whatever else keeps the order from being paid is the answer of the payment itself.
func (d Deps) askPayer(c *page.Ctx, orderNo, provider string) string {
	if d.Payments.Hidden(provider) {
		return ""
	}
	o, err := d.Orders.Get(c.Request().Context(), c.Viewer.UserID, orderNo)
	if err != nil || o.Status != order.PendingPay || !c.Now.Before(o.PayBefore) {
		return ""
	}
	state := rand.Text()
	// A second click before the browser has left gets the same way back, since either answer may be the one it follows.
	if pending, at, open := d.asked(c, orderNo); open && at == provider {
		state = pending
	}
	to, err := d.Payments.PayerURL(provider, c.Device(), o.Total, c.PublicURL(payerURL(orderNo)), state)
	if err != nil || to == "" {
		return ""
	}
	d.remember(c, askedKey, provider, orderNo, state)
	return to
}

// takePayer answers a browser that comes back with a code, and goes on to the payment. It never sends the browser to be
// identified again: a refusal leads on to what needs no payer. Whatever else fails ends on the order's page the first
// time, where it can be tried again, and then like a refusal. Only the session that was sent there for this order is
// let in, once, since a link could otherwise make somebody pay as another person.
func (d Deps) takePayer(c *page.Ctx) error {
	ctx, orderNo := c.Request().Context(), c.Param("orderNo")
	if _, err := d.Orders.Get(ctx, c.Viewer.UserID, orderNo); err != nil {
		return err
	}
	if c.IsHead() { // whoever only looks does not use up the code
		return c.Redirect(orderURL(orderNo))
	}
	state, provider, open := d.asked(c, orderNo)
	if !open || subtle.ConstantTimeCompare([]byte(state), []byte(c.QueryParam("state"))) != 1 {
		_, attempt, err := d.openAttempt(c)
		if err != nil {
			return err
		}
		answered := d.knownPayer(c, attempt.Provider) != "" || d.refused(c, attempt.Provider)
		if attempt.Action != nil && answered { // the back button, or a page loaded twice
			return c.Redirect(payURL(orderNo))
		}
		c.Flash(ui.Warning, "payer_expired")
		return c.Redirect(orderURL(orderNo))
	}
	d.forget(c, askedKey)
	// A browser may load the address twice and drop the first. The code is good once: the first goes on without it, and
	// the other waits for what the first opens.
	done, err := d.returns.take(ctx, state)
	if err != nil {
		return err
	}
	defer done()
	ctx = context.WithoutCancel(ctx)
	c.SetRequest(c.Request().WithContext(ctx))
	payer, err := d.Payments.Identify(ctx, provider, c.QueryParam("code"))
	if err != nil {
		return d.payUnknown(c, orderNo, provider, err)
	}
	d.forget(c, failedKey)
	d.remember(c, payerKey, provider, payer)
	attempt, err := d.prepay(c, orderNo, provider, payer)
	if errors.Is(err, payment.ErrRejected) {
		c.Log().Error("payment of an identified payer refused", "order_no", orderNo, "provider", provider, "error", err)
		return d.payUnidentified(c, orderNo, provider)
	}
	return d.follow(c, orderNo, provider, attempt, err)
}

// payUnknown goes on after Identify has failed.
func (d Deps) payUnknown(c *page.Ctx, orderNo, provider string, failure error) error {
	level := slog.LevelWarn
	if errors.Is(failure, payment.ErrMisconfigured) {
		level = slog.LevelError // until an operator mends it, nobody is identified
	}
	c.Log().Log(c.Request().Context(), level, "payer not identified", "order_no", orderNo, "provider", provider,
		"error", failure)
	if errors.Is(failure, payment.ErrRejected) {
		// The code was brought before, and has opened a payment.
		if _, open, err := d.openAttempt(c); err != nil {
			return err
		} else if open.Action != nil && open.Provider == provider && open.Action.Type == payment.ActionBridge {
			return c.Redirect(payURL(orderNo))
		}
		return d.payUnidentified(c, orderNo, provider)
	}
	if d.remembered(c, failedKey, 1)[0] == provider { // it was tried again
		d.forget(c, failedKey)
		return d.payUnidentified(c, orderNo, provider)
	}
	d.remember(c, failedKey, provider)
	if errors.Is(failure, payment.ErrRetryLater) {
		c.Flash(ui.Warning, "payer_busy")
	} else {
		c.Flash(ui.Error, "payer_unknown")
	}
	return c.Redirect(orderURL(orderNo))
}

// payUnidentified goes on, after a refusal, to what needs no payer, as do the next payments for a while.
func (d Deps) payUnidentified(c *page.Ctx, orderNo, provider string) error {
	d.remember(c, refusedKey, provider)
	return d.payAs(c, orderNo, provider, "")
}

// asked returns the state and the provider with which the viewer was sent to be identified for an order; open is false
// if they were not, or too long ago.
func (d Deps) asked(c *page.Ctx, orderNo string) (state, provider string, open bool) {
	f := d.remembered(c, askedKey, 3)
	if f[1] != orderNo {
		return "", "", false
	}
	return f[2], f[0], true
}
