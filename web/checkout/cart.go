package checkout

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"videomall/mall/cart"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/order"
	"videomall/views/address"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	checkoutview "videomall/views/checkout"
)

func (d Deps) showCart(c *page.Ctx) error {
	p, err := d.cartPage(c)
	if err != nil {
		return err
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("cart.title"), checkoutview.Cart(p))
}

func (d Deps) cartPage(c *page.Ctx) (checkoutview.CartPage, error) {
	ctx := c.Request().Context()
	items, err := d.Carts.Items(ctx, owner(c))
	if err != nil {
		return checkoutview.CartPage{}, err
	}
	quote, mixed, err := d.quote(c, linesOf(items))
	return checkoutview.CartPage{
		Quote:    quote,
		Mixed:    mixed,
		SignedIn: c.Viewer.SignedIn(),
		Now:      c.Now,
	}, err
}

// quote prices lines in the currency of the viewer, or as they are if one of them can't be converted. Lines of several
// currencies have no total, yet each can be shown.
func (d Deps) quote(c *page.Ctx, lines []order.Line) (quote order.Quote, mixed bool, err error) {
	if len(lines) == 0 {
		return order.Quote{}, false, nil
	}
	ctx := c.Request().Context()
	r := order.QuoteRequest{
		UserID:   c.Viewer.UserID,
		Lines:    lines,
		Currency: c.Currency(),
	}
	if quote, err = d.Orders.Quote(ctx, r); errors.Is(err, order.ErrCurrency) {
		r.Currency = ""
		quote, err = d.Orders.Quote(ctx, r)
	}
	if !errors.Is(err, order.ErrMixedCurrency) {
		return quote, false, err
	}
	quote = order.Quote{}
	for _, l := range lines {
		r.Lines = []order.Line{l}
		one, err := d.Orders.Quote(ctx, r)
		if err != nil {
			return order.Quote{}, true, err
		}
		quote.Lines = append(quote.Lines, one.Lines...)
	}
	return quote, true, nil
}

func linesOf(items []cart.Item) []order.Line {
	lines := make([]order.Line, len(items))
	for i, item := range items {
		lines[i] = order.Line{SKUID: item.SKUID, Quantity: item.Quantity}
	}
	return lines
}

// addItem puts a video into the cart: {sku_id, quantity, next}. With next=/checkout it means "buy now", which leaves
// a line that is there already as it is, so that pressing it again orders no more.
func (d Deps) addItem(c *page.Ctx) error {
	ctx, next, quantity := c.Request().Context(), c.Next(""), 1
	if q := c.FormValue("quantity"); q != "" {
		quantity = int(formvalue.Number(q))
	}
	line := order.Line{SKUID: formvalue.ID(c.FormValue("sku_id")), Quantity: quantity}
	quote, err := d.Orders.Quote(ctx, order.QuoteRequest{UserID: c.Viewer.UserID, Lines: []order.Line{line}})
	if err != nil {
		return err
	}
	offered := quote.Lines[0]
	if offered.Problem != "" {
		return d.refuse(c, offered, refusals[offered.Problem], next)
	}
	if next != "/checkout" || !d.holds(ctx, owner(c), line.SKUID) {
		if !c.Viewer.SignedIn() {
			c.EnsureGuestToken()
		}
		err := d.Carts.Add(ctx, owner(c), line.SKUID, line.Quantity, offered.Offer.MaxPerOrder)
		if errors.Is(err, cart.ErrFull) {
			return d.refuse(c, offered, cart.ErrFull, next)
		}
		if err != nil {
			return err
		}
	}
	if c.IsHTMX() && next != "/checkout" {
		count, err := d.Carts.Count(ctx, owner(c))
		if err != nil {
			return err
		}
		return c.Fragment(http.StatusOK,
			checkoutview.CartAdded(count, ui.Success, c.Text.T("cart.added", "Title", titleOf(c.Text, offered))))
	}
	if next == "" {
		next = "/cart"
	}
	if next != "/checkout" {
		c.Flash(ui.Success, "cart_added")
	}
	return c.Redirect(next)
}

func (d Deps) holds(ctx context.Context, o cart.Owner, skuID int64) bool {
	items, err := d.Carts.Items(ctx, o)
	if err != nil {
		return false // adding once more is stopped by the offer's limit
	}
	for _, i := range items {
		if i.SKUID == skuID {
			return true
		}
	}
	return false
}

// refusals maps the problem of a line to what the shopper is told.
var refusals = map[string]*fault.Fault{
	order.ErrUnavailable.Slug:  order.ErrUnavailable,
	order.ErrAlreadyOwned.Slug: order.ErrAlreadyOwned,
	order.ErrQuantity.Slug:     order.ErrQuantity,
	inventory.ErrSoldOut.Slug:  inventory.ErrSoldOut,
}

// refuse says why nothing was added: in a notice, or without scripts on the page that the shopper came from.
func (d Deps) refuse(c *page.Ctx, l order.QuoteLine, f *fault.Fault, next string) error {
	if f == nil {
		f = order.ErrUnavailable
	}
	if c.IsHTMX() {
		return f
	}
	if next == "" || next == "/checkout" {
		next = "/cart"
		if l.Offer.Slug != "" {
			next = address.Product(l.Offer.Slug)
		}
	}
	c.Flash(ui.Warning, "cart_"+strings.TrimPrefix(f.Slug, "cart_"))
	return c.Redirect(next)
}

func (d Deps) setQuantity(c *page.Ctx) error {
	quantity, err := strconv.ParseInt(c.FormValue("quantity"), 10, 32)
	if err != nil { // no number: 0 would take the line out
		err = cart.ErrQuantity.Because("%w", err)
	} else {
		err = d.Carts.SetQuantity(c.Request().Context(), owner(c), formvalue.ID(c.Param("sku")), int(quantity))
	}
	switch {
	case errors.Is(err, cart.ErrQuantity) && !c.IsHTMX():
		return d.refuseQuantity(c)
	case err != nil && !errors.Is(err, cart.ErrNoLine): // removed in another window: the cart below shows it
		return err
	}
	return d.cartChanged(c, false)
}

// refuseQuantity shows the unchanged cart, and above it the reason.
func (d Deps) refuseQuantity(c *page.Ctx) error {
	p, err := d.cartPage(c)
	if err != nil {
		return err
	}
	p.Refused = c.Explain(cart.ErrQuantity.Slug)
	c.Page.NoIndex = true
	return c.Render(http.StatusUnprocessableEntity, c.Text.T("cart.title"), checkoutview.Cart(p))
}

func (d Deps) removeItem(c *page.Ctx) error {
	if err := d.Carts.Remove(c.Request().Context(), owner(c), formvalue.ID(c.Param("sku"))); err != nil {
		return err
	}
	return d.cartChanged(c, true)
}

func (d Deps) cartChanged(c *page.Ctx, removed bool) error {
	if !c.IsHTMX() {
		return c.Redirect("/cart")
	}
	p, err := d.cartPage(c)
	if err != nil {
		return err
	}
	p.Removed = removed
	return c.Fragment(http.StatusOK, checkoutview.CartChanged(p))
}

func titleOf(t *text.Printer, l order.QuoteLine) string {
	return t.Of(l.Offer.Title)
}
