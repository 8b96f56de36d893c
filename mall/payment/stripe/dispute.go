package stripe

import (
	"fmt"
	"strings"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// isInquiry reports whether a dispute is a bank's inquiry, or one that was settled before it became a claim. No money
// moves for it.
func isInquiry(status string) bool {
	return strings.HasPrefix(status, "warning_") || status == "prevented"
}

// disputeType tells what an event of a dispute means to us, or "" for nothing; before is the status that it changed.
func disputeType(event, before, status string) string {
	switch event {
	case "charge.dispute.created":
		if isInquiry(status) {
			return payment.DisputeWarning
		}
		return payment.DisputeOpened
	case "charge.dispute.updated":
		// An inquiry has become a claim. Other updates are about evidence, which people send in the Dashboard.
		if isInquiry(before) && !isInquiry(status) {
			return payment.DisputeOpened
		}
	case "charge.dispute.funds_withdrawn":
		return payment.DisputeFundsWithdrawn
	case "charge.dispute.funds_reinstated":
		return payment.DisputeFundsReinstated
	case "charge.dispute.closed":
		if status == "lost" {
			return payment.DisputeLost
		}
		// Won, or an inquiry that has ended without a claim.
		if status == "won" || isInquiry(status) {
			return payment.DisputeWon
		}
	}
	return ""
}

// readDispute reads an event of a dispute.
func (s *Stripe) readDispute(e event, n *payment.Notice) error {
	var got dispute
	if err := strictjson.Open(e.Data.Object, &got); err != nil {
		return err
	}
	if got.PaymentIntent.ID == "" {
		return errForeign // our payments all have one
	}
	if got.Object != "dispute" || !plain(got.ID) || !plain(got.PaymentIntent.ID) || got.Status == "" {
		return fmt.Errorf("object %.40q %.60q of %.60q, status %.40q", got.Object, got.ID, got.PaymentIntent.ID, got.Status)
	}
	before, err := e.Data.before()
	if err != nil {
		return err
	}
	if n.Type = disputeType(e.Type, before, got.Status); n.Type == "" {
		if e.Type == "charge.dispute.closed" {
			return fmt.Errorf("dispute %.60q is closed as %.40q", got.ID, got.Status)
		}
		return errForeign
	}
	if due := got.EvidenceDetails.DueBy; due < 0 || due > maxUnix {
		return fmt.Errorf("evidence is due by %d", due)
	}
	sum, err := FromStripe(got.Amount, got.Currency)
	if err != nil {
		return err
	}
	n.ChannelTxnNo, n.Amount = got.PaymentIntent.ID, sum
	n.Dispute = &payment.Dispute{
		DisputeNo:   got.ID,
		Reason:      payment.Shorten(got.Reason, 80),
		EvidenceDue: at(got.EvidenceDetails.DueBy),
	}
	switch n.Type {
	case payment.DisputeFundsWithdrawn:
		n.Amount, err = moved(got, -1, sum)
	case payment.DisputeFundsReinstated:
		n.Amount, err = moved(got, 1, sum)
	}
	return err
}

// moved returns what a dispute has last taken (sign -1) or given back (1). The bank may give back a part only.
// Movements in another currency than the payment's are of the settlement; for them it is the whole sum.
func moved(d dispute, sign int64, whole money.Money) (money.Money, error) {
	last, sum := int64(-1), whole
	for _, m := range d.BalanceTransactions {
		if m.Currency != d.Currency || m.Amount*sign <= 0 || m.Created < last {
			continue
		}
		part, err := FromStripe(m.Amount*sign, m.Currency)
		if err != nil {
			return money.Money{}, err
		}
		last, sum = m.Created, part
	}
	return sum, nil
}

// readWarning reads a card network's warning that a payment may be fraud. It names no sum.
func (s *Stripe) readWarning(e event, n *payment.Notice) error {
	var got warning
	if err := strictjson.Open(e.Data.Object, &got); err != nil {
		return err
	}
	if got.PaymentIntent.ID == "" {
		return errForeign
	}
	if got.Object != "radar.early_fraud_warning" || !plain(got.ID) || !plain(got.PaymentIntent.ID) {
		return fmt.Errorf("object %.40q %.60q of %.60q", got.Object, got.ID, got.PaymentIntent.ID)
	}
	n.Type, n.ChannelTxnNo = payment.DisputeWarning, got.PaymentIntent.ID
	n.Dispute = &payment.Dispute{DisputeNo: got.ID, Reason: payment.Shorten(got.FraudType, 80)}
	return nil
}
