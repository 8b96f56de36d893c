// Package order owns the purchase: what was ordered, at which price, and how far it has come. It is the only
// hub of the mall: each step changes stock, money and access in one transaction. It knows nothing of pages, of
// providers' formats and of how a video is played.
package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"

	"videomall/mall/batch"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/outbox"
	"videomall/mall/payment"
	"videomall/mall/promotion"
	"videomall/mall/tax"
	"videomall/telemetry"
)

// Limits of one order.
const (
	maxLines     = 50
	maxKeyLength = 200
)

// The faults that callers tell apart.
var (
	ErrNotFound  = fault.New(fault.NotFound, "order_not_found", "There is no such order.")
	ErrMoved     = fault.New(fault.Conflict, "order_moved", "The order has moved on since you looked.")
	ErrKeyReused = fault.New(fault.Invalid, "idempotency_key_reused",
		"This Idempotency-Key was used for a different order.")
	ErrKeyMissing = fault.New(fault.Invalid, "idempotency_key_missing",
		"An Idempotency-Key of 1 to 200 printable characters is required.")
	ErrEmpty         = fault.New(fault.Invalid, "empty_order", "An order needs at least one item.")
	ErrTooManyItems  = fault.New(fault.Invalid, "too_many_items", "An order holds at most 50 items.")
	ErrDuplicateItem = fault.New(fault.Invalid, "duplicate_item", "The same item is listed twice.")
	ErrQuantity      = fault.New(fault.Invalid, "quantity_over_limit", "The quantity is not allowed for this item.")
	ErrUnavailable   = fault.New(fault.Conflict, "sku_unavailable", "This item is not for sale.")
	ErrAlreadyOwned  = fault.New(fault.Conflict, "already_owned", "You own this already.")
	ErrPriceChanged  = fault.New(fault.Conflict, "price_changed", "The price has changed.")
	ErrMixedCurrency = fault.New(fault.Invalid, "mixed_currency",
		"Items of different currencies can't be ordered together.")
	ErrCurrency      = fault.New(fault.Conflict, "currency_unavailable", "Nothing can be bought in this currency now.")
	ErrPolicyChanged = fault.New(fault.Conflict, "policy_changed",
		"The refund policy has changed. Nothing has been ordered.")
	ErrNotPayable = fault.New(fault.Conflict, "order_not_payable", "This order can't be paid any more.")
	ErrBeingPaid  = fault.New(fault.Conflict, "payment_processing",
		"A payment for this order is being processed. Look again soon.")
	ErrNotRefundable = fault.New(fault.Conflict, "order_not_refundable",
		"This order can't be refunded in its present state.")
	ErrNothingLeft = fault.New(fault.Conflict, "nothing_to_refund",
		"Everything chosen is refunded already, or being refunded.")
	ErrUnknownItem = fault.New(fault.Invalid, "unknown_item", "The order has no such item.")
	ErrNoCampaign  = fault.New(fault.Conflict, "campaign_not_running",
		"This flash sale is not running, or does not sell this.")
	ErrCouponWithSale   = fault.New(fault.Invalid, "coupon_with_sale", "A coupon can't be used in a flash sale.")
	ErrCouponWithBundle = fault.New(fault.Invalid, "coupon_with_bundle", "A coupon can't be used for a bundle.")
	ErrBusy             = fault.New(fault.Unavailable, "order_busy",
		"Too many orders are coming in at once. Please try again in a moment.")
	ErrAwaitsProvider = errors.New("order: the provider has no final answer yet")
)

// Line is what a buyer asks for. Quantity counts units; several units of a rental are viewing windows in a row.
type Line struct {
	SKUID    int64
	Quantity int
}

// Order is one purchase. Version counts its moves.
type Order struct {
	ID          int64
	OrderNo     string
	UserID      int64
	Status      Status
	Version     int
	Total       money.Money
	Refunded    money.Money
	PayBefore   time.Time
	CreatedAt   time.Time
	PaidAt      *time.Time
	DeliveredAt *time.Time
	ClosedAt    *time.Time
	RefundedAt  *time.Time
	CouponCode  string // empty without a coupon
	BundleID    int64  // 0 if it was not ordered as a bundle
	Policy      Policy // of refunds, as it was shown before the order was placed
	Tax         Tax
	Billing     tax.Profile // of the buyer, as it was when the order was placed
	Imported    bool        // an order of the past, see ImportTx
	Items       []Item

	couponID    int64
	requestHash []byte
}

// Discount is what a coupon or a bundle took off the items' amounts.
func (o Order) Discount() money.Money {
	sum := money.Of(0, o.Total.Currency)
	for _, i := range o.Items {
		sum.Amount += i.Discount.Amount
	}
	return sum
}

// Subtotal is what the items cost before the discount, at the prices of the shop.
func (o Order) Subtotal() money.Money {
	return money.Of(o.Total.Amount+o.Discount().Amount-o.Tax.Added.Amount, o.Total.Currency)
}

// Item returns the item with an id; ok is false if the order has none.
func (o Order) Item(id int64) (i Item, ok bool) {
	n := slices.IndexFunc(o.Items, func(i Item) bool { return i.ID == id })
	if n < 0 {
		return Item{}, false
	}
	return o.Items[n], true
}

// Item is one line as it was sold; later edits of the listing don't change it.
type Item struct {
	ID         int64
	LineNo     int
	SKUID      int64
	SPUID      int64
	CreatorID  int64
	Title      locale.Text
	Slug       string
	Cover      string
	Kind       string
	Quality    string
	RentHours  int // of one unit
	Quantity   int
	UnitAmount money.Money
	Amount     money.Money // before the discount
	Discount   money.Money
	Refunded   money.Money
	Tax        ItemTax
	GrantedAt  *time.Time
	RevokedAt  *time.Time

	priceID     int64
	campaignID  int64 // 0 if it was sold at the normal price
	reservation *uuid.UUID
}

// Price is what the item cost after the discount, as the shop states prices.
func (i Item) Price() money.Money {
	return money.Of(i.Amount.Amount-i.Discount.Amount, i.Amount.Currency)
}

// Net is the price paid for the item with its tax, and the most that can be refunded for it.
func (i Item) Net() money.Money {
	return money.Of(i.Price().Amount+i.Tax.Added.Amount, i.Amount.Currency)
}

// Untaxed is the price paid for the item without tax: what its creator sold it for.
func (i Item) Untaxed() money.Money {
	return money.Of(i.Net().Amount-i.Tax.Amount.Amount, i.Amount.Currency)
}

// RefundedUntaxed is what was refunded of Untaxed.
func (i Item) RefundedUntaxed() money.Money {
	return money.Of(i.Refunded.Amount-i.Tax.Refunded.Amount, i.Amount.Currency)
}

// stockKey names the stock that the item is taken from, if it is limited.
func (i Item) stockKey() inventory.StockKey {
	return inventory.StockKey{SKUID: i.SKUID, CampaignID: i.campaignID}
}

// Deps are the modules that an order brings together.
type Deps struct {
	Pool         *pgxpool.Pool
	Catalog      *catalog.Catalog
	Promotions   *promotion.Promotions
	Inventory    *inventory.Inventory
	Payments     *payment.Payments
	Entitlements *entitlement.Entitlements
	Ledger       *ledger.Ledger
	Taxes        *tax.Taxes         // nil taxes nothing
	Exchange     *exchange.Exchange // nil sells everything in the currency of its price
	Outbox       *outbox.Outbox
	River        *river.Client[pgx.Tx] // inserts only
	Redis        redis.UniversalClient // remembers idempotency keys; nil to do without
	Metrics      *telemetry.Metrics
	Now          func() time.Time
	PayWindow    time.Duration // how long stock waits for payment
	Policy       Policy        // of refunds, for new orders
	Writer       batch.Options // of the writer that places orders in sets; zero fields mean its own bounds
	// Ended returns, by SPU, the takedown for each of these listings to which bought access ends. Until the transaction
	// ends none of these takedowns can be undone. Nil if there are no takedowns.
	Ended func(ctx context.Context, tx pgx.Tx, spuIDs []int64) (map[int64]int64, error)
	// Watched returns how much of these videos a person has watched, in percent; videos never played are absent. Nil if
	// that is unknown, as if nothing had been watched.
	Watched func(ctx context.Context, userID int64, spuIDs []int64) (map[int64]int, error)
	// Decided returns what rules about unwanted visitors have decided about the request of a context, if it is other
	// than nothing; it is kept with the order. Nil if there are no such rules.
	Decided func(context.Context) []Decision
	// Audit records an operator's action in the transaction of the action, and is called last. Nil records nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
}

// store is what Orders and Refunds have in common: it locks orders, moves them, and writes their events.
type store struct {
	deps Deps
	q    *dbsqlc.Queries
}

// Orders places, pays, delivers and closes orders. Refunds refunds them.
type Orders struct {
	*store
	refunds *Refunds
	writer  *batch.Gatherer[*placeAttempt, placeResult]
	denied  *batch.Gatherer[*placeAttempt, placeResult]
	sales   *batch.Gatherer[[]saleAsk, []*SaleTerms]
	keys    *keys
}

// New returns Orders on these modules.
func New(d Deps) *Orders {
	book := &store{deps: d, q: dbsqlc.New()}
	s := &Orders{
		store:   book,
		refunds: &Refunds{book},
		keys:    newKeys(d.Redis),
	}
	d.Writer.Workers, d.Writer.Set = cmp.Or(d.Writer.Workers, writers), cmp.Or(d.Writer.Set, mostInSet)
	d.Writer.Waiting, d.Writer.Crowd = cmp.Or(d.Writer.Waiting, mostWaiting), cmp.Or(d.Writer.Crowd, crowd)
	s.writer = batch.New(d.Writer, s.write)
	s.denied = batch.New(batch.Options{
		Workers: 1,
		Set:     256,
		Waiting: 1 << 16,
	}, s.replaySet)
	s.sales = batch.New(batch.Options{Set: 256, Waiting: 1 << 16}, s.askSaleSet)
	return s
}

// PayWindow is how long stock waits for payment.
func (s *Orders) PayWindow() time.Duration { return s.deps.PayWindow }

// source names an item as the source of an entitlement.
func source(orderNo string, lineNo int) string { return fmt.Sprintf("%s/%d", orderNo, lineNo) }

func aggregate(orderNo string) string { return "order:" + orderNo }

func orderOf(r dbsqlc.VideoOrder) Order {
	o := Order{
		ID:          r.ID,
		OrderNo:     r.OrderNo,
		UserID:      r.UserID,
		Status:      Status(r.Status),
		Version:     int(r.Version),
		Total:       money.Of(r.TotalAmount, r.Currency),
		Refunded:    money.Of(r.RefundedAmount, r.Currency),
		PayBefore:   r.PayBefore,
		CreatedAt:   r.CreatedAt,
		PaidAt:      r.PaidAt,
		DeliveredAt: r.DeliveredAt,
		ClosedAt:    r.ClosedAt,
		RefundedAt:  r.RefundedAt,
		CouponCode:  r.CouponCode,
		Policy: Policy{
			Within:  time.Duration(r.RefundSeconds) * time.Second,
			Watched: int(r.RefundWatched),
			ByRule:  r.RefundByRule,
		},
		Tax: Tax{
			Country: r.TaxCountry,
			Name:    r.TaxName,
			Mode:    tax.Mode(r.TaxMode),
			Amount:  money.Of(r.TaxAmount, r.Currency),
		},
		Billing:     billingOf(r.Billing),
		Imported:    r.IdempotencyKey == importKey(r.OrderNo),
		requestHash: r.RequestHash,
	}
	if r.CouponID != nil {
		o.couponID = *r.CouponID
	}
	if r.BundleID != nil {
		o.BundleID = *r.BundleID
	}
	return o
}

func itemOf(r dbsqlc.VideoOrderItem, currency string) Item {
	i := Item{
		ID:         r.ID,
		LineNo:     int(r.LineNo),
		SKUID:      r.SkuID,
		SPUID:      r.SpuID,
		CreatorID:  r.CreatorID,
		Title:      locale.Text{Zh: r.TitleZh, En: r.TitleEn},
		Slug:       r.Slug,
		Cover:      r.Cover,
		Kind:       r.Kind,
		Quality:    r.Quality,
		RentHours:  int(r.RentHours),
		Quantity:   int(r.Quantity),
		UnitAmount: money.Of(r.UnitAmount, currency),
		Amount:     money.Of(r.Amount, currency),
		Discount:   money.Of(r.DiscountAmount, currency),
		Refunded:   money.Of(r.RefundedAmount, currency),
		Tax: ItemTax{
			Kind:        tax.Kind(r.TaxKind),
			BasisPoints: int(r.TaxRate),
			Amount:      money.Of(r.TaxAmount, currency),
			Added:       money.Of(r.TaxAdded, currency),
			Refunded:    money.Of(r.TaxRefunded, currency),
		},
		GrantedAt:   r.GrantedAt,
		RevokedAt:   r.RevokedAt,
		priceID:     r.PriceID,
		reservation: r.ReservationToken,
	}
	if r.CampaignID != nil {
		i.campaignID = *r.CampaignID
	}
	return i
}

// limited returns the items that take stock, in the order of their SKUs. Stock rows are always locked in this order, so
// that two transactions never deadlock.
func limited(items []Item) []Item {
	list := slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return i.reservation == nil })
	slices.SortFunc(list, func(a, b Item) int { return cmp.Compare(a.SKUID, b.SKUID) })
	return list
}
