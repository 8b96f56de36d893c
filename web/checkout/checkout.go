// Package checkout owns the way from the cart to the video: cart, checkout, one's orders and the page that follows an
// order, and the short way to a video that costs nothing. It refuses to price, reserve or charge: every rule is the
// order's, and this package shows what the order says.
package checkout

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"videomall/mall/cart"
	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/mall/payment"
	"videomall/views"
	invoicesview "videomall/views/invoices"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site     *page.Site
	Catalog  *catalog.Catalog
	Carts    *cart.Carts
	Orders   *order.Orders
	Payments *payment.Payments
	// Documents reads the invoices of an order with these refunds; nil for a mall without.
	Documents func(*page.Ctx, order.Order, []order.Refund) (invoicesview.OrderDocuments, error)
	// Links finds what a partner's link leads to; nil for a mall without partners.
	Links func(ctx context.Context, token string) (partner.Link, error)
	Guess page.Guess // of a coupon's code; refuses with promotion.ErrCouponTries
	// PayerKey, of 32 bytes, seals what a browser keeps of its payer for minutes.
	PayerKey []byte
	// Secure says that people reach the mall over https; it names the cookies.
	Secure bool

	returns *returns // of Routes
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	d.returns = &returns{busy: map[string]chan struct{}{}}
	g.GET("/cart", on(d.showCart))
	g.POST("/cart/items", on(d.addItem))
	g.POST("/cart/items/:sku", on(d.setQuantity))
	g.POST("/cart/items/:sku/remove", on(d.removeItem))
	g.POST("/v/:slug/free", on(d.watchFree))
	if d.Links != nil {
		g.GET("/buy/:token", on(d.followLink))
	}

	own := page.Guarded(g, "", d.Site.RequireUser)
	own.GET("/checkout", on(d.showCheckout))
	own.POST("/checkout", on(d.place))
	own.GET("/orders", on(d.listOrders))
	own.GET("/orders/:orderNo", on(d.showOrder))
	own.GET("/orders/:orderNo/status", on(d.followOrder))
	own.POST("/orders/:orderNo/pay", on(d.payOrder))
	own.GET("/orders/:orderNo/pay", on(d.showPayment))
	own.GET("/orders/:orderNo/pay/status", on(d.followPayment))
	own.GET("/orders/:orderNo/pay/payer", on(d.takePayer))
	own.POST("/orders/:orderNo/ask", on(d.askProvider))
	own.POST("/orders/:orderNo/cancel", on(d.cancelOrder))
	own.POST("/orders/:orderNo/again", on(d.buyAgain))
	own.POST("/orders/:orderNo/refund", on(d.askRefund))
	own.POST("/orders/:orderNo/refund/:id/withdraw", on(d.withdrawRefund))
}

// CartCount is the number in the header, for page.Options.
func CartCount(carts *cart.Carts) func(context.Context, *page.Ctx) (int, error) {
	return func(ctx context.Context, c *page.Ctx) (int, error) { return carts.Count(ctx, owner(c)) }
}

// Awaiting are the orders that the header names, for page.Options.
func Awaiting(orders *order.Orders) func(context.Context, *page.Ctx) (views.Awaiting, error) {
	return func(ctx context.Context, c *page.Ctx) (views.Awaiting, error) {
		waiting, err := orders.AwaitingPayment(ctx, c.Viewer.UserID)
		if err != nil {
			return views.Awaiting{}, err
		}
		u := views.Awaiting{Orders: waiting.Orders, Href: "/orders"}
		if waiting.Orders == 1 {
			u.Href = orderURL(waiting.Newest)
		}
		return u, nil
	}
}

// OnSignIn moves the guest's cart to the person who has just signed in, and gives them the free video that they signed
// in for. Should the first fail, the guest keeps the cart and the next sign-in tries again; should the second, the
// video's page offers it again.
func (d Deps) OnSignIn(ctx context.Context, c *page.Ctx, userID int64) error {
	_, err := d.Carts.Merge(ctx, c.GuestToken(), userID)
	if err == nil {
		c.DropGuestToken()
	}
	return errors.Join(err, d.takePressed(ctx, c, userID))
}

// owner is whose cart the request is about: a guest without a token has none yet.
func owner(c *page.Ctx) cart.Owner {
	if c.Viewer.SignedIn() {
		return cart.Owner{UserID: c.Viewer.UserID}
	}
	return cart.Owner{GuestToken: c.GuestToken()}
}

func orderURL(orderNo string) string { return "/orders/" + orderNo }
