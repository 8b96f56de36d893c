package checkout

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"videomall/mall/cart"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/mall/promotion"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	checkoutview "videomall/views/checkout"
)

func (d Deps) showCheckout(c *page.Ctx) error {
	ctx := c.Request().Context()
	link, err := d.link(c, c.QueryParam("link"))
	if err != nil {
		return d.linkFailed(c, link, err)
	}
	var lines []order.Line
	key := rand.Text()
	if link != nil {
		var before *order.Order
		if before, key, err = d.orderOf(c, link); err != nil {
			return err
		}
		if before != nil {
			return c.Redirect(orderURL(before.OrderNo))
		}
		lines = linked(link)
	} else {
		items, err := d.Carts.Items(ctx, owner(c))
		if err != nil {
			return err
		}
		lines = linesOf(items)
	}
	quote, mixed, err := d.quote(c, lines)
	if err != nil {
		return err
	}
	if len(quote.Lines) == 0 {
		return d.leaveCheckout(c)
	}
	if mixed {
		return c.Redirect("/cart")
	}
	p := checkoutview.CheckoutPage{Key: key, Quote: quote}
	p.From(link)
	code := c.QueryParam("coupon")
	// another site's link puts it into the field, and tries nothing in the buyer's name
	if page.FromElsewhere(c.Request()) {
		p.Coupon.Code, code = promotion.NormalCode(code), ""
	}
	if err := d.applyCoupon(c, lines, code, &p); err != nil {
		return err
	}
	return d.renderCheckout(c, http.StatusOK, p)
}

// leaveCheckout handles a checkout without lines. It leads to the order that the shopper has just placed and not paid,
// because the way back from the payment page ends here; without one it shows the empty cart.
func (d Deps) leaveCheckout(c *page.Ctx) error {
	waiting, err := d.Orders.AwaitingPayment(c.Request().Context(), c.Viewer.UserID)
	if err != nil {
		return err
	}
	if waiting.Orders == 0 {
		return c.Redirect("/cart")
	}
	return c.Redirect(orderURL(waiting.Newest))
}

// applyCoupon lowers the quote by a code, or says beside the field why the code does not apply.
func (d Deps) applyCoupon(c *page.Ctx, lines []order.Line, typed string, p *checkoutview.CheckoutPage) error {
	code := promotion.NormalCode(typed)
	if code == "" || len(p.Quote.Lines) == 0 {
		return nil
	}
	quote := p.Quote
	var refused *fault.Fault
	err := d.Guess.Try(c, code, func() (err error) {
		quote, refused, err = d.Orders.QuoteCoupon(c.Request().Context(), order.QuoteRequest{
			UserID:   c.Viewer.UserID,
			Lines:    lines,
			Coupon:   code,
			Currency: p.Quote.Currency(),
		})
		if err == nil && refused != nil {
			return refused
		}
		return err
	})
	switch {
	case errors.Is(err, promotion.ErrCouponTries):
		refused = fault.From(err)
	case err != nil && refused == nil:
		return err
	}
	p.Quote, p.Coupon = quote, checkoutview.Coupon{Code: code, Applied: refused == nil}
	if refused != nil {
		if refused.Kind == fault.Internal {
			return refused
		}
		p.Coupon.Error = c.Explain(refused.Slug)
	}
	return nil
}

// renderCheckout shows the lines that can be bought, and separately those that can't.
func (d Deps) renderCheckout(c *page.Ctx, status int, p checkoutview.CheckoutPage) error {
	var buyable []order.QuoteLine
	for _, l := range p.Quote.Lines {
		if l.Problem == "" {
			buyable = append(buyable, l)
		} else {
			p.LeftOut = append(p.LeftOut, l)
		}
	}
	p.Quote.Lines = buyable
	p.Providers, p.Now = d.Payments.Offered(c.Device(), p.Quote.Total), c.Now
	p.Policy = d.Orders.Policy()
	if len(p.Providers) == 0 && !p.Quote.Total.IsZero() {
		p.Payable = d.payable(c, p.Quote.Total.Currency)
	}
	p.Buyer = buyer(p)
	if !slices.Contains(p.Providers, p.Provider) && len(p.Providers) > 0 {
		p.Provider = p.Providers[0]
	}
	d.allowPayment(c)
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("checkout.title"), checkoutview.Checkout(p))
}

// payable lists the currencies besides one in which somebody takes a round sum from this device.
func (d Deps) payable(c *page.Ctx, besides string) (codes []string) {
	for _, code := range c.Currencies() {
		if code != besides && len(d.Payments.Offered(c.Device(), money.Of(1000, code))) > 0 {
			codes = append(codes, code)
		}
	}
	return codes
}

// allowPayment names where the pay button may lead. A browser holds the redirect after a form against form-action, and
// a visitor may have come by another name than the mall's own: 127.0.0.1 instead of localhost.
func (d Deps) allowPayment(c *page.Ctx) {
	c.Allow("form-action", append([]string{c.PublicURL("")}, d.Payments.Origins()...)...)
}

// agreed is what the shopper agreed to by pressing the button: the lines, their amounts and the total as the page
// showed them.
type agreed struct {
	key      string
	provider string
	coupon   string
	link     string // a partner's, by which the shopper came; empty without one
	policy   string // of refunds; empty from a page that an older version drew
	lines    []order.Line
	amounts  map[int64]int64
	total    money.Money
}

func readAgreed(c *page.Ctx) (agreed, error) {
	form, err := c.FormParams()
	if err != nil {
		return agreed{}, page.ErrBadRequest(err)
	}
	a := agreed{
		key:      form.Get("key"),
		provider: form.Get("provider"),
		coupon:   form.Get("coupon_code"),
		link:     form.Get("link"),
		policy:   form.Get("policy"),
		amounts:  map[int64]int64{},
	}
	amount, err := strconv.ParseInt(form.Get("total"), 10, 64)
	if err != nil {
		return agreed{}, page.ErrBadRequest(err)
	}
	a.total = money.Of(amount, form.Get("currency"))
	for _, entry := range form["line"] {
		sku, rest, _ := strings.Cut(entry, "*")
		quantity, shown, _ := strings.Cut(rest, "@")
		amount, err := strconv.ParseInt(shown, 10, 64)
		if err != nil {
			return agreed{}, page.ErrBadRequest(err)
		}
		line := order.Line{SKUID: formvalue.ID(sku), Quantity: int(formvalue.Number(quantity))}
		a.lines, a.amounts[line.SKUID] = append(a.lines, line), amount
	}
	return a, nil
}

// place orders exactly what was shown, once a rendered checkout: a double click, a resubmission and the back button
// all end at the same order. Whatever has changed since is shown again, and nothing is ordered before it is agreed to.
func (d Deps) place(c *page.Ctx) error {
	ctx := c.Request().Context()
	a, err := readAgreed(c)
	if err != nil {
		return err
	}
	if !a.total.IsZero() {
		if _, err := d.Payments.Provider(a.provider); err != nil {
			return err
		}
	}
	link, err := d.link(c, a.link)
	if err != nil {
		return d.linkFailed(c, link, err)
	}
	came, err := referral(link, a.lines)
	if err != nil {
		return err
	}
	if a.policy != "" && a.policy != d.Orders.Policy().String() { // another process, or a restart since
		return d.askAgain(c, a, link, order.ErrPolicyChanged)
	}
	var placed order.Order
	err = d.Guess.Try(c, a.coupon, func() (err error) {
		placed, _, err = d.Orders.Place(ctx, order.PlaceRequest{
			UserID:         c.Viewer.UserID,
			IdempotencyKey: a.key,
			Items:          a.lines,
			ExpectTotal:    &a.total,
			CouponCode:     a.coupon,
			Referral:       came,
			Currency:       a.total.Currency, // as it was shown, whatever was chosen since in another tab
		})
		return err
	})
	switch {
	case errors.Is(err, order.ErrKeyReused): // an earlier form of the same checkout, from the browser's history
		c.Flash(ui.Info, "checkout_used")
		return d.keyUsed(c, link)
	case isRefusal(err):
		return d.askAgain(c, a, link, fault.From(err))
	case err != nil:
		return err
	}
	skus := make([]int64, len(placed.Items))
	for i, item := range placed.Items {
		skus[i] = item.SKUID
	}
	if err := d.Carts.Clear(ctx, cart.Owner{UserID: c.Viewer.UserID}, skus, placed.CreatedAt); err != nil {
		c.Log().Warn("cart not cleared", "order_no", placed.OrderNo, "error", err)
	}
	if placed.Status != order.PendingPay {
		return c.Redirect(orderURL(placed.OrderNo))
	}
	return d.pay(c, placed.OrderNo, a.provider)
}

// isRefusal reports whether the shopper can do something about the fault on the checkout page.
func isRefusal(err error) bool {
	for _, f := range []error{
		order.ErrPriceChanged, order.ErrCurrency, order.ErrUnavailable, order.ErrQuantity, order.ErrAlreadyOwned,
		inventory.ErrSoldOut,
	} {
		if errors.Is(err, f) {
			return true
		}
	}
	return ofCoupon(fault.From(err))
}

// ofCoupon reports whether the coupon's code is the reason why the order was not placed.
func ofCoupon(f *fault.Fault) bool {
	_, named := f.Fields[promotion.CouponField]
	return named
}

// askAgain shows the checkout as it is now, beside what the shopper agreed to. The key stays, so that this page and the
// earlier one can make only one order.
func (d Deps) askAgain(c *page.Ctx, a agreed, link *partner.Link, f *fault.Fault) error {
	quote, mixed, err := d.quote(c, a.lines)
	if err != nil {
		return err
	}
	if mixed {
		return c.Redirect("/cart")
	}
	p := checkoutview.CheckoutPage{
		Key:      a.key,
		Quote:    quote,
		Provider: a.provider,
		Was:      map[int64]money.Money{},
	}
	p.From(link)
	for _, l := range quote.Lines {
		if shown := money.Of(a.amounts[l.SKUID], a.total.Currency); l.Problem == "" && l.Amount != shown {
			p.Was[l.SKUID] = shown
		}
	}
	if errors.Is(f, promotion.ErrCouponUnknown) || errors.Is(f, promotion.ErrCouponTries) { // tried already
		p.Coupon = checkoutview.Coupon{Code: promotion.NormalCode(a.coupon), Error: c.Explain(f.Slug)}
	} else if err := d.applyCoupon(c, a.lines, a.coupon, &p); err != nil {
		return err
	}
	if ofCoupon(f) && !p.Coupon.Applied { // the sum has changed too; what matters is why
		_, p.Refused = page.Words(c.Text, f, http.StatusConflict)
	} else if len(p.Was) > 0 || errors.Is(f, order.ErrPriceChanged) {
		p.OldTotal = &a.total
	} else {
		_, p.Refused = page.Words(c.Text, f, http.StatusConflict)
	}
	return d.renderCheckout(c, http.StatusConflict, p)
}
