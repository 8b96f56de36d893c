// Package promotion owns what makes videos cheaper: flash sales, with the SKUs that they sell, their prices and
// moments; coupons, with their terms and uses; bundles, with their videos and how their price divides. It refuses to
// know how stock is kept, what a video is and what an order is beyond its number: whoever joins the modules hands it
// the verbs that set stock apart and that name a SKU's price.
package promotion

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion/internal/dbsqlc"
)

// Limits of one campaign; the schema keeps those of an item too.
const (
	MaxItems   = 20
	MaxUnits   = 1_000_000
	MaxPerUser = 100
	MaxName    = 80 // letters
)

// The faults that callers tell apart. Those with Fields name an input: "name_en", "ends_at", "items.0.price".
var (
	ErrNotFound    = fault.New(fault.NotFound, "campaign_not_found", "There is no such sale.")
	ErrSKUNotFound = fault.New(fault.NotFound, "campaign_sku_not_found", "There is no such version of a video.")
	ErrInvalid     = fault.New(fault.Invalid, "campaign_invalid", "Some fields need another look.")
	ErrMoved       = fault.New(fault.Conflict, "campaign_moved", "The sale has moved on since you looked.")
	ErrSKUBusy     = fault.New(fault.Conflict, "campaign_sku_busy", "A video is in another sale already.")
)

// Querier is a pool or a transaction: what a verb needs to read within its caller's snapshot.
type Querier interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (pgx.Rows, error)
	QueryRow(context.Context, string, ...any) pgx.Row
}

// SKU is what a campaign or a bundle must know of one: of which video it is, whose, and what it costs by itself.
type SKU struct {
	SPUID     int64
	CreatorID int64
	Price     money.Money
}

// Stock are the verbs of whoever keeps it. Split and Merge join the campaign's transaction.
type Stock struct {
	Split func(ctx context.Context, tx pgx.Tx, campaignID, skuID, units int64, perUser int) error
	Merge func(ctx context.Context, tx pgx.Tx, campaignID int64) (units int64, err error)
	Left  func(ctx context.Context) (campaignIDs []int64, err error) // campaigns with units available
	// told after the commit, for whoever counts units elsewhere
	Moved func(ctx context.Context, campaignID int64)
}

// Deps are what campaigns stand on.
type Deps struct {
	Pool  *pgxpool.Pool
	Stock Stock
	// SKUs are those that can be sold at a moment; others are absent from the map.
	SKUs func(ctx context.Context, q Querier, skuIDs []int64, at time.Time) (map[int64]SKU, error)
	// CreatorsOf says whose videos are; unknown ones are absent from the map.
	CreatorsOf func(ctx context.Context, q Querier, spuIDs []int64) (map[int64]int64, error)
	Now        func() time.Time
	// Announce tells whoever shows prices, in the transaction of the move, that what a campaign sells of these SKUs has
	// changed; nil tells nobody.
	Announce func(ctx context.Context, tx pgx.Tx, skuIDs []int64) error
	// Audit writes down what an operator did, in the transaction of the action; nil writes nothing. It is called last.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
}

// auditTx records an operator's action. What creators do with their own sales is not audited.
func (p *Promotions) auditTx(ctx context.Context, tx pgx.Tx, by Actor, verb string, c Campaign) error {
	return p.auditActionTx(ctx, tx, by, verb, fmt.Sprintf("campaign:%d", c.ID),
		map[string]any{"name": c.Name.En, "owner": c.OwnerID, "version": c.Version})
}

// auditCouponTx is auditTx for a coupon of the mall.
func (p *Promotions) auditCouponTx(ctx context.Context, tx pgx.Tx, by Actor, verb string, c Coupon) error {
	return p.auditActionTx(ctx, tx, by, verb, fmt.Sprintf("coupon:%d", c.ID),
		map[string]any{"code": c.Code, "terms": c.Terms, "version": c.Version})
}

func (p *Promotions) auditActionTx(ctx context.Context, tx pgx.Tx, by Actor, verb, subject string,
	detail map[string]any,
) error {
	if !by.Operator || p.deps.Audit == nil {
		return nil
	}
	return p.deps.Audit(ctx, tx, by.UserID, verb, subject, detail)
}

// Promotions drafts, schedules, starts and ends campaigns, and says what they offer.
type Promotions struct {
	deps Deps
	q    *dbsqlc.Queries
}

// New opens the campaigns.
func New(d Deps) *Promotions {
	now := d.Now
	// PostgreSQL keeps microseconds; a finer clock would end a campaign after the moment that is stored.
	d.Now = func() time.Time { return now().Truncate(time.Microsecond) }
	return &Promotions{deps: d, q: dbsqlc.New()}
}

// Actor is who makes campaigns: a creator with the SKUs of the own videos, or an operator with all.
type Actor struct {
	UserID   int64
	Operator bool
}

func (a Actor) String() string {
	if a.Operator {
		return fmt.Sprintf("operator:%d", a.UserID)
	}
	return fmt.Sprintf("creator:%d", a.UserID)
}

func (a Actor) owns(c Campaign) bool { return a.Operator || a.UserID == c.OwnerID }

// Campaign is one flash sale. Version counts its moves and edits. It sells from StartsAt until just before EndsAt.
type Campaign struct {
	ID       int64
	OwnerID  int64
	Name     locale.Text
	StartsAt time.Time
	EndsAt   time.Time
	Status   Status
	Version  int
	Items    []Item
}

// Item is one SKU of a campaign. Units is the stock that it is given, PerUser how many of them one person may buy.
type Item struct {
	SKUID   int64
	Amount  money.Money
	Units   int
	PerUser int
}

// On says that the campaign sells at that moment, by its state and by the clock.
func (c Campaign) On(at time.Time) bool {
	return c.Status == Running && !at.Before(c.StartsAt) && at.Before(c.EndsAt)
}

// Item finds the campaign's item of a SKU.
func (c Campaign) Item(skuID int64) (Item, bool) {
	for _, i := range c.Items {
		if i.SKUID == skuID {
			return i, true
		}
	}
	return Item{}, false
}

func campaignOf(r dbsqlc.PromotionCampaign) Campaign {
	return Campaign{
		ID:       r.ID,
		OwnerID:  r.OwnerID,
		Name:     locale.Text{Zh: r.NameZh, En: r.NameEn},
		StartsAt: r.StartsAt,
		EndsAt:   r.EndsAt,
		Status:   Status(r.Status),
		Version:  int(r.Version),
	}
}
