package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
)

// refundPatience is how long a provider may put a refund off, such as for want of balance, before an operator is told.
const refundPatience = 24 * time.Hour

// Cases that are no outcome of a notice.
const (
	caseRefundDelayed  = "refund_delayed"
	caseRefundReturned = "refund_returned"
)

// Submit requests a recorded refund from the provider, or asks for its state, and settles it once the provider says how
// it ended. A refund that the provider can't make now is submitted again later; after a day it becomes a case as well.
// Errors: ErrAwaitsProvider while the provider is processing it, and those of payment.SubmitRefund.
func (s *Refunds) Submit(ctx context.Context, refundNo string) error {
	r, err := s.deps.Payments.SubmitRefund(ctx, refundNo)
	if errors.Is(err, payment.ErrRetryLater) && s.deps.Now().Sub(r.CreatedAt) > refundPatience {
		return errors.Join(err, db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
			return s.openCaseTx(ctx, tx, caseRefundDelayed, r.Reference, refundNo,
				map[string]any{"refundNo": refundNo, "amount": r.Amount, "error": err.Error()})
		}))
	}
	if err != nil || r.ByBank {
		return err
	}
	if r.Status != payment.Succeeded && r.Status != payment.Failed {
		return fmt.Errorf("%w: refund %s is %s", ErrAwaitsProvider, refundNo, r.Status)
	}
	return db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		if payment.IsTest(r.Reference) {
			_, err := s.settleTestTx(ctx, tx, refundNo, r.Status, r.ChannelRefundNo)
			return err
		}
		o, err := s.lockTx(ctx, tx, r.Reference)
		if err != nil {
			return err
		}
		_, err = s.settleTx(ctx, tx, o, refundNo, r.Status, r.ChannelRefundNo)
		return err
	})
}

// refundNoticeTx applies a notice on a refund: one of ours, or one that was made at the provider.
func (s *Refunds) refundNoticeTx(ctx context.Context, tx pgx.Tx, n payment.Notice, inquired bool) (string, error) {
	o, outcome, err := s.orderOfTx(ctx, tx, &n)
	if err != nil || outcome != "" {
		return outcome, err
	}
	status := payment.Succeeded
	if n.Type == payment.RefundFailed {
		status = payment.Failed
	}
	if payment.IsTest(o.OrderNo) {
		return s.testNoticeTx(ctx, tx, n, status)
	}
	row, err := s.q.RefundByNo(ctx, tx, n.RefundNo)
	if err == nil && row.OrderNo == o.OrderNo {
		// Submit asks the provider and settles it. A notice that tells only the sum of all refunds can't differ.
		if asked := money.Of(row.Amount, row.Currency); n.Amount != asked && !n.Amount.IsZero() {
			return OutcomeRefundUnmatched, s.openCaseTx(ctx, tx, OutcomeRefundUnmatched, o.OrderNo,
				n.Provider+"/"+n.EventID,
				map[string]any{"refundNo": n.RefundNo, "expected": asked, "received": n.Amount})
		}
		return s.settleTx(ctx, tx, o, n.RefundNo, status, n.ChannelRefundNo)
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("refund %s: %w", n.RefundNo, err)
	}
	taken, known, err := s.takenUpTx(ctx, tx, o, n)
	switch {
	case err != nil:
		return "", err
	case known && status == payment.Failed && taken.ChannelRefundNo == "" && numbered(n):
		// Another refund over the same sum may have failed: to pay this one again could pay it twice.
		return OutcomeRefundUnmatched, s.openCaseTx(ctx, tx, OutcomeRefundUnmatched, o.OrderNo, n.Provider+"/"+n.EventID,
			map[string]any{"refundNo": taken.RefundNo, "failed": cmp.Or(n.ChannelRefundNo, n.RefundNo), "amount": n.Amount})
	case known && status == payment.Failed:
		return s.settleTx(ctx, tx, o, taken.RefundNo, status, n.ChannelRefundNo)
	case known:
		return OutcomeDuplicate, s.deps.Payments.NameRefundTx(ctx, tx, taken.RefundNo, n.ChannelRefundNo)
	case status == payment.Failed:
		return OutcomeIgnored, nil // no refund of ours failed, and no money moved
	}
	captures, err := s.deps.Payments.CapturesTx(ctx, tx, o.OrderNo)
	if err != nil {
		return "", err
	}
	if len(captures) == 0 && !inquired {
		return "", paymentFirst{o.OrderNo}
	}
	return s.channelRefundTx(ctx, tx, o, captures, n)
}

// orderOfTx locks the order that a notice is about. The notices of some providers name the payment alone, by their own
// number of it: orderOfTx then looks up our number of the attempt. If the notice is about nothing of ours, outcome says
// so: a number of ours that we don't know is a case, a payment of which we know nothing is somebody else's. A test
// payment has no order: o has only its reference.
func (s *Refunds) orderOfTx(ctx context.Context, tx pgx.Tx, n *payment.Notice) (o Order, outcome string, err error) {
	if n.AttemptNo == "" {
		if n.AttemptNo, err = s.deps.Payments.AttemptOfTxn(ctx, tx, n.Provider, n.ChannelTxnNo); err != nil {
			return Order{}, "", err
		}
		if n.AttemptNo == "" {
			return Order{}, OutcomeForeign, nil
		}
	}
	attempt, err := s.deps.Payments.AttemptTx(ctx, tx, n.Provider, n.AttemptNo)
	if errors.Is(err, payment.ErrUnknownAttempt) {
		return Order{}, OutcomeUnknownOrder, s.openCaseTx(ctx, tx, OutcomeUnknownOrder, "", n.Provider+"/"+n.EventID,
			map[string]any{"type": n.Type, "attemptNo": n.AttemptNo, "amount": n.Amount})
	}
	if err != nil {
		return Order{}, "", err
	}
	if payment.IsTest(attempt.Reference) {
		return Order{OrderNo: attempt.Reference}, "", nil
	}
	o, err = s.lockTx(ctx, tx, attempt.Reference)
	return o, "", err
}

// settleTx settles a refund once, with all that follows from it. The caller has locked the order.
func (s *Refunds) settleTx(ctx context.Context, tx pgx.Tx, o Order,
	refundNo, status, channelRefundNo string,
) (string, error) {
	paid, changed, err := s.deps.Payments.SettleRefundTx(ctx, tx, refundNo, status, channelRefundNo)
	if err != nil {
		return "", err
	}
	if !changed {
		if paid.Status == status || status == payment.Failed && settledAfterReturn(paid.Status) {
			return OutcomeDuplicate, nil
		}
		if paid.Status == payment.Succeeded && status == payment.Failed {
			return OutcomeRefundFailed, s.returnedTx(ctx, tx, o, paid)
		}
		return OutcomeRefundUnmatched, s.openCaseTx(ctx, tx, OutcomeRefundUnmatched, o.OrderNo, refundNo+"/"+status,
			map[string]any{"refundNo": refundNo, "was": paid.Status, "now": status})
	}
	row, err := s.q.SettleRefund(ctx, tx, dbsqlc.SettleRefundParams{
		RefundNo: refundNo,
		Status:   status,
		At:       s.deps.Now(),
	})
	if err != nil {
		return "", fmt.Errorf("settle refund %s: %w", refundNo, err)
	}
	shares, err := s.q.RefundItemsOf(ctx, tx, []string{refundNo})
	if err != nil {
		return "", fmt.Errorf("items of refund %s: %w", refundNo, err)
	}
	r := refundOf(row)
	for _, share := range shares {
		r.Items = append(r.Items, sharedBack(share, r.Amount.Currency))
	}
	if status == payment.Failed {
		if err := s.refundFailedTx(ctx, tx, o, r); err != nil || paid.ByBank {
			return OutcomeRefundFailed, err
		}
		return OutcomeRefundFailed, s.openCaseTx(ctx, tx, OutcomeRefundFailed, o.OrderNo, paid.RefundNo,
			map[string]any{"refundNo": paid.RefundNo, "amount": paid.Amount, "error": paid.LastError})
	}
	return OutcomeRefundSettled, s.refundedTx(ctx, tx, o, r, paid.Provider)
}

func settledAfterReturn(status string) bool {
	return status == payment.Returned || status == payment.Transferred
}

// returnedTx books that a refund which had succeeded has failed after all: the provider holds the money again, and we
// owe it to the buyer, whose access has ended. The order stays as it is; a case asks an operator to pay in another way.
func (s *Refunds) returnedTx(ctx context.Context, tx pgx.Tx, o Order, r payment.Refund) error {
	changed, err := s.bookReturnTx(ctx, tx, r)
	if err != nil || !changed {
		return err
	}
	if _, err := s.q.ChangeSettledRefund(ctx, tx, dbsqlc.ChangeSettledRefundParams{
		RefundNo:   r.RefundNo,
		FromStatus: payment.Succeeded,
		ToStatus:   payment.Returned,
	}); err != nil {
		return fmt.Errorf("return refund %s: %w", r.RefundNo, err)
	}
	return s.openCaseTx(ctx, tx, caseRefundReturned, o.OrderNo, r.RefundNo,
		map[string]any{"refundNo": r.RefundNo, "amount": r.Amount})
}

// bookReturnTx records in payment and in the ledger that the sum of a refund came back, once.
func (s *Refunds) bookReturnTx(ctx context.Context, tx pgx.Tx, r payment.Refund) (changed bool, err error) {
	changed, err = s.deps.Payments.ReturnRefundTx(ctx, tx, r.RefundNo, "the payer's bank sent it back")
	if err != nil || !changed {
		return false, err
	}
	return true, s.deps.Ledger.RefundReturnedTx(ctx, tx, r.Provider, ledger.Refund{
		Reference: r.RefundNo,
		Amount:    r.Amount,
	})
}

// Transfer records that a refund which the payer's bank sent back was paid to the buyer in another way, such as by a
// bank transfer with this reference. It does so once. Errors: ErrNotRefundable if the refund does not wait for that,
// ErrOwnMoney for an order of the actor.
func (s *Refunds) Transfer(ctx context.Context, refundNo, transfer, actor string) error {
	r, err := s.deps.Payments.Refund(ctx, refundNo)
	if err != nil {
		return err
	}
	return db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		o, err := s.lockTx(ctx, tx, r.Reference)
		if err != nil {
			return err
		}
		if err := notOwn(o, actor); err != nil {
			return err
		}
		changed, err := s.deps.Payments.TransferRefundTx(ctx, tx, refundNo, transfer)
		if err != nil {
			return err
		}
		if !changed {
			return ErrNotRefundable.Because("refund %s is %s", refundNo, r.Status)
		}
		if _, err := s.q.ChangeSettledRefund(ctx, tx, dbsqlc.ChangeSettledRefundParams{
			RefundNo:   refundNo,
			FromStatus: payment.Returned,
			ToStatus:   payment.Transferred,
		}); err != nil {
			return fmt.Errorf("transfer refund %s: %w", refundNo, err)
		}
		if err := s.deps.Ledger.RefundTransferredTx(ctx, tx, ledger.Refund{
			Reference: refundNo,
			Amount:    r.Amount,
		}); err != nil {
			return err
		}
		return s.auditTx(ctx, tx, actor, "order.refund_transfer", o.OrderNo,
			map[string]any{"refund": refundNo, "amount": r.Amount, "transfer": transfer})
	})
}

// refundFailedTx undoes a refund that failed: it restores the access of the buyer and the money of those who earned it.
// It does not restore access to a video that was taken down for everybody, or that
// the buyer owns through another order: the operator has to pay such a buyer in another way. Access that is held for a
// dispute stays so.
func (s *Refunds) refundFailedTx(ctx context.Context, tx pgx.Tx, o Order, r Refund) error {
	if err := s.deps.Ledger.RefundFailedTx(ctx, tx, r.RefundNo); err != nil {
		return err
	}
	if err := s.lockBuyerTx(ctx, tx, o); err != nil {
		return err
	}
	ended, err := s.endedTx(ctx, tx, videos(o))
	if err != nil {
		return err
	}
	held, err := s.deps.Entitlements.HoldingsTx(ctx, tx, o.UserID, videos(o))
	if err != nil {
		return err
	}
	disputed, err := s.q.ItemsOfDisputes(ctx, tx, dbsqlc.ItemsOfDisputesParams{
		OrderNo:        o.OrderNo,
		ExceptRefundNo: r.RefundNo,
	})
	if err != nil {
		return fmt.Errorf("disputed items of %s: %w", o.OrderNo, err)
	}
	for _, share := range r.Items {
		i, ok := o.Item(share.ItemID)
		if !ok || ended[i.SPUID] != 0 || held.Own(i.SPUID, i.Quality) || slices.Contains(disputed, i.ID) {
			continue
		}
		if _, err := s.deps.Entitlements.RestoreTx(ctx, tx, source(o.OrderNo, i.LineNo), revokedCause); err != nil {
			return err
		}
		if err := s.q.RestoreItem(ctx, tx, i.ID); err != nil {
			return fmt.Errorf("restore item %d of %s: %w", i.LineNo, o.OrderNo, err)
		}
	}
	return s.settleRatingsTx(ctx, tx, o)
}

// refundedTx books a refund that succeeded: in the ledger, in the items and in their stock, and in the order itself,
// which it makes REFUNDED if nothing is left of it.
func (s *Refunds) refundedTx(ctx context.Context, tx pgx.Tx, o Order, r Refund, provider string) error {
	if err := s.deps.Ledger.RefundSentTx(ctx, tx, provider, bookOf(o, r)); err != nil {
		return err
	}
	var whole []Item
	for _, share := range r.Items {
		if err := s.q.AddItemRefund(ctx, tx, dbsqlc.AddItemRefundParams{
			ID:     share.ItemID,
			Amount: share.Amount.Amount,
			Tax:    share.Tax.Amount,
		}); err != nil {
			return fmt.Errorf("book refund %s of item %d: %w", r.RefundNo, share.ItemID, err)
		}
		if i, ok := o.Item(share.ItemID); ok && i.Refunded.Amount+share.Amount.Amount == i.Net().Amount {
			whole = append(whole, i)
		}
	}
	if err := s.restockTx(ctx, tx, whole); err != nil {
		return err
	}
	// A second payment, or a late payment of an order that another one has paid, never belonged to the order: its
	// refund does not change the order.
	if r.Cause == OutcomePaidTwice || r.Cause == OutcomePaidAfterClose && o.Status != Closed {
		return s.refundEventTx(ctx, tx, "order.surplus_refunded", o, r)
	}
	row, err := s.q.AddOrderRefund(ctx, tx, dbsqlc.AddOrderRefundParams{OrderNo: o.OrderNo, Amount: r.Amount.Amount})
	if err != nil {
		return fmt.Errorf("book refund %s of %s: %w", r.RefundNo, o.OrderNo, err)
	}
	// An item that cost nothing may still be accessible after all money was refunded: then the order stays as it is.
	if row.RefundedAmount == row.TotalAmount && (o.Status == Closed || allRevoked(o)) {
		if err := s.endRefundedTx(ctx, tx, &o, r); err != nil {
			return err
		}
	}
	return s.refundedEventTx(ctx, tx, o, r)
}

func (s *store) restockTx(ctx context.Context, tx pgx.Tx, items []Item) error {
	for _, i := range limited(items) {
		if _, err := s.deps.Inventory.RestockTx(ctx, tx, *i.reservation); err != nil {
			return err
		}
	}
	return nil
}

// Sweep submits again the refunds that have been pending for longer than grace, and returns their number.
func (s *Refunds) Sweep(ctx context.Context, grace time.Duration) (int, error) {
	open, err := s.q.PendingRefunds(ctx, s.deps.Pool, dbsqlc.PendingRefundsParams{
		Before:  s.deps.Now().Add(-grace),
		MaxRows: sweepRows,
	})
	if err != nil {
		return 0, fmt.Errorf("find open refunds: %w", err)
	}
	return s.each(ctx, open, s.Submit)
}
