// Package shop owns the pages a visitor walks through before paying: the front page, lists, searches, a video's page
// and its reviews. It asks the catalogue, the search, the stock and the entitlements, and refuses to decide anything
// that they decide: prices, matches, who owns what.
package shop

import (
	"context"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/cache"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/inventory"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/search"
	followview "videomall/views/follow"
	saleview "videomall/views/sale"
	shopview "videomall/views/shop"
	"videomall/views/ui"
	"videomall/web/page"
	"videomall/web/price"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site         *page.Site
	Catalog      *catalog.Catalog
	Search       *search.Search
	Inventory    *inventory.Inventory
	Entitlements *entitlement.Entitlements
	Orders       *order.Orders
	PlusTax      bool // the prices are without tax
	// Trailer is the address of a video's public playlist; empty when there is none.
	Trailer func(ctx context.Context, assetID int64) (string, error)
	// Chapters are the parts of a video by name; nil for a shop that doesn't show them.
	Chapters func(ctx context.Context, assetID int64) ([]media.Chapter, error)
	// Sales are the flash sales that run, the next to end first; nil for a shop without any.
	Sales func(context.Context) ([]saleview.Teaser, error)
	// Bundles are those that hold a video and that the viewer can buy; nil for a shop without any.
	Bundles func(c *page.Ctx, spuID int64) ([]order.BundleQuote, error)
	// Follow is the button beside a creator; nil for a shop without it.
	Follow func(ctx context.Context, c *page.Ctx, creator catalog.Creator) followview.Button
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on, cached := d.Site.Handle, d.Site.Cached
	g.GET("/", cached(d.home))
	g.GET("/videos", cached(d.videos))
	g.GET("/search", cached(d.search))
	g.GET("/c/:category", cached(d.category))
	g.GET("/creators/:creator", cached(d.creator))
	g.GET("/v/:slug", cached(d.product))
	g.GET("/series/:slug", cached(d.series))
	g.GET("/v/:slug/reviews", on(d.reviews))
	g.POST("/v/:slug/reviews", on(d.addReview), d.Site.RequireUser)
}

// How long a page may be cached that can change without an announcement of the catalogue. Orders change the stock that
// is left and announce nothing; a search is asked by few people, and its index follows by itself.
const (
	stockCached  = 500 * time.Millisecond
	searchCached = 2 * time.Second
)

// Categories are the links in the header, for page.Options.
func Categories(c *catalog.Catalog) func(context.Context, *page.Ctx) ([]ui.Link, error) {
	return func(ctx context.Context, pc *page.Ctx) ([]ui.Link, error) {
		list, err := c.Categories(ctx)
		if err != nil {
			return nil, err
		}
		links := make([]ui.Link, 0, len(list))
		for _, k := range list {
			if k.Videos > 0 {
				href := "/c/" + k.Slug
				links = append(links, ui.Link{
					Label:   shopview.CategoryName(pc.Text, k),
					Href:    href,
					Current: pc.Request().URL.Path == href,
				})
			}
		}
		return links, nil
	}
}

// priceCards puts the prices of running flash sales on cards, as this viewer would pay them, and all prices into the
// viewer's currency. The policy is that of a page that shows them: what is left in a sale is part of orders, which
// announce nothing.
func (d Deps) priceCards(c *page.Ctx, lists ...*[]catalog.Card) (cache.Policy, error) {
	running, err := d.Orders.PriceCards(c.Request().Context(), c.Viewer.UserID, lists...)
	price.Cards(c, lists...)
	if err != nil || !running {
		return cache.Policy{}, err
	}
	return cache.Policy{Fresh: stockCached, Stale: stockCached}, nil
}

// follow is the button beside a creator. Where it leads back to this page, next says so.
func (d Deps) follow(c *page.Ctx, creator catalog.Creator, next string) followview.Button {
	if d.Follow == nil {
		return followview.Button{}
	}
	b := d.Follow(c.Request().Context(), c, creator)
	b.Next = next
	return b
}

// owned returns which of the videos the viewer may watch now. When it cannot be read, no card is marked.
func (d Deps) owned(c *page.Ctx, lists ...[]catalog.Card) map[int64]bool {
	marks := map[int64]bool{}
	if !c.Viewer.SignedIn() {
		return marks
	}
	var ids []int64
	for _, list := range lists {
		for _, k := range list {
			if !slices.Contains(ids, k.SPUID) {
				ids = append(ids, k.SPUID)
			}
		}
	}
	held, err := d.Entitlements.Owned(c.Request().Context(), c.Viewer.UserID, ids)
	if err != nil {
		c.Log().Warn("owned videos not marked", "error", err)
		return marks
	}
	for id := range held {
		marks[id] = true
	}
	return marks
}

// sales returns the running flash sales at prices in the viewer's currency; none when they cannot be read.
func (d Deps) sales(c *page.Ctx) []saleview.Teaser {
	if d.Sales == nil {
		return nil
	}
	list, err := d.Sales(c.Request().Context())
	if err != nil {
		c.Log().Warn("running sales not shown", "error", err)
	}
	seen := make([]saleview.Teaser, len(list))
	for n, s := range list {
		seen[n] = price.Teaser(c, s)
	}
	return seen
}
