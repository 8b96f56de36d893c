package order

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
)

// RefundRequest asks for a refund of the items named, or of the order if none is named: of all that is left of them,
// of an Amount that is spread over them, or, with Unwatched, of the share that their buyer has not watched. Key is the
// caller's name for this request: the same key is the same refund.
type RefundRequest struct {
	OrderNo   string
	ItemIDs   []int64
	Amount    money.Money // the zero Money for all that is left
	Unwatched bool
	Reason    string
	Actor     string // "operator:2"
	Key       string

	watched map[int64]int // by SPU, in percent; known when Unwatched is set
}

// Refund is a refund of an order, or of some of its items.
type Refund struct {
	RefundNo  string
	OrderNo   string
	Amount    money.Money
	Cause     string // operator, creator, shopper, paid_after_close, paid_twice, channel, already_owned, dispute
	Reason    string
	Actor     string
	Status    string // pending, succeeded, failed, returned, transferred
	CreatedAt time.Time
	SettledAt *time.Time
	Items     []RefundItem
}

// RefundItem is the part of a refund that belongs to one item.
type RefundItem struct {
	ItemID int64
	Amount money.Money
	Tax    money.Money // contained in Amount; known once the refund is recorded
}

// Untaxed is Amount without the tax in it.
func (i RefundItem) Untaxed() money.Money {
	return money.Of(i.Amount.Amount-i.Tax.Amount, i.Amount.Currency)
}

// Refunds refunds items of orders and ends the access that they gave. It locks the same rows as Orders; each step
// changes money, stock and access in one transaction.
type Refunds struct{ *store }

// Refunds returns the refunds of these orders.
func (s *Orders) Refunds() *Refunds { return s.refunds }

// revokedCause marks access that was ended for a refund, so that it can be restored if the refund fails.
const revokedCause = "refund"

// Request records a refund and ends the access of the items of which nothing is left, in one transaction; a job then
// asks the provider for it. Refunds, settled and pending together, never exceed what was paid. Items that cost nothing
// are taken back at once. The order becomes REFUNDED when its whole sum is refunded and the access of all its items
// has ended. Errors: ErrNotFound, ErrNotRefundable, ErrUnknownItem, ErrNothingLeft, ErrRefundAmount,
// ErrRefundRounds, ErrKeyMissing, and ErrOwnMoney for an order of the actor.
func (s *Refunds) Request(ctx context.Context, r RefundRequest) (refund Refund, err error) {
	if r.Key == "" || len(r.Key) > maxKeyLength {
		return Refund{}, ErrKeyMissing
	}
	if err = s.seen(ctx, &r); err != nil {
		return Refund{}, err
	}
	err = db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		o, err := s.lockTx(ctx, tx, r.OrderNo)
		if err != nil {
			return err
		}
		refund, err = s.refundTx(ctx, tx, o, r, byOperator)
		return err
	})
	return refund, err
}

// The causes of refunds that people outside of this package decide on.
const (
	byOperator = "operator"
	byCreator  = "creator"
	byShopper  = "shopper" // the policy decides

	// CauseDispute is the cause of what the buyer's bank takes.
	CauseDispute = "dispute"
)

// refundTx makes the refund of a request. The caller has locked the order.
func (s *Refunds) refundTx(ctx context.Context, tx pgx.Tx, o Order, r RefundRequest, cause string) (Refund, error) {
	known, err := s.q.RefundByKey(ctx, tx, dbsqlc.RefundByKeyParams{OrderNo: r.OrderNo, RequestKey: r.Key})
	if err == nil {
		return refundOf(known), nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return Refund{}, fmt.Errorf("refund by key: %w", err)
	}
	if err := notOwn(o, r.Actor); err != nil {
		return Refund{}, err
	}
	if o.Status != Paid && o.Status != Delivered {
		return Refund{}, ErrNotRefundable.Because("order %s is %s", o.OrderNo, o.Status)
	}
	left, err := s.sharesTx(ctx, tx, o, r.ItemIDs)
	if err != nil {
		return Refund{}, err
	}
	shares, err := r.part(o, left)
	if err == nil {
		err = s.exactTx(ctx, tx, o, shares)
	}
	if err != nil {
		return Refund{}, err
	}
	refund, err := s.takeBackTx(ctx, tx, o, r, cause, shares, whole(shares, left))
	if err != nil {
		return Refund{}, err
	}
	return refund, s.auditTx(ctx, tx, r.Actor, "order.refund", o.OrderNo,
		map[string]any{"refund": refund.RefundNo, "amount": refund.Amount, "items": r.ItemIDs, "reason": r.Reason})
}

// seen notes how much of an order was watched, if a request refunds the rest.
func (s *Refunds) seen(ctx context.Context, r *RefundRequest) error {
	if !r.Unwatched {
		return nil
	}
	o, err := s.orderOf(ctx, r.OrderNo)
	if err != nil {
		return err
	}
	r.watched, err = s.watched(ctx, o)
	return err
}

// takeBackTx records a refund of these shares and ends the access of the items of which nothing is left.
func (s *Refunds) takeBackTx(ctx context.Context, tx pgx.Tx, o Order, r RefundRequest, cause string,
	shares, ended []RefundItem,
) (Refund, error) {
	if total(shares, o.Total.Currency).IsZero() {
		return s.giveUpTx(ctx, tx, o, r, cause, shares)
	}
	capture, err := s.consumedTx(ctx, tx, o.OrderNo)
	if err != nil {
		return Refund{}, err
	}
	refund, err := s.startRefundTx(ctx, tx, o, newRefund{
		capture: capture,
		shares:  shares,
		amount:  total(shares, o.Total.Currency),
		cause:   cause,
		key:     r.Key,
		reason:  r.Reason,
		actor:   r.Actor,
	})
	if err != nil || len(ended) == 0 {
		return refund, err
	}
	return refund, s.revokeTx(ctx, tx, &o, ended)
}

// giveUpTx takes back items that cost nothing: there is no money to move, only access to end and stock to return. It
// records a refund all the same, which has succeeded at once.
func (s *Refunds) giveUpTx(ctx context.Context, tx pgx.Tx, o Order, r RefundRequest, cause string,
	shares []RefundItem,
) (Refund, error) {
	refund, err := s.writeRefundTx(ctx, tx, o, newRefund{
		shares: shares,
		amount: money.Of(0, o.Total.Currency),
		cause:  cause,
		key:    r.Key,
		reason: r.Reason,
		actor:  r.Actor,
	})
	if err != nil {
		return Refund{}, err
	}
	if err := s.revokeTx(ctx, tx, &o, shares); err != nil {
		return Refund{}, err
	}
	if err := s.restockTx(ctx, tx, shared(o, shares)); err != nil {
		return Refund{}, err
	}
	row, err := s.q.SettleRefund(ctx, tx, dbsqlc.SettleRefundParams{
		RefundNo: refund.RefundNo,
		Status:   payment.Succeeded,
		At:       s.deps.Now(),
	})
	if err != nil {
		return Refund{}, fmt.Errorf("settle refund %s: %w", refund.RefundNo, err)
	}
	refund = refundOf(row)
	refund.Items = shares
	if o.Refunded == o.Total && allRevoked(o) {
		if err := s.endRefundedTx(ctx, tx, &o, refund); err != nil {
			return Refund{}, err
		}
	}
	return refund, s.refundedEventTx(ctx, tx, o, refund)
}

// endRefundedTx makes a fully refunded order REFUNDED and returns the use of its coupon. The caller has locked its
// stock before.
func (s *Refunds) endRefundedTx(ctx context.Context, tx pgx.Tx, o *Order, r Refund) error {
	if err := s.moveTx(ctx, tx, o, move{Refunded, r.Cause, r.Actor}); err != nil || o.couponID == 0 {
		return err
	}
	return s.deps.Promotions.ReturnTx(ctx, tx, o.OrderNo)
}

// sharesTx returns what can still be refunded for each chosen item; an item that cost nothing has a share of zero as
// long as it can be watched. The caller has locked the order, so that two refunds can't both take the same share.
func (s *Refunds) sharesTx(ctx context.Context, tx pgx.Tx, o Order, itemIDs []int64) ([]RefundItem, error) {
	for _, id := range itemIDs {
		if _, ok := o.Item(id); !ok {
			return nil, ErrUnknownItem.Because("item %d of %s", id, o.OrderNo)
		}
	}
	rows, err := s.q.PendingItemRefunds(ctx, tx, o.OrderNo)
	if err != nil {
		return nil, fmt.Errorf("pending refunds of %s: %w", o.OrderNo, err)
	}
	pending := map[int64]int64{}
	for _, r := range rows {
		pending[r.ItemID] = r.Amount
	}
	var shares []RefundItem
	for _, i := range chosen(o, itemIDs) {
		if left := i.Net().Amount - i.Refunded.Amount - pending[i.ID]; left > 0 ||
			i.Net().IsZero() && i.RevokedAt == nil {
			shares = append(shares, RefundItem{ItemID: i.ID, Amount: money.Of(left, i.Amount.Currency)})
		}
	}
	if len(shares) == 0 {
		return nil, ErrNothingLeft.Because("items %v of %s", itemIDs, o.OrderNo)
	}
	return shares, nil
}

func (s *Refunds) consumedTx(ctx context.Context, tx pgx.Tx, orderNo string) (payment.Capture, error) {
	captures, err := s.deps.Payments.CapturesTx(ctx, tx, orderNo)
	if err != nil {
		return payment.Capture{}, err
	}
	for _, c := range captures {
		if c.State == payment.Consumed {
			return c, nil
		}
	}
	return payment.Capture{}, ErrNotRefundable.Because("order %s has no captured payment", orderNo)
}

// revokeTx ends the access that the items of a refund gave, or keeps it from being granted. The buyer's rating of a
// video then counts only if another purchase of the video stands.
func (s *Refunds) revokeTx(ctx context.Context, tx pgx.Tx, o *Order, shares []RefundItem) error {
	now := s.deps.Now()
	for n, i := range o.Items {
		if !slices.ContainsFunc(shares, func(share RefundItem) bool { return share.ItemID == i.ID }) {
			continue
		}
		if _, err := s.deps.Entitlements.RevokeTx(ctx, tx, source(o.OrderNo, i.LineNo), revokedCause); err != nil {
			return err
		}
		if err := s.q.RevokeItem(ctx, tx, dbsqlc.RevokeItemParams{ID: i.ID, At: now}); err != nil {
			return fmt.Errorf("note that item %d of %s is revoked: %w", i.LineNo, o.OrderNo, err)
		}
		o.Items[n].RevokedAt = &now
	}
	return s.settleRatingsTx(ctx, tx, *o)
}

// settleRatingsTx makes the buyer's ratings of an order's videos count only while the buyer holds something that was
// bought of them. It must be called after the grants and revocations of the transaction.
func (s *store) settleRatingsTx(ctx context.Context, tx pgx.Tx, o Order) error {
	return s.deps.Catalog.SettleRatingsTx(ctx, tx, o.UserID, videos(o), s.deps.Entitlements.HeldTx)
}

// shared returns the items of an order that a refund pays back.
func shared(o Order, shares []RefundItem) []Item {
	return slices.DeleteFunc(slices.Clone(o.Items), func(i Item) bool {
		return !slices.ContainsFunc(shares, func(share RefundItem) bool { return share.ItemID == i.ID })
	})
}

// allRevoked reports whether the access of all items of an order has ended.
func allRevoked(o Order) bool {
	return !slices.ContainsFunc(o.Items, func(i Item) bool { return i.RevokedAt == nil })
}

func chosen(o Order, itemIDs []int64) []Item {
	if len(itemIDs) == 0 {
		return o.Items
	}
	return slices.DeleteFunc(slices.Clone(o.Items), func(i Item) bool { return !slices.Contains(itemIDs, i.ID) })
}

func total(shares []RefundItem, currency string) money.Money {
	sum := money.Of(0, currency)
	for _, share := range shares {
		sum.Amount += share.Amount.Amount
	}
	return sum
}

func refundOf(r dbsqlc.OrderRefund) Refund {
	return Refund{
		RefundNo:  r.RefundNo,
		OrderNo:   r.OrderNo,
		Amount:    money.Of(r.Amount, r.Currency),
		Cause:     r.Cause,
		Reason:    r.Reason,
		Actor:     r.Actor,
		Status:    r.Status,
		CreatedAt: r.CreatedAt,
		SettledAt: r.SettledAt,
	}
}
