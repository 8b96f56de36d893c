package mall

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/mall/account"
	"videomall/mall/cache"
	"videomall/mall/cart"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/entitlement"
	"videomall/mall/exchange"
	"videomall/mall/inventory"
	"videomall/mall/invoice"
	"videomall/mall/ledger"
	"videomall/mall/media"
	"videomall/mall/notice"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/payment/settings"
	"videomall/mall/playback"
	"videomall/mall/reconcile"
	"videomall/mall/redisbreaker"
	"videomall/mall/review"
	"videomall/mall/risk"
	"videomall/mall/search"
	"videomall/mall/sitepage"
	"videomall/mall/subscriber"
	"videomall/mall/tax"
	"videomall/mall/waitingroom"
	"videomall/mall/webhook"
	"videomall/telemetry"
)

// New joins the modules. It starts nothing. A module that needs one which is made after it is handed a function that
// finds the other through m; none of these is called before New has returned: docs/decisions/0034 says why.
func New(o Options) (*Mall, error) {
	jobs, err := river.NewClient(riverpgxv5.New(o.Pools.Primary), &river.Config{
		Logger: telemetry.AtLeast(slog.LevelWarn, o.Log),
	})
	if err != nil {
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	m := &Mall{
		River: jobs,
		pool:  o.Pools.Primary,
		log:   o.Log,
		now:   o.Now,
	}
	if err := m.openPeople(o); err != nil {
		return nil, err
	}
	m.openShop(o)
	if err := m.openMedia(o); err != nil {
		return nil, err
	}
	if err := m.openOrders(o); err != nil {
		return nil, err
	}
	m.WaitingRoom, err = waitingroom.New(waitingroom.Deps{
		Redis:   o.Redis,
		Key:     o.QueueKey,
		Metrics: o.Metrics,
		Log:     o.Log,
		Now:     o.Now,
	})
	if err != nil {
		return nil, err
	}
	m.Admissions = waitingroom.NewSales(waitingroom.SalesDeps{Find: m.findSale, Now: o.Now})
	m.Webhooks, err = webhook.New(webhook.Deps{
		Pool:     m.pool,
		River:    jobs,
		Key:      o.WebhookKey,
		Loopback: o.WebhookLoopback,
		Now:      o.Now,
	})
	if err != nil {
		return nil, err
	}
	m.Insight = Insight(m, m.pool, o)
	if m.Mails != nil {
		m.Notices = notice.New(notice.Deps{
			Pool:         m.pool,
			Now:          o.Now,
			Accounts:     m.Accounts,
			Mails:        m.Mails,
			Orders:       m.Orders,
			Entitlements: m.Entitlements,
		})
	}
	if err := m.openFollows(o); err != nil {
		return nil, err
	}
	subscriber.Subscribe(m.Outbox, subscriber.Deps{
		Catalog:  m.Catalog,
		Follows:  m.Follows,
		Insight:  m.Insight,
		Invoices: m.Invoices,
		Notices:  m.Notices,
		Orders:   m.Orders,
		Reviews:  m.Reviews,
		Search:   m.Search,
		Webhooks: m.Webhooks,
	})
	return m, nil
}

// openShop opens what is sold: events and caches, the catalogue and its search, stock, campaigns, site pages.
func (m *Mall) openShop(o Options) {
	m.Outbox = outbox.New(outbox.Deps{
		Pool:  m.pool,
		Now:   o.Now,
		Audit: m.audit,
	})
	m.Changes = cache.NewChanges(cache.ChangesDeps{
		Redis: redisbreaker.New(o.Redis),
		Log:   o.Log,
		Now:   o.Now,
	})
	m.Cart = cart.New(cart.Deps{Pool: m.pool, Now: o.Now})
	m.Entitlements = entitlement.New(entitlement.Deps{Pools: o.Pools, Now: o.Now})
	m.Inventory = inventory.New(inventory.Deps{
		Pool: m.pool,
		Gate: inventory.NewGate(inventory.GateDeps{
			Pool:    m.pool,
			Redis:   o.Redis,
			Log:     o.Log,
			Metrics: o.Metrics,
			Now:     o.Now,
		}),
		Now: o.Now,
	})
	m.Catalog = catalog.New(catalog.Deps{
		Pools: o.Pools,
		Now:   o.Now,
		Cache: catalog.CacheDeps{
			Changes: m.Changes,
			Metrics: o.Metrics,
			Log:     o.Log,
			Write: func(ctx context.Context, tx pgx.Tx, ch catalog.Change) error {
				return m.Outbox.WriteTx(ctx, tx, ch.Type, ch.Aggregate(), ch)
			},
			Notify: func(ctx context.Context, q catalog.Querier, ch catalog.Change) error {
				return m.Outbox.NotifyTx(ctx, q, ch)
			},
		},
	})
	m.Listings = listing.New(listing.Deps{
		Pools:      o.Pools,
		Now:        o.Now,
		Catalog:    m.Catalog,
		Video:      m.listingVideo,
		Stock:      m.Inventory.SetStockTx,
		OnSubmit:   m.submitted,
		OnWithdraw: m.withdrawn,
	})
	m.Search = search.New(search.Deps{
		Pools:   o.Pools,
		Catalog: m.Catalog,
		Now:     o.Now,
	})
	m.Promotions = Promotions(PromotionsDeps{
		Pool:      m.pool,
		Catalog:   m.Catalog,
		Inventory: m.Inventory,
		Now:       o.Now,
		Audit:     m.audit,
	})
	m.SitePages = sitepage.New(sitepage.Deps{
		Pool:  m.pool,
		Now:   o.Now,
		Audit: m.audit,
		Notify: func(ctx context.Context, tx pgx.Tx) error {
			return m.Outbox.NotifyTx(ctx, tx, invalidation{Tag: sitepage.Tag})
		},
		Drop: func(ctx context.Context) { m.Changes.Drop(ctx, sitepage.Tag) },
	})
}

// openMedia opens videos and their playback. Where this machine can't make videos of uploads, the rest of the mall works.
func (m *Mall) openMedia(o Options) (err error) {
	d := media.Deps{
		Pool:        m.pool,
		Storage:     o.Storage,
		Key:         o.MediaKey,
		Now:         o.Now,
		Uploads:     o.Uploads,
		CoverMemory: o.CoverMemory,
		DiskFloor:   o.DiskFloor,
		Processing: &media.Processing{
			Jobs:  m.River,
			Dir:   o.WorkDir,
			Log:   o.Log,
			InUse: m.Catalog.NeedsAsset,
		},
	}
	if m.Media, err = media.New(d); err != nil {
		o.Log.Error("videos are not made of uploads here", "error", err)
		d.Processing = nil
		if m.Media, err = media.New(d); err != nil {
			return err
		}
	}
	if o.Playback.MayPreview == nil {
		o.Playback.MayPreview = m.mayPreview
	}
	if o.Playback.MayAct == nil {
		o.Playback.MayAct = func(ctx context.Context, by playback.Credential) error {
			return m.Accounts.MayAct(ctx, account.Grant(by))
		}
	}
	if o.Playback.Free == nil {
		o.Playback.Free = m.Catalog.FreeMinutes
	}
	m.Playback, err = playback.New(playback.Deps{
		Pool:         m.pool,
		Redis:        o.Redis,
		Entitlements: m.Entitlements,
		Media:        m.Media,
		Secrets:      o.PlaySecrets,
		Options:      o.Playback,
		OnProgress:   m.countPlay,
		Log:          o.Log,
		Now:          o.Now,
	})
	return err
}

// openOrders opens the books, payments, orders and the review desk.
func (m *Mall) openOrders(o Options) (err error) {
	m.Exchange = exchange.New(exchange.Deps{
		Pool:  m.pool,
		Now:   o.Now,
		Base:  listing.Currency,
		Audit: m.audit,
	})
	m.Ledger = ledger.New(ledger.Deps{
		Pool:     m.pool,
		Now:      o.Now,
		Terms:    o.Terms,
		Key:      o.PayoutKey,
		Exchange: m.Exchange,
		Audit:    m.audit,
		OnDecision: func(ctx context.Context, tx pgx.Tx, p ledger.Payout) error {
			kind, aggregate, e := p.Event()
			return m.Outbox.WriteTx(ctx, tx, kind, aggregate, e)
		},
		OnDestination: func(ctx context.Context, tx pgx.Tx, e ledger.DestinationEvent) error {
			return m.Outbox.WriteTx(ctx, tx, "payout.destination_changed", fmt.Sprintf("payee:%d", e.CreatorID), e)
		},
	})
	m.Taxes = tax.New(tax.Deps{
		Pool:  m.pool,
		Now:   o.Now,
		Shop:  o.Tax,
		Audit: m.audit,
	})
	providers := slices.Clone(o.Providers)
	if o.Sandbox != nil {
		m.Sandbox = sandbox.New(sandbox.Deps{
			Pool:    m.pool,
			River:   m.River,
			Options: *o.Sandbox,
		})
		providers = append(providers, m.Sandbox)
	}
	m.Payments = payment.New(payment.Deps{
		Pool:      m.pool,
		Now:       o.Now,
		Metrics:   o.Metrics,
		Providers: providers,
	})
	if o.ProviderKey != nil {
		m.Providers, err = settings.New(settings.Deps{
			Pool:     m.pool,
			Now:      o.Now,
			Log:      o.Log,
			Key:      o.ProviderKey,
			Kinds:    o.ProviderKinds,
			Payments: m.Payments,
			Audit:    m.audit,
		})
		if err != nil {
			return err
		}
	}
	m.Orders = order.New(order.Deps{
		Pool:         m.pool,
		Catalog:      m.Catalog,
		Promotions:   m.Promotions,
		Inventory:    m.Inventory,
		Payments:     m.Payments,
		Entitlements: m.Entitlements,
		Ledger:       m.Ledger,
		Taxes:        m.Taxes,
		Exchange:     m.Exchange,
		Outbox:       m.Outbox,
		River:        m.River,
		Redis:        o.Redis,
		Metrics:      o.Metrics,
		Now:          o.Now,
		PayWindow:    o.PayWindow,
		Policy:       o.Refunds,
		Watched:      m.Playback.Watched,
		Ended: func(ctx context.Context, tx pgx.Tx, spuIDs []int64) (map[int64]int64, error) {
			return m.Reviews.EndedAccessTx(ctx, tx, spuIDs)
		},
		Decided: decided,
		Audit:   m.audit,
	})
	m.Reconciler = reconcile.New(reconcile.Deps{
		Pool:     m.pool,
		Now:      o.Now,
		Payments: m.Payments,
		Orders:   m.Orders,
		Ledger:   m.Ledger,
		River:    m.River,
		Rates:    o.FeeRates,
		Audit:    m.audit,
	})
	m.Invoices = invoice.New(invoice.Deps{
		Pool:     m.pool,
		Now:      o.Now,
		Orders:   m.Orders,
		Payments: m.Payments,
		River:    m.River,
		Seller:   o.Seller,
		Tax:      o.Tax,
		Buyer:    m.nameOf,
		Audit:    m.audit,
	})
	m.Reviews = review.New(m.reviewDeps())
	return nil
}

// nameOf returns the name of an account.
func (m *Mall) nameOf(ctx context.Context, userID int64) (string, error) {
	u, err := m.Accounts.User(ctx, userID)
	return u.Name, err
}

// decided returns what risk has decided about the request of a context.
func decided(ctx context.Context) (list []order.Decision) {
	for _, d := range risk.Decisions(ctx) {
		list = append(list, order.Decision(d))
	}
	return list
}
