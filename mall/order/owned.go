package order

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/entitlement"
	"videomall/mall/order/internal/dbsqlc"
)

// causeOwned is the cause when an order is closed unpaid, or an item refunded, because the buyer got it through another
// order.
const causeOwned = "already_owned"

// OwnedByNow returns the items of an unpaid order that the buyer has got since it was placed, or has paid for, through
// another order. An order with such an item can't be paid. An order that does not wait for payment has none.
func (s *Orders) OwnedByNow(ctx context.Context, o Order) (items []Item, err error) {
	if o.Status != PendingPay {
		return nil, nil
	}
	err = db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		paid, err := s.paidElsewhereTx(ctx, tx, o)
		if err != nil {
			return err
		}
		items, err = s.ownedTx(ctx, tx, o, paid)
		return err
	})
	return items, err
}

// mayPay fails if the buyer owns an item of the order by now. Errors: ErrAlreadyOwned, which names the SKU.
func (s *Orders) mayPay(ctx context.Context, o Order) error {
	owned, err := s.OwnedByNow(ctx, o)
	if err != nil || len(owned) == 0 {
		return err
	}
	return ErrAlreadyOwned.With(fmt.Sprintf("sku:%d", owned[0].SKUID), ErrAlreadyOwned.Slug).
		Because("item %d of %s", owned[0].LineNo, o.OrderNo)
}

// ownedTx returns the items of an order that would give the buyer nothing new, considering what the buyer has been
// granted and the holdings in more. In general only ownership counts, since a second rental is another window. For a
// bundle a rental counts too, since the price of a bundle leaves out every part that the buyer holds.
func (s *Orders) ownedTx(ctx context.Context, tx pgx.Tx, o Order, more entitlement.Holdings) (items []Item, err error) {
	held, err := s.deps.Entitlements.HoldingsTx(ctx, tx, o.UserID, videos(o))
	if err != nil {
		return nil, err
	}
	for spuID, list := range more {
		held[spuID] = append(held[spuID], list...)
	}
	for _, i := range o.Items {
		covered := held.Own(i.SPUID, i.Quality) || o.BundleID != 0 && held.Cover(i.SPUID, i.Kind, i.Quality)
		if covered && i.RevokedAt == nil {
			items = append(items, i)
		}
	}
	return items, nil
}

// paidElsewhereTx returns what the buyer is about to be granted through other orders that are paid.
func (s *Orders) paidElsewhereTx(ctx context.Context, tx pgx.Tx, o Order) (entitlement.Holdings, error) {
	rows, err := s.q.PaidElsewhere(ctx, tx, dbsqlc.PaidElsewhereParams{
		UserID:  o.UserID,
		OrderNo: o.OrderNo,
		SpuIds:  videos(o),
	})
	if err != nil {
		return nil, fmt.Errorf("what else the buyer of %s has paid for: %w", o.OrderNo, err)
	}
	paid := entitlement.Holdings{}
	for _, r := range rows {
		paid[r.SpuID] = append(paid[r.SpuID], entitlement.Entitlement{
			SPUID:   r.SpuID,
			Kind:    r.Kind,
			Quality: r.Quality,
		})
	}
	return paid, nil
}

// lockBuyerTx keeps every other order of the same buyer from being granted until the transaction ends. The caller has
// locked the order before: orders are always locked before buyers.
func (s *store) lockBuyerTx(ctx context.Context, tx pgx.Tx, o Order) error {
	if err := s.q.LockBuyer(ctx, tx, o.UserID); err != nil {
		return fmt.Errorf("lock the buyer of %s: %w", o.OrderNo, err)
	}
	return nil
}

// returnOwnedTx refunds the items of a paid order that the buyer owns by now, before they are granted: the payment was
// under way when the other order was delivered. The caller has locked the order and the buyer. It returns the order in
// its new state.
func (s *Orders) returnOwnedTx(ctx context.Context, tx pgx.Tx, o Order) (Order, error) {
	owned, err := s.ownedTx(ctx, tx, o, nil)
	if err != nil || len(owned) == 0 {
		return o, err
	}
	ids := make([]int64, len(owned))
	for n, i := range owned {
		ids[n] = i.ID
	}
	if _, err := s.refunds.refundTx(ctx, tx, o, RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: ids,
		Actor:   "system",
		Key:     causeOwned,
		Reason:  "Its buyer owned this already when the payment came.",
	}, causeOwned); err != nil {
		return Order{}, err
	}
	return s.lockTx(ctx, tx, o.OrderNo)
}

// closeOwnedTx enqueues a CloseOwned job for each of the buyer's unpaid orders that contain a video that was just
// granted.
func (s *Orders) closeOwnedTx(ctx context.Context, tx pgx.Tx, o Order) error {
	waiting, err := s.q.WaitingWith(ctx, tx, dbsqlc.WaitingWithParams{UserID: o.UserID, SpuIds: videos(o)})
	if err != nil {
		return fmt.Errorf("other orders of the buyer of %s: %w", o.OrderNo, err)
	}
	for _, orderNo := range waiting {
		if _, err := s.deps.River.InsertTx(ctx, tx, CloseOwnedArgs{orderNo}, nil); err != nil {
			return fmt.Errorf("enqueue the close of %s: %w", orderNo, err)
		}
	}
	return nil
}

// CloseOwned closes an unpaid order if the buyer has got every item of it through other orders, so that its stock and
// its coupon become free and nobody is asked to pay for it. An order with at least one item that the buyer does not own
// stays open. Errors: ErrAwaitsProvider asks the caller to try again soon.
func (s *Orders) CloseOwned(ctx context.Context, orderNo string) error {
	o, err := s.GetAny(ctx, orderNo)
	if err != nil || o.Status != PendingPay {
		return err
	}
	var owned []Item
	err = db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		owned, err = s.ownedTx(ctx, tx, o, nil)
		return err
	})
	if err != nil || len(owned) < len(o.Items) {
		return err
	}
	return s.close(ctx, orderNo, move{Closed, causeOwned, "system"})
}

func videos(o Order) []int64 {
	ids := make([]int64, len(o.Items))
	for n, i := range o.Items {
		ids[n] = i.SPUID
	}
	return ids
}
