package order

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"videomall/mall/batch"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// PlaceRequest orders some lines for one person. IdempotencyKey is the caller's name for this request: the same key
// with the same lines is the same order. ExpectTotal, where given, is the sum that the buyer agreed to. A bundle's
// order names no lines: they are what its buyer lacks of it. Lines that a running flash sale sells to this person are
// bought in it; CampaignID names one whose price is to be had or none. A line whose running sale its buyer misses,
// since it has sold out or sells one person no more, is sold at the normal price only where ExpectTotal agrees to it.
type PlaceRequest struct {
	UserID         int64
	IdempotencyKey string
	Items          []Line
	ExpectTotal    *money.Money
	// the flash sale that all lines are bought in, never at the normal price instead; 0 to name none
	CampaignID int64
	CouponCode string // as it was typed; empty for none. It goes with neither of the other two
	BundleID   int64  // the bundle that is bought; 0 for none
}

// Place makes an order, or returns the one that this key made before (replayed). Stock is held until PayBefore; an
// order that costs nothing is paid at once. Everything of an order commits together or not at all, and before Place
// returns; orders that arrive at the same moment share one transaction, in which each stands or falls by itself.
// Errors: ErrKeyMissing, ErrKeyReused, ErrEmpty, ErrTooManyItems, ErrDuplicateItem, ErrQuantity, ErrUnavailable,
// ErrAlreadyOwned, ErrPriceChanged, ErrMixedCurrency, ErrNoCampaign, inventory.ErrSoldOut, inventory.ErrBuyerLimit,
// ErrCouponWithSale, ErrCouponWithBundle, ErrBundleUnavailable, ErrBundleHeld, ErrBundleOpen, those of
// promotion.CouponCount.Take, and ErrBusy when too many are waiting.
func (s *Orders) Place(ctx context.Context, r PlaceRequest) (placed Order, replayed bool, err error) {
	defer func() { s.deps.Metrics.OrderOutcome(placeOutcome(replayed, err)) }()
	r.CouponCode = promotion.NormalCode(r.CouponCode)
	if err := r.check(); err != nil {
		return Order{}, false, err
	}
	hash := r.hash()
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
		})
		if err == nil {
			return placed, replayed, nil
		}
		left, missed := sales.without(err)
		if !missed {
			return Order{}, false, err
		}
		sales = left // the normal price, where it was agreed to
	}
}

// placeAt places an order at the prices of the sales that were chosen for it. A sale that sells no more refuses it.
func (s *Orders) placeAt(ctx context.Context, w *placeAttempt) (placed Order, replayed bool, err error) {
	wants := w.wants()
	w.took, err = s.deps.Inventory.Gate.Admit(ctx, wants)
	if len(w.took) < len(wants) { // what the gate has just taken it had never heard of; all else may be a repetition
		if before, known, e := s.remembered(ctx, w); e != nil || known {
			s.deps.Inventory.Gate.Conclude(ctx, nil, w.took)
			return before, known, e
		}
	}
	if err != nil {
		// Redis may have forgotten that this very attempt has taken the last unit: PostgreSQL has not.
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

// remembered is the order that Redis knows this request to have made before. Errors: ErrKeyReused.
func (s *Orders) remembered(ctx context.Context, w *placeAttempt) (before Order, known bool, err error) {
	orderNo, err := s.keys.find(ctx, w.key(), w.hash)
	if err != nil || orderNo == "" {
		return Order{}, false, err
	}
	before, err = s.Get(ctx, w.UserID, orderNo)
	return before, err == nil, nil // what Redis says and PostgreSQL does not know is no order
}

// placeAttempt is a request on its way into the database, with what its set's transaction has found out about it.
type placeAttempt struct {
	PlaceRequest
	hash    []byte
	orderNo string           // its own from the start, so that a commit whose answer was lost is known by it
	took    []inventory.Want // what the gate has taken for it, and gets back if it comes to nothing
	sales   lineSales

	quote  Quote
	stock  []inventory.Reservation
	coupon *promotion.Use
	answer placeResult
	err    error
	again  bool // another process has just used its key: the next look finds that order
}

// attemptKey is what makes two requests the same attempt.
type attemptKey struct {
	userID int64
	key    string
}

func (w *placeAttempt) key() attemptKey { return attemptKey{w.UserID, w.IdempotencyKey} }

// placeResult is what became of an attempt.
type placeResult struct {
	order    Order
	replayed bool
}

// judge prices the attempt and says what of it holds stock until then. Errors: those of Place that need no look at
// stock or coupons.
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
			if err := w.sales.refuseUnsaid(l); err != nil {
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

// take counts off what the attempt needs of coupons and stock, all of it or nothing, and holds its sum against the one
// that was agreed to. Errors: ErrPriceChanged and those of the counts.
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

// couponUsed names the coupon that the attempt takes; 0 and "" without one.
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

// wants is what the gate is asked for, in the order of the SKUs: whether a SKU is limited at all, the gate knows.
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
	}
}

func (w *placeAttempt) stockKey(skuID int64) inventory.StockKey {
	return inventory.StockKey{SKUID: skuID, CampaignID: cmp.Or(w.CampaignID, w.sales.taken[skuID].CampaignID)}
}

// token names the units of one SKU in this request: the same attempt asked again names the same units. Those of a sale
// that the mall has chosen are others than those of the normal stock, to which it may have to turn.
func (w *placeAttempt) token(skuID int64) uuid.UUID {
	if sale, ok := w.sales.taken[skuID]; ok {
		return uuid.NewSHA1(uuid.NameSpaceURL,
			fmt.Appendf(nil, "order/%d/%d/sale/%d/%s", w.UserID, skuID, sale.CampaignID, w.IdempotencyKey))
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "order/%d/%d/%s", w.UserID, skuID, w.IdempotencyKey))
}

// item is a line as it is sold.
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
		priceID:    l.Offer.PriceID,
		campaignID: w.stockKey(l.Offer.SKUID).CampaignID,
	}
	if token := w.reserved(l.SKUID); token != uuid.Nil {
		i.reservation = &token
	}
	return i
}

// reserved is the token of a SKU's units, or the zero one of a SKU without a limit.
func (w *placeAttempt) reserved(skuID int64) uuid.UUID {
	for _, r := range w.stock {
		if r.Stock.SKUID == skuID {
			return r.Token
		}
	}
	return uuid.Nil
}

func (r PlaceRequest) check() error {
	if k := r.IdempotencyKey; k == "" || len(k) > maxKeyLength || strings.ContainsFunc(k, func(c rune) bool {
		return c < ' ' || c > '~'
	}) {
		return ErrKeyMissing
	}
	switch {
	case r.CouponCode != "" && r.CampaignID != 0:
		return ErrCouponWithSale.With(promotion.CouponField, ErrCouponWithSale.Slug)
	case r.CouponCode != "" && r.BundleID != 0:
		return ErrCouponWithBundle.With(promotion.CouponField, ErrCouponWithBundle.Slug)
	case r.BundleID != 0 && (len(r.Items) > 0 || r.CampaignID != 0):
		return ErrBundleUnavailable.Because("bundle %d with lines or a campaign of its own", r.BundleID)
	case r.BundleID != 0:
		return nil
	case len(r.Items) == 0:
		return ErrEmpty
	}
	if len(r.Items) > maxLines {
		return ErrTooManyItems
	}
	seen := map[int64]bool{}
	for _, l := range r.Items {
		if l.Quantity < 1 {
			return ErrQuantity.With(fmt.Sprintf("sku:%d", l.SKUID), ErrQuantity.Slug)
		}
		if seen[l.SKUID] {
			return ErrDuplicateItem.With(fmt.Sprintf("sku:%d", l.SKUID), ErrDuplicateItem.Slug)
		}
		seen[l.SKUID] = true
	}
	return nil
}

// hash is the same for the same attempt, in whatever order its lines come.
func (r PlaceRequest) hash() []byte {
	lines := slices.SortedFunc(slices.Values(r.Items), func(a, b Line) int { return cmp.Compare(a.SKUID, b.SKUID) })
	h := sha256.New()
	if r.CampaignID != 0 {
		fmt.Fprintf(h, "campaign %d\n", r.CampaignID)
	}
	if r.CouponCode != "" {
		fmt.Fprintf(h, "coupon %s\n", r.CouponCode)
	}
	if r.BundleID != 0 {
		fmt.Fprintf(h, "bundle %d\n", r.BundleID)
	}
	for _, l := range lines {
		fmt.Fprintf(h, "%d*%d\n", l.SKUID, l.Quantity)
	}
	return h.Sum(nil)
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
