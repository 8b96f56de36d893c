// Package admin owns the operator's console: the overview, orders, refunds, cases, dead letters, the audit log, and one
// search over all of it. The packages below it own the pages about people, money, moderation, campaigns, coupons and
// site pages. Everybody else gets 404 here. It refuses to move money or states by itself: it calls the same verbs as
// every other page.
package admin

import (
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"

	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/insight"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/payment"
	"videomall/mall/playback"
	"videomall/mall/reconcile"
	"videomall/mall/review"
	"videomall/mall/risk"
	"videomall/web/page"
)

// Deps are the verbs that the console calls.
type Deps struct {
	Site       *page.Site
	Accounts   *account.Accounts
	Orders     *order.Orders
	Payments   *payment.Payments
	Outbox     *outbox.Outbox
	Audit      *audit.Log
	Jobs       *river.Client[pgx.Tx]  // looks failed jobs up
	FailedJobs *backoffice.FailedJobs // retries, cancels and deletes them
	Catalog    *catalog.Catalog
	Insight    *insight.Insight
	Reviews    *review.Reviews
	Reconciler *reconcile.Reconciler
	Exchange   *exchange.Exchange
	// Documents draws the invoices of an order, or returns nil if it has none; nil for a mall without.
	Documents func(ctx context.Context, orderNo string) (templ.Component, error)
	// Finders are the kinds of things that the search looks for, in the order in which it shows them.
	Finders []Finder
	// Waiting counts what the review desk has to do; nil where there is no desk.
	Waiting func(context.Context) (reviews, appeals int, err error)
	// Plays lists what a person played of some videos since a moment, the first and the last plays of each, for
	// disputes; nil for a mall without playback.
	Plays func(ctx context.Context, userID int64, spuIDs []int64, since time.Time,
		first, last int) (map[int64]playback.PlayLog, error)
	// PlayDays sums them up by day, and Watched says how much was watched; both nil without playback.
	PlayDays func(ctx context.Context, userID int64, spuIDs []int64, since time.Time, most int) ([]playback.PlayDay, error)
	Watched  func(ctx context.Context, userID int64, spuIDs []int64) (map[int64]int, error)
	Lists    *risk.Lists // who is denied and allowed; nil for a mall without
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	a := page.Guarded(g, "/admin", d.Site.RequireDuty)
	a.GET("", on(d.showOverview))
	a.GET("/orders", on(d.listOrders))
	a.GET("/orders/:orderNo", on(d.showOrder))
	a.GET("/orders/:orderNo/timeline", on(d.showTimeline))
	a.POST("/orders/:orderNo/notices/:id/what-if", on(d.whatIf))
	a.GET("/orders/:orderNo/refund", on(d.reviewRefund))
	a.POST("/orders/:orderNo/refund", on(d.refund), d.Site.RequireRecent)
	a.GET("/refunds", on(d.showDesk))
	a.GET("/refunds/requests/:id/approve", on(toDesk))
	a.POST("/refunds/requests/:id/approve", on(d.approveAsked), d.Site.RequireRecent)
	a.GET("/refunds/requests/:id/decline", on(toDesk))
	a.POST("/refunds/requests/:id/decline", on(d.declineAsked))
	a.GET("/refunds/:refundNo/transfer", on(toDesk))
	a.POST("/refunds/:refundNo/transfer", on(d.transferRefund), d.Site.RequireRecent)
	a.GET("/disputes/:id/evidence.pdf", on(d.evidence))
	a.GET("/cases", on(d.listCases))
	a.POST("/cases/:id/close", on(d.closeCase))
	a.GET("/dead-letters", on(d.listLetters))
	a.GET("/dead-letters/events/:subscriber/:id", on(d.showEvent))
	a.POST("/dead-letters/events/:subscriber/:id/retry", on(d.retryEvent))
	a.POST("/dead-letters/events/:subscriber/:id/discard", on(d.discardEvent))
	a.POST("/dead-letters/events/:subscriber/:id/cancel", on(d.cancelEvent))
	a.GET("/dead-letters/jobs/:id", on(d.showJob))
	a.POST("/dead-letters/jobs/:id/retry", on(d.retryJob))
	a.POST("/dead-letters/jobs/:id/discard", on(d.discardJob))
	a.POST("/dead-letters/jobs/:id/cancel", on(d.cancelJob))
	a.GET("/products/:id", on(d.showProduct))
	a.GET("/search", on(d.find))
	a.GET("/audit", on(d.showAudit))
	a.GET("/audit.csv", on(d.exportAudit))
}

// actor is the operator's name in the history of an order.
func actor(c *page.Ctx) string { return operator(c.Viewer.UserID) }

// operator names an account of the staff as histories do.
func operator(id int64) string { return "operator:" + strconv.FormatInt(id, 10) }

// buyers returns the accounts that placed the orders.
func (d Deps) buyers(ctx context.Context, orders []order.Order) (account.Users, error) {
	ids := make([]int64, len(orders))
	for i, o := range orders {
		ids[i] = o.UserID
	}
	return d.Accounts.Users(ctx, ids...)
}

// partiesOf are the buyers and the creators of orders.
func partiesOf(orders ...order.Order) []int64 {
	var ids []int64
	for _, o := range orders {
		ids = append(ids, o.UserID)
		for _, i := range o.Items {
			ids = append(ids, i.CreatorID)
		}
	}
	return ids
}
