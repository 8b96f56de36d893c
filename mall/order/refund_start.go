package order

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
)

// newRefund is a refund to be recorded. shares says which items it pays back; it is empty for a sum that paid for
// none.
type newRefund struct {
	capture payment.Capture
	shares  []RefundItem
	amount  money.Money
	cause   string
	key     string
	reason  string
	actor   string
}

// startRefundTx records a refund here, in payment and in the ledger, so that its sum can't be paid out to the creator
// meanwhile, and enqueues the request to the provider, unless the buyer's bank takes the money for a dispute.
func (s *Refunds) startRefundTx(ctx context.Context, tx pgx.Tx, o Order, n newRefund) (Refund, error) {
	refund, err := s.writeRefundTx(ctx, tx, o, n)
	if err != nil {
		return Refund{}, err
	}
	if err := s.bookTx(ctx, tx, payment.Refund{
		RefundNo:  refund.RefundNo,
		CaptureID: n.capture.ID,
		Amount:    n.amount,
		Reason:    n.reason,
		ByBank:    n.cause == CauseDispute,
	}, bookOf(o, refund)); err != nil {
		return Refund{}, err
	}
	return refund, s.eventTx(ctx, tx, "order.refund_started", o)
}

// bookTx records a refund in payment and in the ledger, and enqueues the request to the provider, unless the buyer's
// bank takes the money.
func (s *Refunds) bookTx(ctx context.Context, tx pgx.Tx, r payment.Refund, book ledger.Refund) error {
	if err := s.deps.Payments.RefundTx(ctx, tx, r); err != nil {
		return err
	}
	if err := s.deps.Ledger.RefundTx(ctx, tx, book); err != nil || r.ByBank {
		return err
	}
	if _, err := s.deps.River.InsertTx(ctx, tx, RefundArgs{r.RefundNo}, nil); err != nil {
		return fmt.Errorf("enqueue refund %s: %w", r.RefundNo, err)
	}
	return nil
}

// bookOf describes, for the ledger, which sold items a refund pays back; none for a sum that paid for none.
func bookOf(o Order, r Refund) ledger.Refund {
	book := ledger.Refund{
		Reference: r.RefundNo,
		Amount:    r.Amount,
		Disputed:  r.Cause == CauseDispute,
	}
	for _, share := range r.Items {
		if i, ok := o.Item(share.ItemID); ok {
			book.Parts = append(book.Parts, ledger.RefundPart{
				Source: source(o.OrderNo, i.LineNo),
				Amount: share.Amount,
				Tax:    share.Tax,
			})
		}
	}
	return book
}

// writeRefundTx records a refund with the items that it pays back, how much, and the tax in that.
func (s *Refunds) writeRefundTx(ctx context.Context, tx pgx.Tx, o Order, n newRefund) (Refund, error) {
	shares, err := s.taxBackTx(ctx, tx, o, n.shares)
	if err != nil {
		return Refund{}, err
	}
	row, err := s.q.InsertRefund(ctx, tx, dbsqlc.InsertRefundParams{
		RefundNo:   newNumber(s.deps.Now()),
		OrderNo:    o.OrderNo,
		Amount:     n.amount.Amount,
		Currency:   n.amount.Currency,
		Cause:      n.cause,
		RequestKey: n.key,
		Reason:     n.reason,
		Actor:      n.actor,
		CreatedAt:  s.deps.Now(),
	})
	if err != nil {
		return Refund{}, fmt.Errorf("write refund of %s: %w", o.OrderNo, err)
	}
	refund := refundOf(row)
	refund.Items = shares
	for _, share := range shares {
		if err := s.q.InsertRefundItem(ctx, tx, dbsqlc.InsertRefundItemParams{
			RefundNo:  row.RefundNo,
			ItemID:    share.ItemID,
			Amount:    share.Amount.Amount,
			TaxAmount: share.Tax.Amount,
		}); err != nil {
			return Refund{}, fmt.Errorf("write refund %s of item %d: %w", row.RefundNo, share.ItemID, err)
		}
	}
	return refund, nil
}
