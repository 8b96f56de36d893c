// Package api owns the JSON API below /api/v1/mall: what programs may ask, in which exact form, and how the answer is
// written down. It refuses to decide anything about videos, orders and money; the verbs it calls do. openapi.json
// describes every address here, and the tests hold every answer against it.
package api

import (
	_ "embed"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/inventory"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/mall/promotion"
	"videomall/mall/search"
	"videomall/views/address"
	"videomall/views/text"
	"videomall/web/page"
)

// Prefix is where the API begins; another version would begin elsewhere.
const Prefix = "/api/v1/mall"

// Deps are the verbs that the API calls.
type Deps struct {
	Site         *page.Site
	PublicURL    string // what people reach the mall by, without a trailing slash
	Accounts     *account.Accounts
	Catalog      *catalog.Catalog
	Search       *search.Search
	Promotions   *promotion.Promotions
	Inventory    *inventory.Inventory
	Orders       *order.Orders
	Entitlements *entitlement.Entitlements
	Guess        page.Guess // of a coupon's code; refuses with promotion.ErrCouponTries
	Partners     *partner.Partners
	// PerKey counts a signed request against the limit of its key; nil counts nothing.
	PerKey func(c echo.Context, key string) error
}

//go:embed openapi.json
var document []byte

// Routes registers the API. Playback's addresses below Prefix are web/play's.
func Routes(g *echo.Group, d Deps) {
	d.PublicURL = strings.TrimSuffix(d.PublicURL, "/")
	signedIn := d.Site.RequireUser
	g.GET("/api/openapi.json", describe)
	g.GET(Prefix+"/videos", d.on(d.listVideos))
	g.GET(Prefix+"/videos/:skuId", d.on(d.showSKU))
	g.GET(Prefix+"/campaigns", d.on(d.listCampaigns))
	g.POST(Prefix+"/orders", d.on(d.placeOrder), signedIn)
	g.GET(Prefix+"/orders/:orderNo", d.on(d.showOrder), signedIn)
	g.POST(Prefix+"/orders/:orderNo/cancel", d.on(d.cancelOrder), signedIn)
	g.POST(Prefix+"/payments/callback", d.takeNotice)
	g.POST(Prefix+"/payments/callback/:provider", d.takeNotice)
	g.POST(Prefix+"/payments/:orderNo/prepay", d.on(d.prepay), signedIn)
	g.GET(Prefix+"/me/orders", d.on(d.listOrders), signedIn)
	g.GET(Prefix+"/me/entitlements", d.on(d.listEntitlements), signedIn)
	g.POST(Prefix+"/auth/token", d.on(d.issueToken))
	g.DELETE(Prefix+"/auth/token", d.on(d.revokeToken), signedIn)
	d.partnerRoutes(g)
}

func describe(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.JSONBlob(http.StatusOK, document)
}

// on lets a handler work in the language that the request itself asks for. A program says it with every request, so
// its Accept-Language counts for more than the language that a person once chose for the pages.
func (d Deps) on(h func(*page.Ctx) error) echo.HandlerFunc {
	return d.Site.Handle(func(c *page.Ctx) error {
		if asked := c.Request().Header.Get("Accept-Language"); asked != "" {
			c.Text = text.For(text.Choose("", asked))
		}
		return h(c)
	})
}

// list is a part of a list; NextCursor is empty on the last one.
type list[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor"`
}

// coverURL is a cover's public address; nil without a cover.
func (d Deps) coverURL(name string) *string {
	if name == "" {
		return nil
	}
	return new(d.PublicURL + address.Cover(name, media.CoverLarge))
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC())
}

// hours is how long a rental may be watched; nil for what is owned.
func hours(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
