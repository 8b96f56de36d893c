// Package subscriber owns what follows from an event in another module: sums, search documents, refunds of what was
// taken down, messages to creators' servers, mails to followers. Each handler reads one event and calls one verb per module, in the
// transaction of the delivery. It refuses to know when events are relayed and how often one is tried, and it holds no
// rule of the modules that it calls.
package subscriber

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/follow"
	"videomall/mall/insight"
	"videomall/mall/invoice"
	"videomall/mall/notice"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/review"
	"videomall/mall/search"
	"videomall/mall/webhook"
)

// Insight is the name of the subscriber that sums creators' sales.
const Insight = "insight"

// Deps are the modules that the handlers call.
type Deps struct {
	Catalog  *catalog.Catalog
	Follows  *follow.Follows
	Insight  *insight.Insight
	Invoices *invoice.Invoices
	Notices  *notice.Notices // nil in a mall without mail
	Orders   *order.Orders
	Reviews  *review.Reviews
	Search   *search.Search
	Webhooks *webhook.Webhooks
}

// handlers are the functions of the table.
type handlers struct{ deps Deps }

// subscription is a row of the table. Its name is its place in the stream of events: one that is renamed begins with
// the oldest event.
type subscription struct {
	name   string
	types  []string
	handle outbox.Handler
}

func (h handlers) table() []subscription {
	return []subscription{
		{"ended_access", []string{"order.paid"}, h.endLateAccess},
		{"webhooks", []string{"order.paid", "order.delivered", "order.refunded"}, h.notifyOfOrder},
		{"webhooks_listings", listingEvents(), h.notifyOfListing},
		{
			"webhooks_payouts",
			[]string{"payout.approved", "payout.refused", "payout.paid", "payout.failed"},
			h.notifyOfPayout,
		},
		{"popularity", []string{"order.paid", "order.refunded"}, h.countSales},
		{"customers", []string{"order.paid", "order.refunded"}, h.countCustomers},
		{"search", []string{"catalog.published", "catalog.revised", "catalog.taken_down"}, h.index},
		{Insight, []string{"order.paid", "order.refunded"}, h.sumSales},
		{"followers", []string{catalog.ChangePublished}, h.tellFollowers},
		{"invoices", []string{"order.delivered", "order.refunded"}, h.issueInvoices},
		// A migration has placed it behind what happened before. It reads on in a mall without mail, too, so that
		// nobody is told of the past once there is some.
		{"mails", notice.Events(), h.deps.Notices.HandleTx},
	}
}

// Subscribe adds every handler to the outbox.
func Subscribe(box *outbox.Outbox, d Deps) {
	for _, s := range (handlers{d}).table() {
		box.Subscribe(s.name, s.types, s.handle)
	}
}

// index brings what a search finds of a listing up to date when it goes on sale, off sale, or says something else.
func (h handlers) index(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	ch, err := outbox.Payload[catalog.Change](e)
	if err != nil {
		return err
	}
	return h.deps.Search.IndexTx(ctx, tx, ch.SPUID)
}

// tellFollowers begins to mail the followers of a creator whose video went on sale for the first time.
func (h handlers) tellFollowers(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	ch, err := outbox.Payload[catalog.Change](e)
	if err != nil {
		return err
	}
	return h.deps.Follows.PublishedTx(ctx, tx, ch.SPUID, e.CreatedAt)
}

// endLateAccess pays an order back whose payment came after its video was taken off with all that was bought of it.
func (h handlers) endLateAccess(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	o, err := outbox.Payload[order.Event](e)
	if err != nil {
		return err
	}
	var spuIDs []int64
	for _, i := range o.Items {
		spuIDs = append(spuIDs, i.VideoID)
	}
	ended, err := h.deps.Reviews.EndedAccessTx(ctx, tx, spuIDs)
	if err != nil {
		return err
	}
	for spuID, takedownID := range ended {
		if err := h.deps.Orders.Refunds().EndAccessTx(ctx, tx, spuID, takedownID); err != nil {
			return err
		}
	}
	return nil
}
