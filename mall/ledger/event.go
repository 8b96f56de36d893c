package ledger

import (
	"fmt"

	"videomall/mall/money"
)

// PayoutEvent is the payload of the event of a decided payout.
type PayoutEvent struct {
	CreatorID     int64       `json:"creatorId"`
	PayoutID      int64       `json:"payoutId"`
	Amount        money.Money `json:"amount"`
	State         State       `json:"state"`
	Reason        string      `json:"reason,omitempty"`
	BankReference string      `json:"bankReference,omitempty"`
}

// DestinationEvent is the payload of the event payout.destination_changed.
type DestinationEvent struct {
	CreatorID int64 `json:"creatorId"`
}

// Event returns the event for the payout's present state: its type, its aggregate and its payload.
func (p Payout) Event() (kind, aggregate string, e PayoutEvent) {
	return "payout." + string(p.State), fmt.Sprintf("payout:%d", p.ID), PayoutEvent{
		CreatorID:     p.CreatorID,
		PayoutID:      p.ID,
		Amount:        p.Amount,
		State:         p.State,
		Reason:        p.Reason,
		BankReference: p.BankReference,
	}
}
