// Package sales owns the creator's pages of what was sold: the orders, the customers, a refund within the mall's
// policy, and the answers to reviews. It refuses to know a buyer's address: a creator sees a name.
package sales

import (
	"context"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/web/page"
)

// rows is how many lines a page of a list has.
const rows = 30

// Deps are the verbs that the pages call.
type Deps struct {
	Site     *page.Site
	Accounts *account.Accounts
	Orders   *order.Orders
	Catalog  *catalog.Catalog
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	s := page.Guarded(g, "/studio", d.Site.RequireRole(account.RoleCreator))
	s.GET("/orders", on(d.listSales))
	s.GET("/orders/:orderNo", on(d.showSale))
	s.GET("/orders/:orderNo/refund", on(d.toSale))
	s.POST("/orders/:orderNo/refund", on(d.refund), d.Site.RequireRecent)
	s.GET("/customers", on(d.listCustomers))
	s.GET("/customers/:user", on(d.showCustomer))
	s.GET("/reviews", on(d.listReviews))
	s.POST("/reviews/:id/reply", on(d.reply))
}

// names finds what buyers call themselves, which is all that a creator learns of them; who has left is not in it.
func (d Deps) names(ctx context.Context, ids []int64) (map[int64]string, error) {
	people, err := d.Accounts.Users(ctx, ids...)
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string, len(people))
	for id, u := range people {
		names[id] = u.Name
	}
	return names, nil
}
