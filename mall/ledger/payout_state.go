package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
	"videomall/mall/transition"
)

// State is the state of a payout.
type State string

// The six states of a payout. docs/payments.md draws them.
const (
	Requested State = "requested" // the sum is reserved; an operator decides
	Approved  State = "approved"  // to be transferred
	Paid      State = "paid"      // transferred
	Refused   State = "refused"   // the sum is available again, as in the two states below
	Cancelled State = "cancelled" // withdrawn by the creator
	Failed    State = "failed"    // the bank did not accept it, or returned it
)

// transitions is the whole state machine. A CHECK on ledger_payout_transition holds the same pairs, and a test compares
// the two with the drawn diagram.
var transitions = transition.Table[State]{
	Requested: {Approved, Refused, Cancelled},
	Approved:  {Paid, Failed},
	Paid:      {Failed},
	Refused:   {},
	Cancelled: {},
	Failed:    {},
}

// Transitions returns a copy of the state machine's table.
func Transitions() transition.Table[State] {
	return transitions.Clone()
}

// Payout is a payout that a creator requested. Version counts its moves.
type Payout struct {
	ID            int64
	CreatorID     int64
	Amount        money.Money
	Worth         int64 // of Amount in the base currency when it was requested, in minor units
	State         State
	Version       int
	BankReference string
	Reason        string // of the last move
	RequestedAt   time.Time
	ApprovableAt  time.Time // later than RequestedAt if the destination had just changed
	PaidAt        *time.Time
	OverAt        *time.Time

	destination []byte
}

func payoutOf(r dbsqlc.LedgerPayout) Payout {
	worth := r.Amount // from before there were rates
	if r.Worth != nil {
		worth = *r.Worth
	}
	return Payout{
		ID:            r.ID,
		CreatorID:     r.CreatorID,
		Amount:        money.Of(r.Amount, r.Currency),
		Worth:         worth,
		State:         State(r.State),
		Version:       int(r.Version),
		BankReference: r.BankReference,
		Reason:        r.Reason,
		RequestedAt:   r.RequestedAt,
		ApprovableAt:  r.ApprovableAt,
		PaidAt:        r.PaidAt,
		OverAt:        r.OverAt,
		destination:   r.Destination,
	}
}

// step is one move of a payout, with who caused it.
type step struct {
	to            State
	actorID       int64
	reason        string
	bankReference string
}

// moveTx moves a payout to another state, if it is still in the state and version of p, records the move, and moves the
// money that goes with it. Errors: ErrPayoutMoved, also for a move that is not in the table.
func (l *Ledger) moveTx(ctx context.Context, tx pgx.Tx, p Payout, s step) (Payout, error) {
	if err := transitions.Check(p.State, s.to); err != nil {
		return Payout{}, ErrPayoutMoved.Because("payout %d: %w", p.ID, err)
	}
	at := l.now()
	row, err := l.q.MovePayout(ctx, tx, dbsqlc.MovePayoutParams{
		ID:            p.ID,
		FromState:     string(p.State),
		ToState:       string(s.to),
		Version:       int32(p.Version),
		Reason:        s.reason,
		BankReference: s.bankReference,
		At:            at,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Payout{}, ErrPayoutMoved.Because("payout %d is not %s at version %d any more", p.ID, p.State, p.Version)
	}
	if err != nil {
		return Payout{}, fmt.Errorf("move payout %d to %s: %w", p.ID, s.to, err)
	}
	if err := l.q.InsertPayoutTransition(ctx, tx, dbsqlc.InsertPayoutTransitionParams{
		PayoutID:  p.ID,
		FromState: string(p.State),
		ToState:   string(s.to),
		Version:   row.Version,
		ActorID:   s.actorID,
		Reason:    s.reason,
		At:        at,
	}); err != nil {
		return Payout{}, fmt.Errorf("record payout %d to %s: %w", p.ID, s.to, err)
	}
	from, to, name := "", "", ""
	switch {
	case s.to == Paid:
		from = PaidOut
		to = of(Reserved, p.CreatorID)
		name = "/paid"
	case s.to == Failed && p.State == Paid:
		from = of(Available, p.CreatorID)
		to = PaidOut
		name = "/returned"
	case s.to != Approved:
		from = of(Available, p.CreatorID)
		to = of(Reserved, p.CreatorID)
		name = "/returned"
	default:
		return payoutOf(row), nil
	}
	_, err = l.postTx(ctx, tx, move(KindPayout, strconv.FormatInt(p.ID, 10)+name, from, to, p.Amount), at)
	return payoutOf(row), err
}
