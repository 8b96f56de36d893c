package order

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// RequestSale is Request for the creator who sold the items. All items must be named and be theirs, the payment must be
// within RefundWindow, and the creator's balance must cover the refund: otherwise a creator who was paid out could have
// a friend buy and then refund the friend with the mall's money. The keys of each creator are separate from those of
// others. Errors: ErrNotFound, ErrUnknownItem, ErrRefundWindow, ErrRefundUncovered, and those of Request.
func (s *Refunds) RequestSale(ctx context.Context, creatorID int64, r RefundRequest) (refund Refund, err error) {
	if r.Key == "" || len(r.Key) > maxKeyLength {
		return Refund{}, ErrKeyMissing
	}
	if err = s.seen(ctx, &r); err != nil {
		return Refund{}, err
	}
	r.Key = fmt.Sprintf("creator:%d:%s", creatorID, r.Key)
	err = db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		o, err := s.lockTx(ctx, tx, r.OrderNo)
		if err != nil {
			return err
		}
		sold, err := soldBy(o, creatorID)
		if err != nil {
			return err
		}
		for _, id := range r.ItemIDs {
			if !slices.ContainsFunc(sold, func(i Item) bool { return i.ID == id }) {
				return ErrUnknownItem.Because("item %d of %s is not of creator %d", id, o.OrderNo, creatorID)
			}
		}
		if len(r.ItemIDs) == 0 {
			return ErrUnknownItem.Because("a refund that names no items")
		}
		if !s.deps.Now().Before(o.PaidAt.Add(RefundWindow)) {
			return ErrRefundWindow.Because("order %s was paid at %s", o.OrderNo, o.PaidAt)
		}
		had, err := s.deps.Ledger.FreeTx(ctx, tx, creatorID)
		if err != nil {
			return err
		}
		if refund, err = s.refundTx(ctx, tx, o, r, byCreator); err != nil {
			return err
		}
		left, err := s.deps.Ledger.FreeTx(ctx, tx, creatorID)
		for currency, sum := range left { // of the sale, or the one that the share was converted to
			if sum < 0 && sum < had[currency] { // a repeated request takes nothing more
				err = ErrRefundUncovered.Because("creator %d would have %d %s", creatorID, sum, currency)
			}
		}
		return err
	})
	return refund, err
}
