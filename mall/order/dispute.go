package order

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/mall/payment"
)

// Cases that disputes open.
const (
	caseDispute          = "dispute"         // evidence is due
	caseDisputeWarning   = "dispute_warning" // a bank's suspicion
	caseDisputeUnmatched = "dispute_unmatched"
)

// disputeNoticeTx applies one event of a dispute. A dispute is booked as a refund that the buyer's bank makes: while it
// is open, the access and the creators' shares are held, so that the sum can't be refunded or paid out as well. If it
// is lost, the refund succeeds; if it is won, the refund fails, and all is given back. Its events may come in any order.
func (s *Refunds) disputeNoticeTx(ctx context.Context, tx pgx.Tx, n payment.Notice, inquired bool) (string, error) {
	o, outcome, err := s.orderOfTx(ctx, tx, &n)
	if err != nil || outcome != "" {
		return outcome, err
	}
	if payment.IsTest(o.OrderNo) {
		return OutcomeIgnored, nil // the sum has been refunded; the statement tells what the bank took
	}
	captures, err := s.deps.Payments.CapturesTx(ctx, tx, o.OrderNo)
	if err != nil {
		return "", err
	}
	if len(captures) == 0 && !inquired {
		return "", paymentFirst{o.OrderNo}
	}
	if n.Type == payment.DisputeWarning {
		return OutcomeDispute, s.openCaseTx(ctx, tx, caseDisputeWarning, o.OrderNo, n.Provider+"/"+n.EventID,
			map[string]any{"attemptNo": n.AttemptNo, "amount": n.Amount, "reason": reasonOf(n)})
	}
	for _, c := range captures {
		if c.Provider == n.Provider && (c.ChannelTxnNo == n.ChannelTxnNo ||
			n.ChannelTxnNo == "" && c.AttemptNo == n.AttemptNo) {
			return s.disputeTx(ctx, tx, o, c, n)
		}
	}
	return OutcomeDispute, s.openCaseTx(ctx, tx, caseDisputeUnmatched, o.OrderNo, n.Provider+"/"+n.EventID,
		map[string]any{"attemptNo": n.AttemptNo, "transaction": n.ChannelTxnNo, "amount": n.Amount})
}

func reasonOf(n payment.Notice) string {
	if n.Dispute == nil {
		return ""
	}
	return n.Dispute.Reason
}

// disputeTx opens the dispute of a capture if it is not known yet, and moves it on.
func (s *Refunds) disputeTx(ctx context.Context, tx pgx.Tx, o Order, c payment.Capture,
	n payment.Notice,
) (string, error) {
	if n.Dispute == nil || n.Dispute.DisputeNo == "" {
		return "", fmt.Errorf("notice %s of %s names no dispute", n.EventID, n.Provider)
	}
	d, known, err := s.deps.Payments.DisputeTx(ctx, tx, n.Provider, n.Dispute.DisputeNo)
	if err != nil {
		return "", err
	}
	if !known {
		if d, err = s.openDisputeTx(ctx, tx, &o, c, n); err != nil {
			return "", err
		}
	}
	if !n.Dispute.EvidenceDue.IsZero() {
		d.EvidenceDue = &n.Dispute.EvidenceDue
	}
	switch n.Type {
	case payment.DisputeFundsWithdrawn:
		return OutcomeDispute, s.withdrawTx(ctx, tx, &d, n)
	case payment.DisputeFundsReinstated:
		return OutcomeDispute, s.reinstateTx(ctx, tx, d, n)
	case payment.DisputeWon:
		return s.endDisputeTx(ctx, tx, o, c, d, n, payment.DisputeIsWon)
	case payment.DisputeLost:
		return s.endDisputeTx(ctx, tx, o, c, d, n, payment.DisputeIsLost)
	default:
		return OutcomeDispute, s.deps.Payments.SaveDisputeTx(ctx, tx, d, money.Money{})
	}
}

// openDisputeTx records a dispute, holds what can be held for it, and opens a case: an operator has to send evidence
// before it is due.
func (s *Refunds) openDisputeTx(ctx context.Context, tx pgx.Tx, o *Order, c payment.Capture,
	n payment.Notice,
) (payment.DisputeRecord, error) {
	d := payment.DisputeRecord{
		Provider:  n.Provider,
		DisputeNo: n.Dispute.DisputeNo,
		CaptureID: c.ID,
		Reference: o.OrderNo,
		Amount:    n.Amount,
		Reason:    n.Dispute.Reason,
		OpenedAt:  n.OccurredAt,
	}
	if !n.Dispute.EvidenceDue.IsZero() {
		d.EvidenceDue = &n.Dispute.EvidenceDue
	}
	refund, err := s.holdTx(ctx, tx, o, c, n, n.Amount, "dispute:"+n.Provider+"/"+d.DisputeNo)
	if err != nil {
		return payment.DisputeRecord{}, err
	}
	d.RefundNo = refund.RefundNo
	if d, err = s.deps.Payments.OpenDisputeTx(ctx, tx, d); err != nil {
		return payment.DisputeRecord{}, err
	}
	detail := map[string]any{
		"disputeNo": d.DisputeNo, "amount": d.Amount, "reason": d.Reason, "held": refund.Amount,
	}
	if d.EvidenceDue != nil {
		detail["evidenceDue"] = d.EvidenceDue
	}
	return d, s.openCaseTx(ctx, tx, caseDispute, o.OrderNo, n.Provider+"/"+d.DisputeNo, detail)
}

// holdTx records the refund of a dispute: of what is left of the payment, at most of what the bank claims. It returns
// none if nothing is left.
func (s *Refunds) holdTx(ctx context.Context, tx pgx.Tx, o *Order, c payment.Capture, n payment.Notice,
	claimed money.Money, key string,
) (Refund, error) {
	claim := money.Of(min(claimed.Amount, c.Refundable.Amount), c.Amount.Currency)
	if claimed.Currency != c.Amount.Currency || claim.Amount <= 0 {
		return Refund{}, nil
	}
	var shares []RefundItem
	if c.State == payment.Consumed {
		left, err := s.sharesTx(ctx, tx, *o, nil)
		if err != nil && !errors.Is(err, ErrNothingLeft) {
			return Refund{}, err
		}
		if shares = spread(left, claim); total(shares, claim.Currency) != claim {
			return Refund{}, nil
		}
	}
	refund, err := s.startRefundTx(ctx, tx, *o, newRefund{
		capture: c,
		shares:  shares,
		amount:  claim,
		cause:   CauseDispute,
		key:     key,
		reason:  n.Dispute.Reason,
		actor:   "provider:" + n.Provider,
	})
	if err != nil {
		return Refund{}, err
	}
	return refund, s.revokeTx(ctx, tx, o, shares)
}

// spread divides a sum over shares in proportion to what is left of each, to the minor unit. A sum of all that is left,
// or of more, takes all.
func spread(left []RefundItem, sum money.Money) []RefundItem {
	if total(left, sum.Currency).Amount <= sum.Amount {
		return left
	}
	weights := make([]int64, len(left))
	for n, share := range left {
		weights[n] = share.Amount.Amount
	}
	var out []RefundItem
	for n, part := range money.Split(sum.Amount, weights) {
		if part > 0 {
			out = append(out, RefundItem{ItemID: left[n].ItemID, Amount: money.Of(part, sum.Currency)})
		}
	}
	return out
}

// heldBy describes, for the ledger, the refund of a dispute. ok is false if nothing was held for it.
func (s *Refunds) heldBy(ctx context.Context, tx pgx.Tx,
	d payment.DisputeRecord,
) (r ledger.Refund, ok bool, err error) {
	if d.RefundNo == "" {
		return ledger.Refund{}, false, nil
	}
	row, err := s.q.RefundByNo(ctx, tx, d.RefundNo)
	if err != nil {
		return ledger.Refund{}, false, fmt.Errorf("refund %s of dispute %s: %w", d.RefundNo, d.DisputeNo, err)
	}
	return ledger.Refund{
		Reference: d.RefundNo,
		Amount:    money.Of(row.Amount, row.Currency),
		Disputed:  true,
	}, true, nil
}

// withdrawTx books, once, that the provider took the disputed sum from our account, and notes it in d.
func (s *Refunds) withdrawTx(ctx context.Context, tx pgx.Tx, d *payment.DisputeRecord, n payment.Notice) error {
	if d.WithdrawnAt != nil {
		return s.deps.Payments.SaveDisputeTx(ctx, tx, *d, money.Money{})
	}
	d.WithdrawnAt = &n.OccurredAt
	held, ok, err := s.heldBy(ctx, tx, *d)
	if err != nil {
		return err
	}
	if ok {
		if err := s.deps.Ledger.RefundSentTx(ctx, tx, d.Provider, held); err != nil {
			return err
		}
	}
	return s.deps.Payments.SaveDisputeTx(ctx, tx, *d, held.Amount)
}

// reinstateTx books, once, that the provider gave the disputed sum back. It must have taken it before.
func (s *Refunds) reinstateTx(ctx context.Context, tx pgx.Tx, d payment.DisputeRecord, n payment.Notice) error {
	if d.ReinstatedAt != nil {
		return nil
	}
	if d.WithdrawnAt == nil {
		if err := s.withdrawTx(ctx, tx, &d, n); err != nil {
			return err
		}
	}
	d.ReinstatedAt = &n.OccurredAt
	held, ok, err := s.heldBy(ctx, tx, d)
	if err != nil {
		return err
	}
	if ok {
		if err := s.deps.Ledger.ReinstatedTx(ctx, tx, d.Provider, held); err != nil {
			return err
		}
	}
	return s.deps.Payments.SaveDisputeTx(ctx, tx, d, money.Of(-held.Amount.Amount, held.Amount.Currency))
}

// endDisputeTx ends a dispute once. A dispute that is lost has taken the money, whether its withdrawal was told or not.
func (s *Refunds) endDisputeTx(ctx context.Context, tx pgx.Tx, o Order, c payment.Capture, d payment.DisputeRecord,
	n payment.Notice, end string,
) (string, error) {
	outcome, status := OutcomeDisputeWon, payment.Failed
	if end == payment.DisputeIsLost {
		outcome, status = OutcomeDisputeLost, payment.Succeeded
	}
	if d.Status == end {
		return OutcomeDuplicate, nil
	}
	if d.Status != payment.DisputeIsOpen {
		return outcome, s.openCaseTx(ctx, tx, caseDisputeUnmatched, o.OrderNo, n.Provider+"/"+n.EventID,
			map[string]any{"disputeNo": d.DisputeNo, "was": d.Status, "now": end})
	}
	if end == payment.DisputeIsLost {
		if err := s.withdrawTx(ctx, tx, &d, n); err != nil {
			return "", err
		}
	}
	d.Status, d.ClosedAt = end, &n.OccurredAt
	if err := s.deps.Payments.SaveDisputeTx(ctx, tx, d, money.Money{}); err != nil {
		return "", err
	}
	if d.RefundNo != "" {
		if _, err := s.settleTx(ctx, tx, o, d.RefundNo, status, d.DisputeNo); err != nil {
			return "", err
		}
	}
	if end == payment.DisputeIsLost {
		return outcome, s.takeRestTx(ctx, tx, o.OrderNo, c, d, n)
	}
	return outcome, nil
}

// takeRestTx books what a bank took beyond what could be held when its dispute was opened: refunds that were on their
// way then may have failed since. What was given back to the buyer before, so that the bank took it a second time, is a
// case for an operator.
func (s *Refunds) takeRestTx(ctx context.Context, tx pgx.Tx, orderNo string, c payment.Capture,
	d payment.DisputeRecord, n payment.Notice,
) error {
	held, _, err := s.heldBy(ctx, tx, d)
	if err != nil {
		return err
	}
	rest := money.Of(d.Amount.Amount-held.Amount.Amount, d.Amount.Currency)
	if rest.Amount <= 0 {
		return nil
	}
	o, err := s.lockTx(ctx, tx, orderNo) // as it is after the first part was settled
	if err != nil {
		return err
	}
	captures, err := s.deps.Payments.CapturesTx(ctx, tx, orderNo)
	if err != nil {
		return err
	}
	for _, now := range captures {
		if now.ID == c.ID {
			c = now
		}
	}
	refund, err := s.holdTx(ctx, tx, &o, c, n, rest, "dispute-rest:"+n.Provider+"/"+d.DisputeNo)
	if err != nil {
		return err
	}
	if refund.RefundNo != "" {
		if err := s.deps.Ledger.RefundSentTx(ctx, tx, d.Provider, ledger.Refund{
			Reference: refund.RefundNo,
			Amount:    refund.Amount,
			Disputed:  true,
		}); err != nil {
			return err
		}
		if err := s.deps.Payments.SaveDisputeTx(ctx, tx, d, refund.Amount); err != nil {
			return err
		}
		if _, err := s.settleTx(ctx, tx, o, refund.RefundNo, payment.Succeeded, d.DisputeNo); err != nil {
			return err
		}
		rest.Amount -= refund.Amount.Amount
	}
	if rest.Amount == 0 {
		return nil
	}
	return s.openCaseTx(ctx, tx, caseDisputeUnmatched, orderNo, n.Provider+"/"+d.DisputeNo,
		map[string]any{"disputeNo": d.DisputeNo, "amount": rest})
}
