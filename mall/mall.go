// Package mall joins the modules of the business into one, in the order their arrows allow. It owns no rule: what a
// purchase is, say its modules.
package mall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/cache"
	"videomall/mall/cart"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/insight"
	"videomall/mall/inventory"
	"videomall/mall/ledger"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/playback"
	"videomall/mall/promotion"
	"videomall/mall/redisbreaker"
	"videomall/mall/review"
	"videomall/mall/risk"
	"videomall/mall/search"
	"videomall/mall/sitepage"
	"videomall/mall/subscriber"
	"videomall/mall/waitingroom"
	"videomall/mall/webhook"
	"videomall/telemetry"
)

// Options are what the business stands on.
type Options struct {
	Pools   db.Pools
	Redis   redis.UniversalClient
	Storage *media.Storage
	// where films of uploads are made, on this machine; empty: below the system's folder for temporary files
	WorkDir   string
	Log       *slog.Logger
	Metrics   *telemetry.Metrics
	Now       func() time.Time
	PayWindow time.Duration

	SessionMax time.Duration // how long a sign-in lasts at most; 0: account.UsualLifetimes
	BrowserKey []byte        // signs the marks of browsers where people signed in before, 32 bytes; nil knows none

	Secure   bool   // cookies are sent over https only
	MediaKey []byte // wraps the films' keys, 32 bytes
	Uploads  media.UploadLimits
	PlayKeys playback.Keys // sign play tokens, segment paths and devices
	Playback playback.Options

	RateLimits risk.Policies // nil limits nothing
	QueueKey   []byte        // signs the tickets of waiting rooms, 32 bytes
	AuditKey   []byte        // seals the audit log, 32 bytes

	Terms      ledger.Terms // zero means the usual ones
	PayoutKey  []byte       // wraps where creators are paid, 32 bytes
	InsightKey []byte       // hides whom the sums of a day counted, 32 bytes

	WebhookKey      []byte // wraps the secrets of creators' webhooks, 32 bytes
	WebhookLoopback bool   // they may lie on this machine

	// Sandbox is the provider that takes no money; nil for a mall that takes real money only.
	Sandbox *sandbox.Options
}

// Mall is the business.
type Mall struct {
	Accounts     *account.Accounts
	Admissions   *waitingroom.Sales
	Audit        *audit.Log
	Sessions     *account.Sessions
	Cart         *cart.Carts
	Catalog      *catalog.Catalog
	Entitlements *entitlement.Entitlements
	Insight      *insight.Insight
	FailedJobs   *backoffice.FailedJobs
	Inventory    *inventory.Inventory
	Ledger       *ledger.Ledger
	Limits       *risk.Limits
	Lists        *risk.Lists
	Media        *media.Media
	Orders       *order.Orders
	Outbox       *outbox.Outbox
	Payments     *payment.Payments
	People       *backoffice.People
	Playback     *playback.Playback
	Promotions   *promotion.Promotions
	Reviews      *review.Reviews
	Sandbox      *sandbox.Sandbox // nil without one
	Search       *search.Search
	SitePages    *sitepage.Pages
	WaitingRoom  *waitingroom.Queue
	Webhooks     *webhook.Webhooks
	River        *river.Client[pgx.Tx] // inserts and looks up; whoever works jobs brings a client of its own
	Changes      *cache.Changes        // what this process has heard of changes; see ListenInvalidations

	pool *pgxpool.Pool
	log  *slog.Logger
	now  func() time.Time
}

// New joins the modules. It starts nothing.
func New(o Options) (*Mall, error) {
	primary := o.Pools.Primary
	jobs, err := river.NewClient(riverpgxv5.New(primary),
		&river.Config{Logger: telemetry.AtLeast(slog.LevelWarn, o.Log)})
	if err != nil {
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	m := &Mall{
		Accounts:     account.New(primary, o.Redis, o.Log, o.Now),
		Audit:        audit.New(primary, o.AuditKey, o.Now),
		Sessions:     account.NewSessions(primary, o.Redis, o.Log, o.Now, o.Secure),
		Cart:         cart.New(primary, o.Now),
		Catalog:      catalog.New(o.Pools, o.Now),
		Changes:      cache.NewChanges(redisbreaker.New(o.Redis), o.Log, o.Now),
		Entitlements: entitlement.New(o.Pools, o.Now),
		Inventory:    inventory.New(primary, inventory.NewGate(primary, o.Redis, o.Log, o.Metrics, o.Now), o.Now),
		Ledger:       ledger.New(primary, o.Now),
		Limits:       risk.NewLimits(o.Redis, o.RateLimits, o.Metrics, o.Log, o.Now),
		Lists:        risk.NewLists(primary, o.Log, o.Now),
		Outbox:       outbox.New(primary, o.Now),
		River:        jobs,
		pool:         primary,
		log:          o.Log,
		now:          o.Now,
	}
	m.Accounts.BrowserKey = o.BrowserKey
	m.Sessions.Lifetimes = account.UsualLifetimes.Within(o.SessionMax)
	m.Catalog.Keep(catalog.CacheDeps{
		Changes: m.Changes,
		Metrics: o.Metrics,
		Log:     o.Log,
		Write: func(ctx context.Context, tx pgx.Tx, ch catalog.Change) error {
			return m.Outbox.WriteTx(ctx, tx, ch.Type, ch.Aggregate(), ch)
		},
		Notify: func(ctx context.Context, q catalog.Querier, ch catalog.Change) error {
			return m.Outbox.NotifyTx(ctx, q, ch)
		},
	})
	m.Ledger.Terms, m.Ledger.Key = cmp.Or(o.Terms, ledger.UsualTerms), o.PayoutKey
	m.Promotions = Promotions(primary, m.Catalog, m.Inventory, o.Now)
	audited := backoffice.Audit(m.Accounts, m.Audit)
	m.Promotions.Audit = audited
	m.Lists.Audit = audited
	m.Outbox.Audit = audited
	m.Ledger.Audit = audited
	m.Ledger.OnDecision = func(ctx context.Context, tx pgx.Tx, p ledger.Payout) error {
		kind, aggregate, e := p.Event()
		return m.Outbox.WriteTx(ctx, tx, kind, aggregate, e)
	}
	m.SitePages = sitepage.New(sitepage.Deps{
		Pool:  primary,
		Now:   o.Now,
		Audit: audited,
		Notify: func(ctx context.Context, tx pgx.Tx) error {
			return m.Outbox.NotifyTx(ctx, tx, invalidation{Tag: sitepage.Tag})
		},
		Drop: func(ctx context.Context) { m.Changes.Drop(ctx, sitepage.Tag) },
	})
	m.Lists.May = m.Accounts.OperatorTx
	m.FailedJobs = backoffice.NewFailedJobs(backoffice.FailedJobsDeps{
		Pool:  primary,
		River: jobs,
		Audit: audited,
	})
	m.People = backoffice.NewPeople(backoffice.PeopleDeps{
		Pool:     primary,
		Accounts: m.Accounts,
		Lists:    m.Lists,
		Audit:    audited,
	})
	m.Accounts.Suspended = func(ctx context.Context, userID int64) bool {
		verdict, _ := m.Lists.Judge(ctx, risk.Subject{UserID: userID})
		return verdict == risk.Deny
	}
	m.Search = search.New(o.Pools, m.Catalog, o.Now)
	if m.Media, err = media.New(primary, o.Storage, o.MediaKey, o.Now); err != nil {
		return nil, err
	}
	m.Media.LimitUploads(o.Uploads)
	if err := m.Media.Process(media.Processing{
		Jobs:  jobs,
		Dir:   o.WorkDir,
		Log:   o.Log,
		InUse: m.Catalog.NeedsAsset,
	}); err != nil {
		o.Log.Error("films are not made of uploads here", "error", err) // the rest of the mall works
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
	m.Catalog.Listing = m.listing()
	m.Playback, err = playback.New(primary, o.Redis, m.Entitlements, m.Media, o.PlayKeys, o.Playback, o.Log, o.Now)
	if err != nil {
		return nil, err
	}
	m.Admissions = waitingroom.NewSales(waitingroom.SalesDeps{Find: m.findSale, Now: o.Now})
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
	var providers []payment.Provider
	if o.Sandbox != nil {
		m.Sandbox = sandbox.New(primary, jobs, *o.Sandbox)
		providers = append(providers, m.Sandbox)
	}
	m.Payments = payment.New(primary, o.Now, providers...)
	m.Orders = order.New(order.Deps{
		Pool:         primary,
		Catalog:      m.Catalog,
		Promotions:   m.Promotions,
		Inventory:    m.Inventory,
		Payments:     m.Payments,
		Entitlements: m.Entitlements,
		Ledger:       m.Ledger,
		Outbox:       m.Outbox,
		River:        jobs,
		Redis:        o.Redis,
		Metrics:      o.Metrics,
		Now:          o.Now,
		PayWindow:    o.PayWindow,
		Audit:        audited,
	})
	m.openReviews(audited)
	m.Webhooks, err = webhook.New(webhook.Deps{
		Pool:     primary,
		River:    jobs,
		Key:      o.WebhookKey,
		Loopback: o.WebhookLoopback,
		Now:      o.Now,
	})
	if err != nil {
		return nil, err
	}
	m.Insight = Insight(m, primary, o)
	subscriber.Subscribe(m.Outbox, subscriber.Deps{
		Catalog:  m.Catalog,
		Insight:  m.Insight,
		Orders:   m.Orders,
		Reviews:  m.Reviews,
		Search:   m.Search,
		Webhooks: m.Webhooks,
	})
	m.Playback.OnProgress = func(g playback.Progressed) {
		m.Insight.Played(insight.Sign{
			Session:  g.SessionID,
			UserID:   g.UserID,
			SPUID:    g.SPUID,
			Position: g.PositionSeconds,
			Duration: g.DurationSeconds,
		})
	}
	return m, nil
}

// Promotions opens the campaigns over the stock and the catalogue, which they know by these verbs only.
func Promotions(pool *pgxpool.Pool, c *catalog.Catalog, i *inventory.Inventory,
	now func() time.Time) *promotion.Promotions {
	return promotion.New(promotion.Deps{
		Pool:     pool,
		Now:      now,
		Announce: c.NotifySaleTx,
		Stock: promotion.Stock{
			Split: i.SplitTx,
			Merge: i.MergeTx,
			Left:  i.CampaignsWithStock,
			Moved: i.CampaignMoved,
		},
		SKUs: func(ctx context.Context, q promotion.Querier, skuIDs []int64,
			at time.Time) (map[int64]promotion.SKU, error) {
			offers, err := c.OffersTx(ctx, q, skuIDs, at)
			skus := make(map[int64]promotion.SKU, len(offers))
			for id, o := range offers {
				skus[id] = promotion.SKU{
					SPUID:     o.SPUID,
					CreatorID: o.CreatorID,
					Price:     o.Amount,
				}
			}
			return skus, err
		},
		CreatorsOf: func(ctx context.Context, q promotion.Querier, spuIDs []int64) (map[int64]int64, error) {
			return c.CreatorsOfTx(ctx, q, spuIDs)
		},
	})
}

// mayPreview lets a film be seen before it is sold, and without being bought, by who uploaded it and by operators.
func (m *Mall) mayPreview(ctx context.Context, userID, assetID int64) (bool, error) {
	owner, err := m.Media.OwnerOf(ctx, assetID)
	if err == nil && owner == userID {
		return true, nil
	}
	if err != nil && !errors.Is(err, media.ErrUnknownVideo) {
		return false, err
	}
	u, err := m.Accounts.User(ctx, userID)
	return err == nil && u.Role == account.RoleOperator, err
}

// findSale tells the waiting room of a flash sale that is public; nil otherwise.
func (m *Mall) findSale(ctx context.Context, campaignID int64) (*waitingroom.Sale, error) {
	c, err := m.Promotions.Public(ctx, campaignID)
	if errors.Is(err, promotion.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sale := &waitingroom.Sale{StartsAt: c.StartsAt, EndsAt: c.EndsAt}
	if !c.On(m.now()) {
		return sale, nil
	}
	counts, err := m.Inventory.CampaignCounts(ctx, []int64{campaignID})
	for _, n := range counts {
		sale.Available += n.Available
	}
	return sale, err
}
