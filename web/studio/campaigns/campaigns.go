// Package campaigns owns the desk where flash sales are made: drafts, their schedule, and what became of them. Creators
// find it in the studio; web/admin/campaigns opens the same pages to operators. It refuses to price, to count stock and
// to decide who may change a sale: promotions and inventory do.
package campaigns

import (
	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/inventory"
	"videomall/mall/payment"
	"videomall/mall/promotion"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site       *page.Site
	Promotions *promotion.Promotions
	Catalog    *catalog.Catalog
	Payments   *payment.Payments
	Exchange   *exchange.Exchange
	Inventory  *inventory.Inventory
}

// Routes registers a creator's desk in the studio.
func Routes(g *echo.Group, d Deps) {
	k := desk{Deps: d, base: "/studio"}
	k.routes(page.Guarded(g, k.base, d.Site.RequireRole(account.RoleCreator)))
}

// OperatorRoutes registers the desk of the whole mall in the console.
func OperatorRoutes(g *echo.Group, d Deps) {
	k := desk{
		Deps:     d,
		base:     "/admin",
		operator: true,
	}
	k.routes(page.Guarded(g, k.base, d.Site.RequireDuty))
}
