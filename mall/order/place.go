package order

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"videomall/mall/batch"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/tax"
)

// PlaceRequest orders some lines for one person. IdempotencyKey is the caller's name for this request: the same key
// with the same lines is the same order. ExpectTotal, if set, is the sum that the buyer agreed to. An order of a bundle
// names no lines; it consists of the parts that the buyer lacks. A line is bought in a running flash sale if the sale
// sells it to this person. If the sale has sold out or the person has reached its limit, the line is sold at the normal
// price, but only if ExpectTotal is set. With a CampaignID all lines are bought in that sale or not at all.
type PlaceRequest struct {
	UserID         int64
	IdempotencyKey string
	Items          []Line
	ExpectTotal    *money.Money
	CampaignID     int64  // the flash sale that all lines are bought in; 0 for none
	CouponCode     string // as it was typed; empty for none. It can't be used with a CampaignID or a BundleID
	BundleID       int64  // the bundle that is bought; 0 for none
	// Currency is what the order is paid in. It is empty for the currency of the prices; all of them are converted to
	// any other one that the shop offers.
	Currency string
	// Billing are the details of this order alone; nil stands for those that the person has saved.
	Billing *tax.Profile
	// Referral is the partner's link by which the buyer came; nil for none. A repeated request keeps the first one's.
	Referral *Referral
}

// Place makes an order, or returns the order that this key made before (replayed). Stock is held until PayBefore; an
// order that costs nothing is paid at once. All parts of an order are committed together, before Place returns. Orders
// that arrive at the same moment share one transaction, in which each is placed or refused independently of the others.
// Errors: ErrKeyMissing, ErrKeyReused, ErrEmpty, ErrTooManyItems, ErrDuplicateItem, ErrQuantity, ErrUnavailable,
// ErrAlreadyOwned, ErrPriceChanged, ErrMixedCurrency, ErrCurrency, ErrNoCampaign, inventory.ErrSoldOut,
// inventory.ErrBuyerLimit, tax.ErrProfile with its fields, ErrCouponWithSale, ErrCouponWithBundle, ErrBundleUnavailable,
// ErrBundleHeld, ErrBundleOpen, those of promotion.CouponCount.Take, and ErrBusy when too many are waiting.
func (s *Orders) Place(ctx context.Context, r PlaceRequest) (placed Order, replayed bool, err error) {
	defer func() { s.deps.Metrics.OrderOutcome(placeOutcome(replayed, err)) }()
	r.CouponCode = promotion.NormalCode(r.CouponCode)
	if err := r.check(); err != nil {
		return Order{}, false, err
	}
	if r.Billing != nil {
		checked, err := tax.CheckProfile(*r.Billing)
		if err != nil {
			return Order{}, false, err
		}
		r.Billing = &checked
	}
	hash := r.hash(s.base())
	if r.BundleID != 0 {
		if r.Items, err = s.bundleLines(ctx, r.UserID, r.BundleID); err != nil {
			// The buyer may have all of it because this very attempt was granted.
			if before, e := s.denied.Do(ctx, &placeAttempt{PlaceRequest: r, hash: hash}); e != nil || before.replayed {
				return before.order, before.replayed, e
			}
			return Order{}, false, err
		}
	}
	sales, err := s.salesOf(ctx, r)
	if err != nil {
		return Order{}, false, err
	}
	for {
		placed, replayed, err = s.placeAt(ctx, &placeAttempt{
			PlaceRequest: r,
			hash:         hash,
			orderNo:      newNumber(s.deps.Now()),
			sales:        sales,
			decided:      s.decided(ctx),
		})
		if err == nil {
			return placed, replayed, nil
		}
		left, missed := sales.without(err)
		if !missed {
			return Order{}, false, err
		}
		sales = left // try the normal price, if the buyer agreed to it
	}
}

// placeAt places an order at the prices of the sales that were chosen for it. It fails if one of these sales can't sell
// its line any more.
func (s *Orders) placeAt(ctx context.Context, w *placeAttempt) (placed Order, replayed bool, err error) {
	wants := w.wants()
	w.took, err = s.deps.Inventory.Gate.Admit(ctx, wants)
	if len(w.took) < len(wants) { // the gate may know some of these tokens, so this may be a repeated request
		if before, known, e := s.remembered(ctx, w); e != nil || known {
			s.deps.Inventory.Gate.Conclude(ctx, nil, w.took)
			return before, known, e
		}
	}
	if err != nil {
		// This very attempt may have taken the last unit before. Redis may have forgotten that; PostgreSQL has not.
		if before, e := s.denied.Do(ctx, w); e != nil || before.replayed {
			return before.order, before.replayed, e
		}
		return Order{}, false, err
	}
	answer, err := s.writer.Do(ctx, w)
	if errors.Is(err, batch.ErrFull) {
		s.deps.Inventory.Gate.Conclude(ctx, nil, w.took)
		return Order{}, false, ErrBusy
	}
	return answer.order, answer.replayed, err
}

// remembered returns the order that this request made before, if Redis knows it. Errors: ErrKeyReused.
func (s *Orders) remembered(ctx context.Context, w *placeAttempt) (before Order, known bool, err error) {
	orderNo, err := s.keys.find(ctx, w.key(), w.hash)
	if err != nil || orderNo == "" {
		return Order{}, false, err
	}
	before, err = s.Get(ctx, w.UserID, orderNo)
	return before, err == nil, nil // an order that only Redis knows does not exist
}

// placeAttempt is a request that is being placed, with what the transaction of its set has found out about it.
type placeAttempt struct {
	PlaceRequest
	hash    []byte
	orderNo string           // chosen before the commit, so that the order is found if the answer to the commit is lost
	took    []inventory.Want // what the gate has taken for it, to be returned if it places no order
	sales   lineSales
	decided []Decision // about the request

	quote  Quote
	stock  []inventory.Reservation
	coupon *promotion.Use
	answer placeResult
	err    error
	again  bool // to be tried in the next round: its key has just been used, or stock counted off for others is free
}

// attemptKey is what makes two requests the same attempt.
type attemptKey struct {
	userID int64
	key    string
}

func (w *placeAttempt) key() attemptKey { return attemptKey{w.UserID, w.IdempotencyKey} }

// placeResult is the result of an attempt.
type placeResult struct {
	order    Order
	replayed bool
}

// judge prices the attempt and sets the reservations that it needs, which hold stock until the given time. Errors:
// those of Place that don't depend on stock or coupons.
func (w *placeAttempt) judge(f facts, until time.Time) (err error) {
	if w.quote, err = f.quote(w.asks()); err != nil {
		return err
	}
	w.stock, w.coupon = nil, nil
	for _, l := range w.quote.Lines {
		if l.Problem != "" {
			return problemFault(l)
		}
		if w.ExpectTotal == nil {
			if err := w.sales.refuseUnsaid(l, w.quote.money); err != nil {
				return err
			}
		}
		if l.Offer.StockLimited {
			w.stock = append(w.stock, inventory.Reservation{
				Token:     w.token(l.SKUID),
				OrderNo:   w.orderNo,
				Stock:     w.stockKey(l.SKUID),
				UserID:    w.UserID,
				Qty:       l.Quantity,
				ExpiresAt: until,
			})
		}
	}
	return nil
}

// take takes the coupon and the stock of the attempt off the counts, all of it or nothing, and compares its total with
// ExpectTotal. Errors: ErrPriceChanged and those of the counts.
func (w *placeAttempt) take(stock *inventory.Count, coupons *promotion.CouponCount) error {
	if w.CouponCode != "" {
		if err := w.quote.takesCoupon(); err != nil {
			return err
		}
		use, err := coupons.Take(w.couponAsk(), w.orderNo, w.quote.priced())
		if err != nil {
			return err
		}
		w.coupon = &use
		if err := w.quote.lower(use); err != nil {
			w.putBack(coupons)
			return err
		}
	}
	if w.ExpectTotal != nil && *w.ExpectTotal != w.quote.Total {
		w.putBack(coupons)
		return ErrPriceChanged.Because("expected %s, is %s", w.ExpectTotal, w.quote.Total)
	}
	if err := stock.Take(w.stock); err != nil {
		w.putBack(coupons)
		return err
	}
	return nil
}

// couponUsed returns the coupon that the attempt takes, or 0 and "" if there is none.
func (w *placeAttempt) couponUsed() (id int64, code string) {
	if w.coupon == nil {
		return 0, ""
	}
	return w.coupon.CouponID, w.coupon.Code
}

func (w *placeAttempt) putBack(coupons *promotion.CouponCount) {
	if w.coupon != nil {
		coupons.PutBack(*w.coupon)
		w.coupon = nil
	}
}

func (w *placeAttempt) couponAsk() promotion.CouponAsk {
	return promotion.CouponAsk{Code: w.CouponCode, UserID: w.UserID}
}

// wants lists what the gate is asked for, in the order of the SKUs. It names every SKU, since the gate knows which of
// them are limited.
func (w *placeAttempt) wants() []inventory.Want {
	wants := make([]inventory.Want, len(w.Items))
	for i, l := range w.Items {
		wants[i] = inventory.Want{
			Token:  w.token(l.SKUID),
			Stock:  w.stockKey(l.SKUID),
			UserID: w.UserID,
			Qty:    l.Quantity,
		}
	}
	slices.SortFunc(wants, func(a, b inventory.Want) int { return cmp.Compare(a.Stock.SKUID, b.Stock.SKUID) })
	return wants
}

func (w *placeAttempt) asks() asked {
	return asked{
		userID:     w.UserID,
		campaignID: w.CampaignID,
		sales:      w.sales.campaigns(),
		bundleID:   w.BundleID,
		lines:      w.Items,
		currency:   w.Currency,
		billing:    w.Billing,
	}
}

func (w *placeAttempt) stockKey(skuID int64) inventory.StockKey {
	return inventory.StockKey{SKUID: skuID, CampaignID: cmp.Or(w.CampaignID, w.sales.taken[skuID].CampaignID)}
}

// token names the units of one SKU in this request; a repeated request has the same tokens. Units of a sale that the
// mall chose have a token of their own, since the request may fall back to the normal stock.
func (w *placeAttempt) token(skuID int64) uuid.UUID {
	if sale, ok := w.sales.taken[skuID]; ok {
		return uuid.NewSHA1(uuid.NameSpaceURL,
			fmt.Appendf(nil, "order/%d/%d/sale/%d/%s", w.UserID, skuID, sale.CampaignID, w.IdempotencyKey))
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "order/%d/%d/%s", w.UserID, skuID, w.IdempotencyKey))
}

// item returns the item of the n-th line.
func (w *placeAttempt) item(n int, l QuoteLine) Item {
	i := Item{
		LineNo:     n + 1,
		SKUID:      l.Offer.SKUID,
		SPUID:      l.Offer.SPUID,
		CreatorID:  l.Offer.CreatorID,
		Title:      l.Offer.Title,
		Slug:       l.Offer.Slug,
		Cover:      l.Offer.Cover,
		Kind:       l.Offer.Kind,
		Quality:    l.Offer.Quality,
		RentHours:  l.Offer.RentHours,
		Quantity:   l.Quantity,
		UnitAmount: l.Offer.Amount,
		Amount:     l.Amount,
		Discount:   l.Discount,
		Refunded:   money.Of(0, l.Amount.Currency),
		Tax:        l.Tax,
		priceID:    l.Offer.PriceID,
		campaignID: w.stockKey(l.Offer.SKUID).CampaignID,
	}
	if token := w.reserved(l.SKUID); token != uuid.Nil {
		i.reservation = &token
	}
	return i
}

// reserved returns the token of a SKU's units, or the zero UUID if its stock is not limited.
func (w *placeAttempt) reserved(skuID int64) uuid.UUID {
	for _, r := range w.stock {
		if r.Stock.SKUID == skuID {
			return r.Token
		}
	}
	return uuid.Nil
}

// base returns the currency in which prices are set, or "" if the shop has no other.
func (s *Orders) base() string {
	if s.deps.Exchange == nil {
		return ""
	}
	return s.deps.Exchange.Base()
}

// newNumber makes an order number: a ULID, so it sorts by time and carries 80 random bits. https://github.com/ulid/spec
func newNumber(at time.Time) string { return ulid.MustNew(ulid.Timestamp(at), rand.Reader).String() }

func shopper(userID int64) string { return fmt.Sprintf("shopper:%d", userID) }

func placeOutcome(replayed bool, err error) string {
	switch {
	case err != nil:
		return fault.From(err).Slug
	case replayed:
		return "replayed"
	default:
		return "placed"
	}
}
