package checkout

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videomall/mall/order"
	"videomall/views/ui"
	"videomall/web/page"
)

// Values of the session. Both are for one person: whoever signs in after them in the same browser is asked anew.
const (
	payerKey = "payer"       // "person provider number": who pays, as the provider knows them
	askedKey = "payer_asked" // "person provider order state unix": where the browser was sent to be identified
)

// askedFor is how long the way back from there is open. It asks the payer nothing, so it takes seconds.
const askedFor = 5 * time.Minute

func payerURL(orderNo string) string { return payURL(orderNo) + "/payer" }

// knownPayer is the number of the viewer at the provider; "" if this session does not know it.
func knownPayer(c *page.Ctx, provider string) string {
	if f := remembered(c, payerKey, 3); f[0] == person(c) && f[1] == provider {
		return f[2]
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
	until := strconv.FormatInt(c.Now.Add(askedFor).Unix(), 10)
	c.Remember(askedKey, strings.Join([]string{person(c), provider, orderNo, state, until}, " "))
	return to
}

// takePayer answers a browser that comes back with a code, and goes on to the payment. It never sends the browser to be
// identified again: whatever fails ends on the order's page. Only the session that was sent there for this order is let
// in, once, since a link could otherwise make somebody pay as another person.
func (d Deps) takePayer(c *page.Ctx) error {
	ctx, orderNo := c.Request().Context(), c.Param("orderNo")
	if _, err := d.Orders.Get(ctx, c.Viewer.UserID, orderNo); err != nil {
		return err
	}
	if c.IsHead() {
		return c.NoContent(http.StatusNoContent)
	}
	state, provider, open := asked(c, orderNo)
	if !open || subtle.ConstantTimeCompare([]byte(state), []byte(c.QueryParam("state"))) != 1 {
		_, attempt, err := d.openAttempt(c)
		if err != nil {
			return err
		}
		if attempt.Action != nil && knownPayer(c, attempt.Provider) != "" { // the back button, or a page loaded twice
			return c.Redirect(payURL(orderNo))
		}
		c.Flash(ui.Warning, "payer_expired")
		return c.Redirect(orderURL(orderNo))
	}
	c.TakeBack(askedKey)
	c.SaveSession() // before the provider is asked, which takes its time
	payer, err := d.Payments.Identify(ctx, provider, c.QueryParam("code"))
	if err != nil {
		c.Log().Warn("payer not identified", "order_no", orderNo, "provider", provider, "error", err)
		c.Flash(ui.Error, "payer_unknown")
		return c.Redirect(orderURL(orderNo))
	}
	c.Remember(payerKey, strings.Join([]string{person(c), provider, payer}, " "))
	return d.payAs(c, orderNo, provider, payer)
}

// asked returns the state and the provider with which the viewer was sent to be identified for an order; open is false
// if they were not, or too long ago.
func asked(c *page.Ctx, orderNo string) (state, provider string, open bool) {
	f := remembered(c, askedKey, 5)
	until, err := strconv.ParseInt(f[4], 10, 64)
	if err != nil || f[0] != person(c) || f[2] != orderNo || c.Now.Unix() >= until {
		return "", "", false
	}
	return f[3], f[1], true
}

// remembered returns the n words of a value of the session, which stays; empty ones if it has another number of them.
func remembered(c *page.Ctx, key string, n int) []string {
	if s := c.Session(); s != nil {
		if value, ok := s.Values[key].(string); ok {
			if f := strings.Split(value, " "); len(f) == n {
				return f
			}
		}
	}
	return make([]string, n)
}

func person(c *page.Ctx) string { return strconv.FormatInt(c.Viewer.UserID, 10) }
