package checkout

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/views/ui"
	"videomall/web/page"
)

// Values of the session, by their words.
const (
	payerKey   = "payer"         // provider, number: who pays, as the provider knows them
	askedKey   = "payer_asked"   // provider, order, state: where the browser was sent to be identified
	refusedKey = "payer_refused" // provider: where identifying the viewer is of no use for now
)

const (
	// askedFor is how long the way back from there is open. It asks the payer nothing, so it takes seconds.
	askedFor = 5 * time.Minute
	// payerFor is how long a payer is known: for the next order, not for whoever uses the session hours later.
	payerFor = 10 * time.Minute
	// refusedFor is how long a payer is not asked for after a refusal, whose reason is often the provider's account: the
	// next press would end like this one. What needs no payer is paid meanwhile.
	refusedFor = 10 * time.Minute
)

func payerURL(orderNo string) string { return payURL(orderNo) + "/payer" }

// identifiable reports whether this browser may pay in a way for which the provider knows the payer.
func identifiable(c *page.Ctx, provider string) bool { return !c.LacksJSAPI() && !refused(c, provider) }

func refused(c *page.Ctx, provider string) bool { return remembered(c, refusedKey, 1)[0] == provider }

// knownPayer is the number of the viewer at the provider; "" if this session does not know it.
func knownPayer(c *page.Ctx, provider string) string {
	if f := remembered(c, payerKey, 2); f[0] == provider {
		return f[1]
	}
	return ""
}

func forgetPayer(c *page.Ctx) { c.TakeBack(payerKey) }

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
	if pending, at, open := asked(c, orderNo); open && at == provider {
		state = pending
	}
	to, err := d.Payments.PayerURL(provider, c.Device(), o.Total, c.PublicURL(payerURL(orderNo)), state)
	if err != nil || to == "" {
		return ""
	}
	remember(c, askedKey, askedFor, provider, orderNo, state)
	return to
}

// takePayer answers a browser that comes back with a code, and goes on to the payment. It never sends the browser to be
// identified again: a refusal leads on to what needs no payer, and whatever else fails ends on the order's page. Only
// the session that was sent there for this order is let in, once, since a link could otherwise make somebody pay as
// another person.
func (d Deps) takePayer(c *page.Ctx) error {
	ctx, orderNo := c.Request().Context(), c.Param("orderNo")
	if _, err := d.Orders.Get(ctx, c.Viewer.UserID, orderNo); err != nil {
		return err
	}
	if c.IsHead() { // whoever only looks does not use up the code
		return c.Redirect(orderURL(orderNo))
	}
	state, provider, open := asked(c, orderNo)
	if !open || subtle.ConstantTimeCompare([]byte(state), []byte(c.QueryParam("state"))) != 1 {
		_, attempt, err := d.openAttempt(c)
		if err != nil {
			return err
		}
		answered := knownPayer(c, attempt.Provider) != "" || refused(c, attempt.Provider)
		if attempt.Action != nil && answered { // the back button, or a page loaded twice
			return c.Redirect(payURL(orderNo))
		}
		c.Flash(ui.Warning, "payer_expired")
		return c.Redirect(orderURL(orderNo))
	}
	c.TakeBack(askedKey)
	c.SaveSession() // before the provider is asked, which takes its time
	payer, err := d.Payments.Identify(ctx, provider, c.QueryParam("code"))
	if err != nil {
		level := slog.LevelWarn
		if errors.Is(err, payment.ErrMisconfigured) {
			level = slog.LevelError // until an operator mends it, nobody is identified
		}
		c.Log().Log(ctx, level, "payer not identified", "order_no", orderNo, "provider", provider, "error", err)
		if errors.Is(err, payment.ErrRejected) {
			return d.payUnidentified(c, orderNo, provider)
		}
		c.Flash(ui.Error, "payer_unknown")
		return c.Redirect(orderURL(orderNo))
	}
	remember(c, payerKey, payerFor, provider, payer)
	attempt, err := d.prepay(c, orderNo, provider, payer)
	if errors.Is(err, payment.ErrRejected) {
		c.Log().Error("payment of an identified payer refused", "order_no", orderNo, "provider", provider, "error", err)
		return d.payUnidentified(c, orderNo, provider)
	}
	return d.follow(c, orderNo, provider, attempt, err)
}

// payUnidentified goes on, after a refusal, to what needs no payer, as do the next payments for a while.
func (d Deps) payUnidentified(c *page.Ctx, orderNo, provider string) error {
	remember(c, refusedKey, refusedFor, provider)
	return d.payAs(c, orderNo, provider, "")
}

// asked returns the state and the provider with which the viewer was sent to be identified for an order; open is false
// if they were not, or too long ago.
func asked(c *page.Ctx, orderNo string) (state, provider string, open bool) {
	f := remembered(c, askedKey, 3)
	if f[1] != orderNo {
		return "", "", false
	}
	return f[2], f[0], true
}

// remember keeps words in the session, for a while and for one person: whoever signs in after them in the same browser
// is asked anew. It is "person unix words".
func remember(c *page.Ctx, key string, lasts time.Duration, words ...string) {
	until := strconv.FormatInt(c.Now.Add(lasts).Unix(), 10)
	c.Remember(key, person(c)+" "+until+" "+strings.Join(words, " "))
}

// remembered returns the n words that remember keeps; empty ones if they are another person's, too old, or not n.
func remembered(c *page.Ctx, key string, n int) []string {
	if s := c.Session(); s != nil {
		value, _ := s.Values[key].(string)
		if f := strings.Split(value, " "); len(f) == n+2 && f[0] == person(c) {
			if until, err := strconv.ParseInt(f[1], 10, 64); err == nil && c.Now.Unix() < until {
				return f[2:]
			}
		}
	}
	return make([]string, n)
}

func person(c *page.Ctx) string { return strconv.FormatInt(c.Viewer.UserID, 10) }
