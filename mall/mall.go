// Package mall joins the modules of the business into one, in the order their arrows allow. It owns no rule: what a
// purchase is, say its modules.
package mall

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/cache"
	"videomall/mall/cart"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/entitlement"
	"videomall/mall/exchange"
	"videomall/mall/follow"
	"videomall/mall/insight"
	"videomall/mall/inventory"
	"videomall/mall/invoice"
	"videomall/mall/ledger"
	"videomall/mall/mail"
	"videomall/mall/media"
	"videomall/mall/notice"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/partner"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/payment/settings"
	"videomall/mall/playback"
	"videomall/mall/promotion"
	"videomall/mall/reconcile"
	"videomall/mall/review"
	"videomall/mall/risk"
	"videomall/mall/search"
	"videomall/mall/sitepage"
	"videomall/mall/tax"
	"videomall/mall/waitingroom"
	"videomall/mall/webhook"
	"videomall/telemetry"
)

// Options are what the business stands on.
type Options struct {
	Pools   db.Pools
	Redis   redis.UniversalClient
	Storage *media.Storage
	// where videos of uploads are made, on this machine; empty: below the system's folder for temporary files
	WorkDir   string
	Log       *slog.Logger
	Metrics   *telemetry.Metrics
	Now       func() time.Time
	PayWindow time.Duration
	Refunds   order.Policy // what buyers are promised before they buy

	SessionMax time.Duration // how long a sign-in lasts at most; 0: account.UsualLifetimes
	BrowserKey []byte        // signs the marks of browsers where people signed in before, 32 bytes; nil knows none

	FactorKey []byte               // wraps the secrets of authenticator apps, 32 bytes; without it there are none
	Factors   account.FactorPolicy // who has to have a second factor; "" is nobody
	// Breached reports whether a password is known from a breach; nil knows of none.
	Breached func(password string) (bool, error)

	// PublicURL is the mall's, without a trailing slash: partners sign requests for it, and creators' messages link nowhere
	// else.
	PublicURL string

	Secure   bool   // cookies are sent over https only
	MediaKey []byte // wraps the videos' keys, 32 bytes
	Uploads  media.UploadLimits
	// CoverMemory is the memory budget of decoded pictures in bytes; 0: media.UsualCoverMemory.
	CoverMemory int64
	// DiskFloor is how many bytes stay free on each disk that media are written to; 0: nothing is checked.
	DiskFloor   int64
	PlaySecrets playback.Secrets // sign play tokens, segment paths and devices
	Playback    playback.Options

	RateLimits risk.Policies // nil limits nothing
	QueueKey   []byte        // signs the tickets of waiting rooms, 32 bytes
	AuditKey   []byte        // seals the audit log, 32 bytes

	Terms      ledger.Terms              // zero means the usual ones
	Tax        tax.Shop                  // where the shop pays taxes; used once it has rates
	Seller     invoice.Seller            // who sells, as invoices name it
	FeeRates   map[string]reconcile.Rate // what providers agreed to keep; nil compares no fees
	PayoutKey  []byte                    // wraps where creators are paid, 32 bytes
	InsightKey []byte                    // hides whom the sums of a day counted, 32 bytes

	WebhookKey      []byte // wraps the secrets of creators' webhooks, 32 bytes
	WebhookLoopback bool   // they may lie on this machine

	PartnerKey []byte // wraps the secrets of partners and signs their links, 32 bytes

	Mail Mail

	// Providers are those that take real money, in the order in which they are offered.
	Providers []payment.Provider
	// ProviderKinds are those that operators can configure in the console.
	ProviderKinds []settings.Kind
	ProviderKey   []byte // encrypts those settings, 32 bytes
	// Sandbox is the provider that takes no money; nil for a mall that takes real money only.
	Sandbox *sandbox.Options
}

// Mail says how mails are sent; the zero value sends none.
type Mail struct {
	Transport mail.Transport
	From      string // the sender, such as "Video Mall <no-reply@mall.example>"
	Key       []byte // wraps what only recipients may know, 32 bytes; required with a Transport
	Compose   func(ctx context.Context, m mail.Mail) (mail.Content, error)
	TopicOf   func(kind string) mail.Topic
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
	Follows      *follow.Follows
	Inventory    *inventory.Inventory
	Invoices     *invoice.Invoices
	Ledger       *ledger.Ledger
	Limits       *risk.Limits
	Listings     *listing.Listings
	Lists        *risk.Lists
	Mails        *mail.Mails   // nil in a mall that sends no mail
	Mailbox      *mail.Mailbox // nil in a mall whose mails leave it
	Media        media.Media
	Notices      *notice.Notices // nil in a mall that sends no mail
	Orders       *order.Orders
	Outbox       *outbox.Outbox
	Partners     *partner.Partners
	PartnerHooks *webhook.Webhooks // the addresses of partners
	Payments     *payment.Payments
	People       *backoffice.People
	Playback     *playback.Playback
	Promotions   *promotion.Promotions
	Providers    *settings.Settings // of payment providers; nil without a ProviderKey
	Reconciler   *reconcile.Reconciler
	Reviews      *review.Reviews
	Sandbox      *sandbox.Sandbox // nil without one
	Search       *search.Search
	SitePages    *sitepage.Pages
	Taxes        *tax.Taxes
	Exchange     *exchange.Exchange
	WaitingRoom  *waitingroom.Queue
	Webhooks     *webhook.Webhooks
	River        *river.Client[pgx.Tx] // inserts and looks up; whoever works jobs brings a client of its own
	Changes      *cache.Changes        // what this process has heard of changes; see ListenInvalidations

	pool *pgxpool.Pool
	log  *slog.Logger
	now  func() time.Time
	// audit writes down what operators do.
	audit backoffice.AuditFunc
}
