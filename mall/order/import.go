package order

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
	"videomall/mall/promotion"
)

// ErrNotImportable is history that can't be written down. Its cause says which order and why.
var ErrNotImportable = fault.New(fault.Invalid, "order_not_importable", "This order can't be imported.")

// Past is an order from elsewhere, or from before, whose end is known: paid and delivered at PaidAt, or closed unpaid
// where PaidAt is zero. Its items cost what they cost now, less the coupon's discount. Numbers have 26 letters and
// digits and are the caller's own.
type Past struct {
	OrderNo    string
	UserID     int64
	SKUIDs     []int64 // of unlimited stock, one copy each
	CouponCode string
	Provider   string
	AttemptNo  string
	TxnNo      string // the provider's
	PlacedAt   time.Time
	PaidAt     time.Time
	StartedAt  time.Time // of rentals: the first play; zero where none was
	Refund     *PastRefund
}

// PastRefund is a refund of the whole order whose end is known.
type PastRefund struct {
	RefundNo string
	Reason   string
	Actor    string // "operator:2"
	At       time.Time
	// Error is why the provider refused; then no money moved, the buyer keeps the access and a case is open. Empty: it
	// went through.
	Error string
}

// Imported is what became of past orders: what was sold of each video, less what was refunded as a whole, and what was
// paid.
type Imported struct {
	Sold     map[int64]int // copies by SPU
	Payments []payment.Past
	Items    []ImportedItem
}

// ImportedItem is one paid line of an imported order.
type ImportedItem struct {
	OrderNo   string
	UserID    int64
	SPUID     int64
	CreatorID int64
	PaidAt    time.Time
	Refunded  bool
}

// ImportTx writes past orders with all that follows from them in the caller's transaction, set by set: items, moves,
// payments, access, refunds, coupons' uses, the books with what cleared since, and the customers of creators. It tells
// nobody: no event, no job and no provider, so whoever calls it brings sums of its own up to date. Errors:
// ErrNotImportable for a SKU that is not for sale or of limited stock, and for a coupon that does not fit.
func (s *Orders) ImportTx(ctx context.Context, tx pgx.Tx, past []Past) (Imported, error) {
	im := importer{
		Orders: s,
		tx:     tx,
		past:   past,
		done:   Imported{Sold: map[int64]int{}},
	}
	for _, step := range []func(context.Context) error{im.price, im.writeOrders, im.writeItems, im.writeMoves, im.pay, im.grant, im.refund, im.book,
		im.countCustomers} {
		if err := step(ctx); err != nil {
			return Imported{}, fmt.Errorf("import %d orders: %w", len(past), err)
		}
	}
	return im.done, nil
}

type importer struct {
	*Orders
	tx     pgx.Tx
	past   []Past
	orders []Order // as they stand in the end, one for each past one
	done   Imported
}

// deliveredIn and settledIn are how long the steps of an order take that nobody has timed.
const (
	deliveredIn = 3 * time.Second
	settledIn   = 2 * time.Minute
)

// price makes the orders of what is sold now, and takes the discounts of coupons off.
func (im *importer) price(ctx context.Context) error {
	var skuIDs []int64
	var asks []promotion.CouponAsk
	for _, p := range im.past {
		skuIDs = append(skuIDs, p.SKUIDs...)
		if p.CouponCode != "" {
			asks = append(asks, promotion.CouponAsk{Code: p.CouponCode, UserID: p.UserID})
		}
	}
	slices.Sort(skuIDs)
	now := im.Now()
	offers, err := im.Catalog.OffersTx(ctx, im.tx, slices.Compact(skuIDs), now)
	if err != nil {
		return err
	}
	coupons, err := im.Promotions.CountCouponsTx(ctx, im.tx, asks, now, true)
	if err != nil {
		return err
	}
	var uses []promotion.Use
	for _, p := range im.past {
		o, use, err := im.orderOf(p, offers, coupons)
		if err != nil {
			return err
		}
		if use != nil {
			uses = append(uses, *use)
		}
		im.orders = append(im.orders, o)
	}
	var later db.Later
	if err := im.Promotions.HoldTx(ctx, &later, uses); err != nil {
		return err
	}
	if err := later.Send(ctx, im.tx); err != nil {
		return fmt.Errorf("coupons of imported orders: %w", err)
	}
	return im.settleUses(ctx)
}

// settleUses has each use stand as its order does.
func (im *importer) settleUses(ctx context.Context) error {
	for _, o := range im.orders {
		if o.couponID == 0 {
			continue
		}
		if o.PaidAt == nil {
			if err := im.Promotions.ReleaseTx(ctx, im.tx, o.OrderNo); err != nil {
				return err
			}
			continue
		}
		if err := im.Promotions.UseTx(ctx, im.tx, o.OrderNo); err != nil {
			return err
		}
		if o.Status == Refunded {
			if err := im.Promotions.ReturnTx(ctx, im.tx, o.OrderNo); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *importer) orderOf(p Past, offers map[int64]catalog.Offer, coupons *promotion.CouponCount) (Order, *promotion.Use, error) {
	p.PlacedAt = p.PlacedAt.Truncate(time.Microsecond)
	hash := sha256.Sum256([]byte(p.OrderNo))
	o := Order{
		OrderNo:     p.OrderNo,
		UserID:      p.UserID,
		Status:      Delivered,
		Version:     3,
		PayBefore:   p.PlacedAt.Add(im.PayWindow),
		CreatedAt:   p.PlacedAt,
		requestHash: hash[:],
	}
	var priced []promotion.Priced
	for n, id := range p.SKUIDs {
		f, sold := offers[id]
		if !sold || f.StockLimited {
			return Order{}, nil, ErrNotImportable.Because("order %s: SKU %d is not for sale without a limit", p.OrderNo, id)
		}
		o.Items = append(o.Items, Item{
			LineNo:     n + 1,
			SKUID:      f.SKUID,
			SPUID:      f.SPUID,
			CreatorID:  f.CreatorID,
			TitleZh:    f.TitleZh,
			TitleEn:    f.TitleEn,
			Slug:       f.Slug,
			Cover:      f.Cover,
			Kind:       f.Kind,
			Quality:    f.Quality,
			RentHours:  f.RentHours,
			Quantity:   1,
			UnitAmount: f.Amount,
			Amount:     f.Amount,
			Discount:   money.Of(0, f.Amount.Currency),
			Refunded:   money.Of(0, f.Amount.Currency),
			priceID:    f.PriceID,
		})
		priced = append(priced, promotion.Priced{
			SPUID:     f.SPUID,
			CreatorID: f.CreatorID,
			Amount:    f.Amount,
		})
	}
	if len(o.Items) == 0 {
		return Order{}, nil, ErrNotImportable.Because("order %s is empty", p.OrderNo)
	}
	var use *promotion.Use
	if p.CouponCode != "" {
		u, err := coupons.Take(promotion.CouponAsk{Code: p.CouponCode, UserID: p.UserID}, p.OrderNo, priced)
		if err != nil {
			return Order{}, nil, ErrNotImportable.Because("order %s: coupon %s: %w", p.OrderNo, p.CouponCode, err)
		}
		use, o.couponID, o.CouponCode = &u, u.CouponID, u.Code
		for n, d := range u.Discounts {
			o.Items[n].Discount.Amount = d
		}
	}
	o.Total = money.Of(0, o.Items[0].Amount.Currency)
	for _, i := range o.Items {
		o.Total.Amount += i.Net().Amount
	}
	o.Refunded = money.Of(0, o.Total.Currency)
	o.end(p)
	return o, use, nil
}

// end brings an order to where a past one stands.
func (o *Order) end(p Past) {
	if p.PaidAt.IsZero() {
		closed := o.PayBefore
		o.Status, o.Version, o.ClosedAt = Closed, 2, &closed
		return
	}
	paid := p.PaidAt.Truncate(time.Microsecond)
	delivered := paid.Add(deliveredIn)
	o.PaidAt, o.DeliveredAt = &paid, &delivered
	for n := range o.Items {
		o.Items[n].GrantedAt = &delivered
	}
	if p.Refund == nil || p.Refund.Error != "" {
		return
	}
	asked := p.Refund.At.Truncate(time.Microsecond)
	back := asked.Add(settledIn)
	o.Status, o.Version, o.RefundedAt, o.Refunded = Refunded, 4, &back, o.Total
	for n, i := range o.Items {
		o.Items[n].Refunded, o.Items[n].RevokedAt = i.Net(), &asked
	}
}

func (im *importer) copy(ctx context.Context, table string, columns []string, rows [][]any) error {
	if _, err := im.tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("%d rows of %s: %w", len(rows), table, err)
	}
	return nil
}

func (im *importer) writeOrders(ctx context.Context) error {
	rows := make([][]any, len(im.orders))
	for n, o := range im.orders {
		var coupon *int64
		if o.couponID != 0 {
			coupon = &o.couponID
		}
		rows[n] = []any{
			o.OrderNo,
			o.UserID,
			string(o.Status),
			o.Version,
			o.Total.Amount,
			o.Refunded.Amount,
			o.Total.Currency,
			"import-" + o.OrderNo,
			o.requestHash,
			o.PayBefore,
			o.CreatedAt,
			o.PaidAt,
			o.DeliveredAt,
			o.ClosedAt,
			o.RefundedAt,
			coupon,
			o.CouponCode,
		}
	}
	return im.copy(ctx, "video_order", []string{
		"order_no",
		"user_id",
		"status",
		"version",
		"total_amount",
		"refunded_amount",
		"currency",
		"idempotency_key",
		"request_hash",
		"pay_before",
		"created_at",
		"paid_at",
		"delivered_at",
		"closed_at",
		"refunded_at",
		"coupon_id",
		"coupon_code",
	}, rows)
}

func (im *importer) writeItems(ctx context.Context) error {
	var rows [][]any
	for _, o := range im.orders {
		for _, i := range o.Items {
			rows = append(rows, []any{
				o.OrderNo,
				i.LineNo,
				i.SKUID,
				i.SPUID,
				i.CreatorID,
				i.TitleZh,
				i.TitleEn,
				i.Slug,
				i.Cover,
				i.Kind,
				i.Quality,
				i.RentHours,
				i.Quantity,
				i.priceID,
				i.UnitAmount.Amount,
				i.Amount.Amount,
				i.Discount.Amount,
				i.Refunded.Amount,
				i.GrantedAt,
				i.RevokedAt,
			})
		}
	}
	return im.copy(ctx, "video_order_item", []string{
		"order_no",
		"line_no",
		"sku_id",
		"spu_id",
		"creator_id",
		"title_zh",
		"title_en",
		"slug",
		"cover",
		"kind",
		"quality",
		"rent_hours",
		"quantity",
		"price_id",
		"unit_amount",
		"amount",
		"discount_amount",
		"refunded_amount",
		"granted_at",
		"revoked_at",
	}, rows)
}

func (im *importer) writeMoves(ctx context.Context) error {
	var rows [][]any
	for n, o := range im.orders {
		move := func(version int, from, to Status, cause, actor string, at time.Time) {
			rows = append(rows, []any{o.OrderNo, string(from), string(to), version, cause, actor, at})
		}
		move(1, Init, PendingPay, "placed", shopper(o.UserID), o.CreatedAt)
		if o.PaidAt == nil {
			move(2, PendingPay, Closed, "not_paid_in_time", "system", *o.ClosedAt)
			continue
		}
		cause, actor := "notice", "provider:"+im.past[n].Provider
		if o.Total.IsZero() {
			cause, actor = "free", shopper(o.UserID)
		}
		move(2, PendingPay, Paid, cause, actor, *o.PaidAt)
		move(3, Paid, Delivered, "granted", "system", *o.DeliveredAt)
		if o.Status == Refunded {
			move(4, Delivered, Refunded, byOperator, im.past[n].Refund.Actor, *o.RefundedAt)
		}
	}
	return im.copy(ctx, "order_transition", []string{
		"order_no",
		"from_status",
		"to_status",
		"version",
		"cause",
		"actor",
		"at",
	}, rows)
}

func (im *importer) pay(ctx context.Context) error {
	for n, o := range im.orders {
		p := im.past[n]
		a := payment.Past{
			AttemptNo:    p.AttemptNo,
			Reference:    o.OrderNo,
			Provider:     p.Provider,
			ChannelTxnNo: p.TxnNo,
			Amount:       o.Total,
			CreatedAt:    o.CreatedAt,
			ExpiresAt:    o.PayBefore,
		}
		if o.PaidAt != nil {
			a.PaidAt = *o.PaidAt
		}
		if r := p.Refund; r != nil {
			a.Refund = &payment.PastRefund{
				RefundNo:  r.RefundNo,
				Amount:    o.Total,
				Reason:    r.Reason,
				CreatedAt: r.At,
				SettledAt: r.At.Add(settledIn),
				LastError: r.Error,
			}
		}
		im.done.Payments = append(im.done.Payments, a)
	}
	return im.Payments.ImportTx(ctx, im.tx, im.done.Payments)
}

func (im *importer) grant(ctx context.Context) error {
	var grants []entitlement.Past
	for n, o := range im.orders {
		if o.PaidAt == nil {
			continue
		}
		for _, i := range o.Items {
			g := entitlement.Past{
				Grant: entitlement.Grant{
					UserID:    o.UserID,
					SPUID:     i.SPUID,
					SKUID:     i.SKUID,
					Reference: o.OrderNo,
					Source:    source(o.OrderNo, i.LineNo),
					Kind:      i.Kind,
					Quality:   i.Quality,
					RentHours: i.RentHours,
				},
				GrantedAt: *o.DeliveredAt,
			}
			if i.Kind == entitlement.KindRent {
				g.StartedAt = im.past[n].StartedAt
			}
			if i.RevokedAt != nil {
				g.RevokedAt, g.Cause = *i.RevokedAt, revokedCause
			} else {
				im.done.Sold[i.SPUID]++
			}
			grants = append(grants, g)
			im.done.Items = append(im.done.Items, ImportedItem{
				OrderNo:   o.OrderNo,
				UserID:    o.UserID,
				SPUID:     i.SPUID,
				CreatorID: i.CreatorID,
				PaidAt:    *o.PaidAt,
				Refunded:  i.RevokedAt != nil,
			})
		}
	}
	return im.Entitlements.ImportTx(ctx, im.tx, grants)
}

// refund writes what went back of which item, and opens a case for each refund that failed.
func (im *importer) refund(ctx context.Context) error {
	var numbers []string
	for n, o := range im.orders {
		if im.past[n].Refund != nil {
			numbers = append(numbers, o.OrderNo)
		}
	}
	items, err := im.q.ItemsOf(ctx, im.tx, numbers)
	if err != nil {
		return fmt.Errorf("items of %d refunds: %w", len(numbers), err)
	}
	ids := make(map[string]int64, len(items))
	for _, i := range items {
		ids[source(i.OrderNo, int(i.LineNo))] = i.ID
	}
	var refunds, shares [][]any
	for n, o := range im.orders {
		r := im.past[n].Refund
		if r == nil {
			continue
		}
		status := payment.Succeeded
		if r.Error != "" {
			status = payment.Failed
		}
		refunds = append(refunds, []any{
			r.RefundNo,
			o.OrderNo,
			o.Total.Amount,
			o.Total.Currency,
			byOperator,
			"import-" + r.RefundNo,
			r.Reason,
			r.Actor,
			status,
			r.At,
			r.At.Add(settledIn),
		})
		for k := range o.Items {
			i := &im.orders[n].Items[k]
			i.ID = ids[source(o.OrderNo, i.LineNo)]
			shares = append(shares, []any{r.RefundNo, i.ID, i.Net().Amount})
		}
	}
	if err := im.copy(ctx, "order_refund", []string{
		"refund_no",
		"order_no",
		"amount",
		"currency",
		"cause",
		"request_key",
		"reason",
		"actor",
		"status",
		"created_at",
		"settled_at",
	}, refunds); err != nil {
		return err
	}
	if err := im.copy(ctx, "order_refund_item", []string{"refund_no", "item_id", "amount"}, shares); err != nil {
		return err
	}
	for n, o := range im.orders {
		if r := im.past[n].Refund; r != nil && r.Error != "" {
			if err := im.openCase(ctx, o, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *importer) openCase(ctx context.Context, o Order, r *PastRefund) error {
	detail, err := json.Marshal(map[string]any{"refundNo": r.RefundNo, "amount": o.Total, "error": r.Error})
	if err != nil {
		return err
	}
	return im.q.OpenCase(ctx, im.tx, dbsqlc.OpenCaseParams{
		Kind:      OutcomeRefundFailed,
		OrderNo:   o.OrderNo,
		Reference: r.RefundNo,
		Detail:    detail,
		CreatedAt: r.At.Add(settledIn),
	})
}

// booking is one entry of the books and when it is due.
type booking struct {
	at    time.Time
	write func() error
}

// book writes the books in the order of time, under a clock of their own: sales, what cleared each day, promised and
// sent refunds.
func (im *importer) book(ctx context.Context) error {
	var clock time.Time
	books := im.Ledger.WithClock(func() time.Time { return clock })
	var due []booking
	for n, o := range im.orders {
		if o.PaidAt == nil || o.Total.IsZero() {
			continue
		}
		p := im.past[n]
		due = append(due, booking{*o.PaidAt, func() error { return books.SaleTx(ctx, im.tx, saleOf(&o, p.Provider, p.TxnNo)) }})
		r := p.Refund
		if r == nil {
			continue
		}
		shares := make([]RefundItem, len(o.Items))
		for k, i := range o.Items {
			shares[k] = RefundItem{i.ID, i.Net()}
		}
		book := bookOf(o, Refund{RefundNo: r.RefundNo, Amount: o.Total}, shares)
		due = append(due,
			booking{r.At, func() error { return books.RefundTx(ctx, im.tx, book) }},
			booking{r.At.Add(settledIn), func() error {
				if r.Error != "" {
					return books.RefundFailedTx(ctx, im.tx, r.RefundNo)
				}
				return books.RefundSentTx(ctx, im.tx, p.Provider, book)
			}})
	}
	if len(due) == 0 {
		return nil
	}
	byTime := func(a, b booking) int { return a.at.Compare(b.at) }
	slices.SortStableFunc(due, byTime)
	clearing := func() error { _, err := books.ClearTx(ctx, im.tx); return err }
	for day := due[0].at.Truncate(24*time.Hour).AddDate(0, 0, 1); day.Before(im.Now()); day = day.AddDate(0, 0, 1) {
		due = append(due, booking{day, clearing})
	}
	slices.SortStableFunc(due, byTime)
	for _, b := range due {
		clock = b.at
		if err := b.write(); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) countCustomers(ctx context.Context) error {
	creators := map[int64][]int64{}
	for _, i := range im.done.Items {
		if !slices.Contains(creators[i.UserID], i.CreatorID) {
			creators[i.UserID] = append(creators[i.UserID], i.CreatorID)
		}
	}
	for userID, ids := range creators {
		slices.SortFunc(ids, cmp.Compare)
		if err := im.q.RecountCustomers(ctx, im.tx, dbsqlc.RecountCustomersParams{UserID: userID, CreatorIds: ids}); err != nil {
			return fmt.Errorf("count customer %d: %w", userID, err)
		}
	}
	return nil
}
