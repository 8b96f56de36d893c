package paypal

import (
	"fmt"
	"strings"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// dispute is a payer's claim at PayPal or at their bank.
type dispute struct {
	ID           string `json:"dispute_id"`
	Status       string `json:"status"`
	Reason       string `json:"reason"`
	Channel      string `json:"dispute_channel"`
	Amount       amount `json:"dispute_amount"`
	Due          string `json:"seller_response_due_date"`
	Transactions []struct {
		SellerTransactionID string `json:"seller_transaction_id"`
		Custom              string `json:"custom"`
	} `json:"disputed_transactions"`
	Outcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
}

// outcomes says how the ways in which a dispute ends count. With RESOLVED_WITH_PAYOUT PayPal pays the payer out of its own
// pocket; NONE ends a dispute for which there is another.
var outcomes = map[string]string{
	"RESOLVED_BUYER_FAVOUR":  payment.DisputeLost,
	"ACCEPTED":               payment.DisputeLost,
	"RESOLVED_SELLER_FAVOUR": payment.DisputeWon,
	"CANCELED_BY_BUYER":      payment.DisputeWon,
	"DENIED":                 payment.DisputeWon,
	"RESOLVED_WITH_PAYOUT":   payment.DisputeWon,
	"NONE":                   payment.DisputeWon,
}

// disputeType tells what an event of a dispute means to us. PayPal holds the money from the beginning, an inquiry
// included, and tells nothing more of it before the end. An alert is a bank's announcement, for which no money moves.
func disputeType(e event, got dispute) (string, error) {
	switch {
	case e.EventType == "CUSTOMER.DISPUTE.RESOLVED":
		kind, known := outcomes[got.Outcome.Code]
		if !known {
			return "", fmt.Errorf("dispute %.60q ended with %.60q", got.ID, got.Outcome.Code)
		}
		return kind, nil
	case got.Status == "RESOLVED":
		return "", errForeign // the event of the end tells how
	case got.Channel == "ALERT":
		if e.EventType == "CUSTOMER.DISPUTE.CREATED" {
			return payment.DisputeWarning, nil
		}
		return "", errForeign
	}
	return payment.DisputeOpened, nil // or it moves on, and its evidence may be due at another time
}

// readDispute reads an event of a dispute.
func (p *PayPal) readDispute(e event, n *payment.Notice) error {
	var got dispute
	if err := strictjson.Open(e.Resource, &got); err != nil {
		return err
	}
	if len(got.Transactions) != 1 {
		return errForeign // a dispute is of one payment, unless it is of something that is no sale
	}
	txn := got.Transactions[0]
	no, _, ours := p.marked(txn.Custom)
	if txn.Custom != "" && !ours {
		return errForeign
	}
	if !plain(got.ID) || !plain(txn.SellerTransactionID) {
		return fmt.Errorf("dispute %.60q of %.60q", got.ID, txn.SellerTransactionID)
	}
	var err error
	if n.Type, err = disputeType(e, got); err != nil {
		return err
	}
	if n.Amount, err = got.Amount.money(); err != nil {
		return err
	}
	n.AttemptNo, n.ChannelTxnNo = no, txn.SellerTransactionID
	n.Dispute = &payment.Dispute{DisputeNo: got.ID, Reason: payment.Shorten(strings.ToLower(got.Reason), 80)}
	if got.Due != "" {
		n.Dispute.EvidenceDue, err = timeOf(got.Due)
	}
	return err
}
