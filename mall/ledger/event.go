package ledger

import (
	"fmt"

	"videomall/mall/money"
)

// PayoutEvent is what the event of a decided payout says.
type PayoutEvent struct {
	CreatorID     int64       `json:"creatorId"`
	PayoutID      int64       `json:"payoutId"`
	Amount        money.Money `json:"amount"`
	State         State       `json:"state"`
	Reason        string      `json:"reason,omitempty"`
	BankReference string      `json:"bankReference,omitempty"`
}

// Event is the event of the payout as it stands now: its type, what it is of, and what it says.
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
