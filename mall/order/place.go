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
	"github.com/jackc/pgx/v5"
	"github.com/oklog/ulid/v2"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
)

// PlaceRequest orders some lines for one person. IdempotencyKey is the caller's name for this wish: the same
// key with the same lines is the same order. ExpectTotal, where given, is the sum that the buyer agreed to.
type PlaceRequest struct {
	UserID         int64
	IdempotencyKey string
	Items          []Line
	ExpectTotal    *money.Money
	CampaignID     int64 // the flash sale that the lines are bought in; 0 for none
}

// Place makes an order, or returns the one that this key made before (replayed). Stock is held until PayBefore;
// an order that costs nothing is paid at once. Everything commits together or not at all.
// Errors: ErrKeyMissing, ErrKeyReused, ErrEmpty, ErrTooManyItems, ErrDuplicateItem, ErrQuantity, ErrUnavailable,
// ErrAlreadyOwned, ErrPriceChanged, ErrMixedCurrency, inventory.ErrSoldOut.
func (s *Orders) Place(ctx context.Context, r PlaceRequest) (placed Order, replayed bool, err error) {
	defer func() { s.Metrics.OrderOutcome(placeOutcome(replayed, err)) }()
	if err := r.check(); err != nil {
		return Order{}, false, err
	}
	hash := r.hash()
	if placed, found, err := s.replay(ctx, r, hash); found || err != nil {
		return placed, found, err
	}
	err = db.InTxRetrying(ctx, s.Pool, 3, func(tx pgx.Tx) error {
		placed, err = s.placeTx(ctx, tx, r, hash)
		return err
	})
	if errors.Is(err, errKeyTaken) { // its twin won the race and has committed by now
		placed, _, err = s.replay(ctx, r, hash)
		return placed, err == nil, err
	}
	if err != nil {
		return Order{}, false, err
	}
	return placed, false, nil
}

// errKeyTaken rolls a placing back whose key another request is using at the same moment.
var errKeyTaken = errors.New("order: idempotency key taken")

func (s *Orders) placeTx(ctx context.Context, tx pgx.Tx, r PlaceRequest, hash []byte) (Order, error) {
	now := s.Now()
	quote, err := s.priceTx(ctx, tx, r.UserID, r.Items, now)
	if err != nil {
		return Order{}, err
	}
	for _, l := range quote.Lines {
		if l.Problem != "" {
			return Order{}, problemFault(l)
		}
	}
	if r.ExpectTotal != nil && *r.ExpectTotal != quote.Total {
		return Order{}, ErrPriceChanged.Because("expected %s, is %s", r.ExpectTotal, quote.Total)
	}
	row, err := s.q.InsertOrder(ctx, tx, dbsqlc.InsertOrderParams{OrderNo: newNumber(now), UserID: r.UserID,
		TotalAmount: quote.Total.Amount, Currency: quote.Total.Currency, IdempotencyKey: r.IdempotencyKey,
		RequestHash: hash, PayBefore: now.Add(s.PayWindow), CreatedAt: now})
	if errors.Is(err, pgx.ErrNoRows) {
		return Order{}, errKeyTaken
	}
	if err != nil {
		return Order{}, fmt.Errorf("insert order: %w", err)
	}
	o := orderOf(row)
	actor := shopper(r.UserID)
	for n, l := range quote.Lines {
		item, err := s.insertItemTx(ctx, tx, o, n+1, l)
		if err != nil {
			return Order{}, err
		}
		o.Items = append(o.Items, item)
	}
	if err := s.moveTx(ctx, tx, &o, move{PendingPay, "placed", actor}); err != nil {
		return Order{}, err
	}
	if err := s.eventTx(ctx, tx, "order.placed", o); err != nil {
		return Order{}, err
	}
	if _, err := s.River.InsertTx(ctx, tx, CloseArgs{o.OrderNo}, closeAt(o.PayBefore)); err != nil {
		return Order{}, fmt.Errorf("enqueue the close of %s: %w", o.OrderNo, err)
	}
	// The hot row of a popular SKU is locked last, so that it is held for the commit alone.
	if err := s.reserveTx(ctx, tx, o, o.PayBefore); err != nil {
		return Order{}, err
	}
	if o.Total.IsZero() {
		if err := s.payTx(ctx, tx, &o, "free", actor); err != nil {
			return Order{}, err
		}
	}
	return o, nil
}

func (s *Orders) insertItemTx(ctx context.Context, tx pgx.Tx, o Order, lineNo int, l QuoteLine) (Item, error) {
	arg := dbsqlc.InsertItemParams{OrderNo: o.OrderNo, LineNo: int32(lineNo), SkuID: l.Offer.SKUID, SpuID: l.Offer.SPUID,
		CreatorID: l.Offer.CreatorID, TitleZh: l.Offer.TitleZh, TitleEn: l.Offer.TitleEn, Slug: l.Offer.Slug,
		Cover: l.Offer.Cover, Kind: string(l.Offer.Kind), Quality: string(l.Offer.Quality), RentHours: int32(l.Offer.RentHours),
		Quantity: int32(l.Quantity), PriceID: l.Offer.PriceID, UnitAmount: l.Offer.Amount.Amount, Amount: l.Amount.Amount}
	if l.Offer.StockLimited {
		token := uuid.New()
		arg.ReservationToken = &token
	}
	row, err := s.q.InsertItem(ctx, tx, arg)
	if err != nil {
		return Item{}, fmt.Errorf("insert item %d of %s: %w", lineNo, o.OrderNo, err)
	}
	return itemOf(row, o.Total.Currency), nil
}

// limited are the items that take stock, in the order of their SKUs: whoever moves stock locks its rows in this order, so that
// no two orders wait for each other.
func limited(items []Item) []Item {
	list := slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return i.reservation == nil })
	slices.SortFunc(list, func(a, b Item) int { return cmp.Compare(a.SKUID, b.SKUID) })
	return list
}

// reserveTx holds the stock of an order's limited items.
func (s *Orders) reserveTx(ctx context.Context, tx pgx.Tx, o Order, until time.Time) error {
	for _, i := range limited(o.Items) {
		err := s.Inventory.ReserveTx(ctx, tx, inventory.Reservation{Token: *i.reservation, OrderNo: o.OrderNo,
			SKUID: i.SKUID, UserID: o.UserID, Qty: i.Quantity, ExpiresAt: until})
		if f := fault.From(err); err != nil && f.Slug == inventory.ErrSoldOut.Slug {
			return f.With(fmt.Sprintf("sku:%d", i.SKUID), f.Slug)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replay finds the order that this person's key made before.
func (s *Orders) replay(ctx context.Context, r PlaceRequest, hash []byte) (Order, bool, error) {
	row, err := s.q.OrderByKey(ctx, s.Pool, dbsqlc.OrderByKeyParams{UserID: r.UserID, IdempotencyKey: r.IdempotencyKey})
	if errors.Is(err, pgx.ErrNoRows) {
		return Order{}, false, nil
	}
	if err != nil {
		return Order{}, false, fmt.Errorf("order by key: %w", err)
	}
	if !slices.Equal(row.RequestHash, hash) {
		return Order{}, false, ErrKeyReused
	}
	orders := []Order{orderOf(row)}
	if err := s.loadItems(ctx, s.Pool, orders); err != nil {
		return Order{}, false, err
	}
	return orders[0], true, nil
}

func (r PlaceRequest) check() error {
	if k := r.IdempotencyKey; k == "" || len(k) > maxKeyLength || strings.ContainsFunc(k, func(c rune) bool { return c < ' ' || c > '~' }) {
		return ErrKeyMissing
	}
	if len(r.Items) == 0 {
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

// hash is the same for the same wish, in whatever order its lines come.
func (r PlaceRequest) hash() []byte {
	lines := slices.SortedFunc(slices.Values(r.Items), func(a, b Line) int { return cmp.Compare(a.SKUID, b.SKUID) })
	h := sha256.New()
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
