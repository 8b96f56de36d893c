package order

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/money"
)

// ErrRefundAmount refuses a refund of nothing, of more than is left, or of another currency.
var ErrRefundAmount = fault.New(fault.Invalid, "refund_amount",
	"The amount must be above zero and not above what is left.")

// ErrRefundRounds refuses a refund of a part that the payment's provider would have to round.
var ErrRefundRounds = fault.New(fault.Invalid, "refund_rounds",
	"The payment provider can't give back exactly this sum. Choose a rounder amount, or all of it.")

// exactTx refuses a part that the provider of the payment can't give back exactly: access would end for a refund that
// fails. All that is left of an order is never refused, since it goes back as it came. Errors: ErrRefundRounds.
func (s *Refunds) exactTx(ctx context.Context, tx pgx.Tx, o Order, shares []RefundItem) error {
	sum := total(shares, o.Total.Currency)
	if sum.IsZero() {
		return nil
	}
	capture, err := s.consumedTx(ctx, tx, o.OrderNo)
	if err != nil || s.deps.Payments.GivesBack(capture.Provider, sum) {
		return err
	}
	left, err := s.sharesTx(ctx, tx, o, nil)
	if err != nil || total(left, sum.Currency) == sum {
		return err
	}
	return ErrRefundRounds.Because("%s can't give back %s of %s", capture.Provider, sum, o.OrderNo)
}

// part returns what a request takes of what is left of its items: all, an amount that is spread over them in
// proportion, or what was not watched. Errors: ErrRefundAmount, ErrNothingLeft.
func (r RefundRequest) part(o Order, left []RefundItem) ([]RefundItem, error) {
	switch {
	case r.Unwatched && r.Amount != money.Money{}:
		return nil, ErrRefundAmount.Because("both an amount and the unwatched share")
	case r.Unwatched:
		return r.unwatched(o, left)
	case r.Amount == money.Money{}:
		return left, nil
	}
	if all := total(left, o.Total.Currency); r.Amount.Currency != all.Currency || r.Amount.Amount <= 0 ||
		r.Amount.Amount > all.Amount {
		return nil, ErrRefundAmount.Because("%s of %s, of which %s is left", r.Amount, o.OrderNo, all)
	}
	return spread(left, r.Amount), nil
}

// unwatched returns, for each item, the share of its price that its buyer has not watched, with half a minor unit
// rounded up, less what was refunded of it before.
func (r RefundRequest) unwatched(o Order, left []RefundItem) ([]RefundItem, error) {
	var out []RefundItem
	for _, share := range left {
		i, ok := o.Item(share.ItemID)
		if !ok {
			continue
		}
		net, watched := i.Net().Amount, int64(min(max(r.watched[i.SPUID], 0), 100))
		seen := net - (net*(100-watched)+50)/100 // what the buyer has had of it
		if back := share.Amount.Amount - seen; back > 0 {
			out = append(out, RefundItem{ItemID: share.ItemID, Amount: money.Of(back, share.Amount.Currency)})
		}
	}
	if len(out) == 0 {
		return nil, ErrNothingLeft.Because("all that is left of %s was watched", o.OrderNo)
	}
	return out, nil
}

// whole returns the shares that take all that is left of their items.
func whole(shares, left []RefundItem) []RefundItem {
	return slices.DeleteFunc(slices.Clone(shares), func(share RefundItem) bool { return !slices.Contains(left, share) })
}

// Preview is what a refund would give back for each item, and which of these items could not be watched any more.
type Preview struct {
	Shares []RefundItem
	Ended  []RefundItem
}

// Preview tells what Request would do now, and does nothing. Errors: those of Request.
func (s *Refunds) Preview(ctx context.Context, r RefundRequest) (p Preview, err error) {
	if err := s.seen(ctx, &r); err != nil {
		return Preview{}, err
	}
	err = db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		o, err := s.lockTx(ctx, tx, r.OrderNo)
		if err != nil {
			return err
		}
		if o.Status != Paid && o.Status != Delivered {
			return ErrNotRefundable.Because("order %s is %s", o.OrderNo, o.Status)
		}
		left, err := s.sharesTx(ctx, tx, o, r.ItemIDs)
		if err != nil {
			return err
		}
		if p.Shares, err = r.part(o, left); err != nil {
			return err
		}
		p.Ended = whole(p.Shares, left)
		return s.exactTx(ctx, tx, o, p.Shares)
	})
	return p, err
}
