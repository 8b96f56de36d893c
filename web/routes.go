package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"

	"videomall/mall"
	"videomall/mall/risk"
	"videomall/static"
	"videomall/web/account"
	"videomall/web/admin"
	"videomall/web/api"
	"videomall/web/checkout"
	"videomall/web/library"
	"videomall/web/page"
	"videomall/web/play"
	"videomall/web/queue"
	"videomall/web/sale"
	"videomall/web/sandbox"
	"videomall/web/shop"
	"videomall/web/studio/webhooks"
)

// routes hangs every address of the mall into the server, room by room.
func routes(e *echo.Echo, d Deps, site *page.Site, asks func(echo.Context) risk.Subject) {
	m, all := d.Mall, e.Group("")
	e.GET(static.Prefix+"*", echo.WrapHandler(static.Handler()))
	e.GET("/robots.txt", robots)
	site.Routes(all)

	shop.Routes(all, shop.Deps{Site: site, Catalog: m.Catalog, Search: m.Search, Inventory: m.Inventory,
		Entitlements: m.Entitlements, Trailer: trailer(m), Sales: sale.NewShowcase(m.Promotions, m.Catalog, d.Now).Running})
	sale.Routes(all, sale.Deps{Site: site, Promotions: m.Promotions, Catalog: m.Catalog, Inventory: m.Inventory,
		Line:  sale.Line{Queue: m.Queue, Name: mall.SaleLine, Floor: m.Floor, Asks: asks, Secure: d.Config.SecureCookies()},
		Place: m.Orders.Place, Now: d.Now, Stopping: d.Stopping})
	account.Routes(all, account.Deps{Site: site, Accounts: m.Accounts, Sessions: m.Sessions,
		OnSignIn: checkout.OnSignIn(m.Cart), Demo: d.Config.Demo})
	checkout.Routes(all, checkout.Deps{Site: site, Carts: m.Cart, Orders: m.Orders, Payments: m.Payments})
	library.Routes(all, library.Deps{Site: site, Catalog: m.Catalog, Entitlements: m.Entitlements, Playback: m.Playback,
		Media: m.Media, Secure: d.Config.SecureCookies()})
	play.Routes(all, play.Deps{Site: site, Catalog: m.Catalog, Media: m.Media, Playback: m.Playback, Covers: d.Covers,
		Avatars: d.Avatars, Secure: d.Config.SecureCookies()})
	admin.Routes(all, admin.Deps{Site: site, Accounts: m.Accounts, Orders: m.Orders, Payments: m.Payments, Outbox: m.Outbox,
		Jobs: m.River, Lists: m.Lists, Asks: asks})
	webhooks.Routes(all, webhooks.Deps{Site: site, Webhooks: m.Webhooks})
	queue.Routes(all, queue.Deps{Site: site, Queue: m.Queue, Floor: m.Floor, Asks: asks, Secure: d.Config.SecureCookies()})
	api.Routes(all, api.Deps{Site: site, PublicURL: d.Config.PublicURL, Accounts: m.Accounts, Catalog: m.Catalog,
		Search: m.Search, Promotions: m.Promotions, Inventory: m.Inventory, Orders: m.Orders, Entitlements: m.Entitlements})
	if m.Sandbox != nil {
		sandbox.Routes(all, sandbox.Deps{Site: site, Sandbox: m.Sandbox})
	}
}

// robots keeps crawlers to the shop: what is personal answers them with a sign-in page at best.
func robots(c echo.Context) error {
	return c.String(http.StatusOK, "User-agent: *\nDisallow: /cart\nDisallow: /checkout\nDisallow: /orders\nDisallow: /library\n"+
		"Disallow: /account\nDisallow: /admin\nDisallow: /studio\nDisallow: /sandbox/\nDisallow: /api/\nDisallow: /search\nDisallow: /queue/\n")
}

// trailer finds the public playlist of a film.
func trailer(m *mall.Mall) func(context.Context, int64) (string, error) {
	return func(ctx context.Context, assetID int64) (string, error) {
		asset, err := m.Media.Asset(ctx, assetID)
		if err != nil {
			return "", err
		}
		return "/media/trailers/" + asset.Prefix + "/index.m3u8", nil
	}
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
