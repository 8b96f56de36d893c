// Package offers owns the desk where creators make coupons and bundles, and operators the coupons of the whole mall,
// which web/admin/coupons opens to them. It refuses to judge terms, to price and to count uses: promotions and orders
// do.
package offers

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/payment"
	"videomall/mall/promotion"
	offersview "videomall/views/studio/offers"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site       *page.Site
	Promotions *promotion.Promotions
	Catalog    *catalog.Catalog
	Payments   *payment.Payments
	Exchange   *exchange.Exchange
	Now        func() time.Time
	Guess      page.Guess // of a new coupon's code; refuses with promotion.ErrCouponTries
}

const (
	listPage    = 50  // rows of a list
	mostChoices = 500 // SKUs that a form lets choose from, the newest videos first
)

// Routes registers a creator's desk in the studio.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	k := desk{Deps: d, base: "/studio/offers"}
	r := page.Guarded(g, k.base, d.Site.RequireRole(account.RoleCreator))
	k.couponRoutes(r)
	r.GET("/bundles/new", on(k.beginBundle))
	r.POST("/bundles", on(k.createBundle))
	r.GET("/bundles/:id", on(k.showBundle))
	r.POST("/bundles/:id", on(k.editBundle))
	r.POST("/bundles/:id/end", on(k.endBundle))
}

// OperatorRoutes registers the coupons of the whole mall in the console.
func OperatorRoutes(g *echo.Group, d Deps) {
	k := desk{
		Deps:     d,
		base:     "/admin/offers",
		operator: true,
	}
	k.couponRoutes(page.Guarded(g, k.base, d.Site.RequireDuty))
}

func (k desk) couponRoutes(r *page.Group) {
	on := k.Site.Handle
	r.GET("", on(k.list))
	r.GET("/coupons/new", on(k.beginCoupon))
	r.POST("/coupons", on(k.createCoupon))
	r.GET("/coupons/:id", on(k.showCoupon))
	r.POST("/coupons/:id", on(k.editCoupon))
	r.POST("/coupons/:id/stop", on(k.stopCoupon))
}

// desk is a creator's in the studio, or an operator's in the console, where there are coupons only.
type desk struct {
	Deps
	base     string
	operator bool
}

func (k desk) actor(c *page.Ctx) promotion.Actor {
	return promotion.Actor{UserID: c.Viewer.UserID, Operator: k.operator}
}

func (k desk) frame() offersview.Frame { return offersview.Frame{Base: k.base, Operator: k.operator} }

func (k desk) list(c *page.Ctx) (err error) {
	ctx := c.Request().Context()
	olderCoupons, olderBundles := formvalue.ID(c.QueryParam("coupons")), formvalue.ID(c.QueryParam("bundles"))
	p := offersview.ListPage{Frame: k.frame(), Now: k.Now()}
	if olderCoupons+olderBundles > 0 {
		p.First = k.base
	}
	if p.Coupons, err = k.Promotions.Coupons(ctx, k.actor(c), olderCoupons, listPage+1); err != nil {
		return err
	}
	if len(p.Coupons) > listPage {
		p.Coupons = p.Coupons[:listPage]
		p.NextCoupons = k.older("coupons", p.Coupons[listPage-1].ID)
	}
	if !k.operator {
		if p.Bundles, err = k.Promotions.BundlesOf(ctx, c.Viewer.UserID, olderBundles, listPage+1); err != nil {
			return err
		}
		if len(p.Bundles) > listPage {
			p.Bundles = p.Bundles[:listPage]
			p.NextBundles = k.older("bundles", p.Bundles[listPage-1].ID)
		}
	}
	title := c.Text.T("offer.title")
	if k.operator {
		title = c.Text.T("offer.title_mall")
	}
	return c.Render(http.StatusOK, title, offersview.List(p))
}

func (k desk) older(list string, before int64) string {
	return k.base + "?" + url.Values{list: {strconv.FormatInt(before, 10)}}.Encode()
}

// creator is whose SKUs may be chosen; 0 is everybody's.
func (k desk) creator(c *page.Ctx) int64 {
	if k.operator {
		return 0
	}
	return c.Viewer.UserID
}
