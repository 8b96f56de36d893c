// Package sale owns the pages of flash sales: what runs and what comes, one sale with its clock and its live stock, and
// the button that buys. It refuses to price, to count stock and to decide who may buy: promotions, inventory and orders
// do. Sales are made in web/studio/campaigns and web/admin/campaigns.
package sale

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/order"
	"videomall/mall/promotion"
	saleview "videomall/views/sale"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site       *page.Site
	Promotions *promotion.Promotions
	Catalog    *catalog.Catalog
	Inventory  *inventory.Inventory
	// Place is the order's; it decides whether the sale sells to this person.
	Place       func(context.Context, order.PlaceRequest) (placed order.Order, replayed bool, err error)
	Policy      order.Policy // of refunds, which the page promises
	PlusTax     bool         // the prices are without tax
	WaitingRoom WaitingRoom
	Now         func() time.Time
	// Stopping is closed when the server is about to end, which waits for open streams; nil never closes.
	Stopping <-chan struct{}
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	s := &shown{Deps: d}
	s.hub = newHub(s.live, everySecond)
	b := &buying{d, &gate{WaitingRoom: d.WaitingRoom, known: map[int64]count{}}}
	g.GET("/sales", on(d.listSales))
	g.GET("/sales/:id", on(d.showSale))
	g.GET("/sales/:id/events", s.follow)
	g.POST("/sales/:id/buy", on(b.buy), d.Site.RequireUser)
}

// teasers adds to campaigns the videos that they sell; it leaves out those that can't be shown any more.
func teasers(ctx context.Context, c *catalog.Catalog, campaigns []promotion.Campaign) ([]saleview.Teaser, error) {
	var ids []int64
	for _, k := range campaigns {
		for _, i := range k.Items {
			ids = append(ids, i.SKUID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	offers, err := c.Offers(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]saleview.Teaser, len(campaigns))
	for n, k := range campaigns {
		list[n].Campaign = k
		for _, i := range k.Items {
			if o, ok := offers[i.SKUID]; ok {
				list[n].Lots = append(list[n].Lots, saleview.Lot{Item: i, Video: &o})
			}
		}
	}
	return list, nil
}

// mendable reports whether the sender of a form can do something about the fault.
func mendable(f *fault.Fault) bool { return f.Kind == fault.Invalid || f.Kind == fault.Conflict }
