package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// MaxReason is the greatest length of a reason or a bank's reference, in characters.
const MaxReason = 200

// The faults that callers distinguish. The fields of ErrPayoutInvalid name the inputs at fault.
var (
	ErrPayoutNotFound = fault.New(fault.NotFound, "payout_not_found", "There is no such payout.")
	ErrPayoutMoved    = fault.New(fault.Conflict, "payout_moved", "The payout has moved on since you looked.")
	ErrPayoutInvalid  = fault.New(fault.Invalid, "payout_invalid", "Some fields need another look.")
	ErrPayoutWaits    = fault.New(fault.Conflict, "payout_waits",
		"The payout waits, since its destination had just changed.")
	ErrSecondPerson = fault.New(fault.Forbidden, "payout_second_person",
		"You approved this payout. Above this sum another person transfers it.")
	ErrOwnPayout   = fault.New(fault.Forbidden, "payout_own", "Nobody decides about their own money.")
	ErrNoStatement = fault.New(fault.NotFound, "statement_not_found", "There is no statement of that month.")
	ErrKeyMissing  = fault.New(fault.Invalid, "payout_key_missing", "A request needs a key of 1 to 200 characters.")
)

// RequestPayout reserves a sum of a creator's available money and requests its transfer, once for each key: a second
// click returns the payout of the first. Payouts that are requested at once never exceed what is available. Errors:
// ErrPayoutInvalid with the field "amount" (payout_below_minimum, payout_above_balance) or "destination"
// (destination_missing); ErrKeyMissing.
func (l *Ledger) RequestPayout(ctx context.Context, creatorID int64, sum money.Money,
	key string,
) (p Payout, err error) {
	if key == "" || len(key) > 200 {
		return Payout{}, ErrKeyMissing
	}
	err = db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		p, err = l.requestTx(ctx, tx, creatorID, sum, key)
		return err
	})
	return p, err
}

func (l *Ledger) requestTx(ctx context.Context, tx pgx.Tx, creatorID int64, sum money.Money,
	key string,
) (Payout, error) {
	payee, err := l.lockPayeeTx(ctx, tx, creatorID) // requests at the same time wait here
	if err != nil {
		return Payout{}, err
	}
	row, err := l.q.PayoutByKey(ctx, tx, dbsqlc.PayoutByKeyParams{CreatorID: creatorID, RequestKey: key})
	if err == nil {
		return payoutOf(row), nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return Payout{}, fmt.Errorf("payout by key: %w", err)
	}
	if payee.Destination == nil {
		return Payout{}, ErrPayoutInvalid.With("destination", "destination_missing")
	}
	at := l.now()
	table, err := l.tableTx(ctx, tx, at)
	if err != nil {
		return Payout{}, err
	}
	if sum.Amount < l.least(table, sum.Currency) {
		return Payout{}, ErrPayoutInvalid.With("amount", "payout_below_minimum")
	}
	account := of(Available, creatorID)
	rows, err := l.q.BalancesOf(ctx, tx, []string{account})
	if err != nil {
		return Payout{}, fmt.Errorf("available money of creator %d: %w", creatorID, err)
	}
	var available int64
	for _, r := range rows {
		if r.Currency == sum.Currency {
			available = -r.Amount
		}
	}
	if sum.Amount > available {
		return Payout{}, ErrPayoutInvalid.Because("creator %d asks for %s of %d", creatorID, sum, available).
			With("amount", "payout_above_balance")
	}
	approvable := at
	if until := payee.UpdatedAt.Add(l.deps.Terms.PayoutWait); until.After(at) {
		approvable = until
	}
	row, err = l.q.InsertPayout(ctx, tx, dbsqlc.InsertPayoutParams{
		CreatorID:    creatorID,
		Amount:       sum.Amount,
		Currency:     sum.Currency,
		Worth:        worth(table, sum),
		RequestKey:   key,
		Destination:  payee.Destination,
		At:           at,
		ApprovableAt: approvable,
	})
	if err != nil {
		return Payout{}, fmt.Errorf("write payout of creator %d: %w", creatorID, err)
	}
	_, err = l.postTx(ctx, tx,
		move(KindPayout, strconv.FormatInt(row.ID, 10)+"/requested", of(Reserved, creatorID), account, sum), at)
	return payoutOf(row), err
}

func (l *Ledger) lockPayeeTx(ctx context.Context, tx pgx.Tx, creatorID int64) (dbsqlc.LedgerPayee, error) {
	if err := l.q.EnsurePayee(ctx, tx, dbsqlc.EnsurePayeeParams{CreatorID: creatorID, At: l.now()}); err != nil {
		return dbsqlc.LedgerPayee{}, fmt.Errorf("payee %d: %w", creatorID, err)
	}
	payee, err := l.q.LockPayee(ctx, tx, creatorID)
	if err != nil {
		return dbsqlc.LedgerPayee{}, fmt.Errorf("lock payee %d: %w", creatorID, err)
	}
	return payee, nil
}

// CancelPayout withdraws a creator's own request before anybody has decided about it. Errors: ErrPayoutNotFound, also
// for the payout of another creator; ErrPayoutMoved.
func (l *Ledger) CancelPayout(ctx context.Context, creatorID, id int64, version int) error {
	return l.decide(ctx, id, version, step{to: Cancelled, actorID: creatorID}, func(_ pgx.Tx, p Payout) error {
		if p.CreatorID != creatorID {
			return ErrPayoutNotFound.Because("payout %d is not of creator %d", id, creatorID)
		}
		return nil
	})
}

// ApprovePayout approves a request for transfer; the reason may be empty. Here and in the methods below, actorID is an
// operator other than the payee. Errors: ErrPayoutNotFound, ErrPayoutMoved, ErrPayoutWaits before the payout's
// ApprovableAt, ErrOwnPayout, ErrPayoutInvalid.
func (l *Ledger) ApprovePayout(ctx context.Context, actorID, id int64, version int, reason string) error {
	return l.byStaff(ctx, id, version, step{
		to:      Approved,
		actorID: actorID,
		reason:  reason,
	})
}

// RefusePayout refuses a request, whose sum becomes available again; the creator is told the reason. Errors: as for
// ApprovePayout, and ErrPayoutInvalid with the field "reason" if there is no reason.
func (l *Ledger) RefusePayout(ctx context.Context, actorID, id int64, version int, reason string) error {
	return l.byStaff(ctx, id, version, step{
		to:      Refused,
		actorID: actorID,
		reason:  reason,
	})
}

// MarkPaid records that the bank has transferred an approved payout with that reference. Errors: as for ApprovePayout;
// ErrPayoutInvalid with the field "bank_reference" if there is no reference; ErrSecondPerson if the payout is above
// Terms.TwoAbove and the same operator has approved it.
func (l *Ledger) MarkPaid(ctx context.Context, actorID, id int64, version int, bankReference string) error {
	return l.byStaff(ctx, id, version, step{
		to:            Paid,
		actorID:       actorID,
		bankReference: bankReference,
	})
}

// MarkFailed records that the bank did not accept a payout, or returned it: its sum becomes available again. Errors: as
// for RefusePayout.
func (l *Ledger) MarkFailed(ctx context.Context, actorID, id int64, version int, reason string) error {
	return l.byStaff(ctx, id, version, step{
		to:      Failed,
		actorID: actorID,
		reason:  reason,
	})
}

func (l *Ledger) byStaff(ctx context.Context, id int64, version int, s step) error {
	s.reason, s.bankReference = strings.TrimSpace(s.reason), strings.TrimSpace(s.bankReference)
	switch {
	case s.to == Paid && !sound(s.bankReference, 1):
		return ErrPayoutInvalid.With("bank_reference", "bank_reference_missing")
	case s.to == Approved && !sound(s.reason, 0), (s.to == Refused || s.to == Failed) && !sound(s.reason, 1):
		return ErrPayoutInvalid.With("reason", "reason_missing")
	}
	return l.decide(ctx, id, version, s, func(tx pgx.Tx, p Payout) error {
		err := notOwn(s.actorID, p.CreatorID)
		switch {
		case err != nil:
			return err
		case s.to == Approved && p.ApprovableAt.After(l.now()):
			return ErrPayoutWaits.Because("payout %d until %s", id, p.ApprovableAt)
		case s.to == Paid:
			return l.secondPersonTx(ctx, tx, p, s.actorID)
		}
		return nil
	})
}

// secondPersonTx fails if a payout needs two people and the actor has approved it. Errors: ErrSecondPerson.
func (l *Ledger) secondPersonTx(ctx context.Context, tx pgx.Tx, p Payout, actorID int64) error {
	if !l.deps.Terms.TwoPeople(p) || p.State != Approved {
		return nil
	}
	first, err := l.q.PayoutApprover(ctx, tx, p.ID)
	if err != nil {
		return fmt.Errorf("approver of payout %d: %w", p.ID, err)
	}
	if first == actorID {
		return ErrSecondPerson.Because("payout %d of %s", p.ID, p.Amount)
	}
	return nil
}

func (l *Ledger) decide(ctx context.Context, id int64, version int, s step, may func(pgx.Tx, Payout) error) error {
	return db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		p, err := l.payoutTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := may(tx, p); err != nil {
			return err
		}
		p.Version = version // the version that the page showed, which moveTx compares
		was := p.State
		if p, err = l.moveTx(ctx, tx, p, s); err != nil || s.to == Cancelled {
			return err
		}
		if l.deps.OnDecision != nil {
			if err := l.deps.OnDecision(ctx, tx, p); err != nil {
				return fmt.Errorf("report the decision about payout %d: %w", id, err)
			}
		}
		return l.auditTx(ctx, tx, s.actorID, "payout."+string(s.to), payoutSubject(id), map[string]any{
			"from":          was,
			"creatorId":     p.CreatorID,
			"amount":        p.Amount,
			"reason":        s.reason,
			"bankReference": s.bankReference,
		})
	})
}

// Adjust books an operator's adjustment of a creator's available money, once for each key. sum must be below 0: an
// adjustment in the creator's favour takes two people, see ProposeCredit. Errors: ErrOwnPayout; ErrPayoutInvalid with
// the field "amount" or "reason"; ErrKeyMissing.
func (l *Ledger) Adjust(ctx context.Context, actorID, creatorID int64, sum money.Money, reason, key string) error {
	reason = strings.TrimSpace(reason)
	switch {
	case key == "" || len(key) > 200:
		return ErrKeyMissing
	case !money.Of(-sum.Amount, sum.Currency).Payable():
		return ErrPayoutInvalid.With("amount", "amount_invalid")
	case !sound(reason, 1):
		return ErrPayoutInvalid.With("reason", "reason_missing")
	}
	if err := notOwn(actorID, creatorID); err != nil {
		return err
	}
	return db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		booked, err := l.adjustTx(ctx, tx, actorID, creatorID, sum, reason, strconv.FormatInt(creatorID, 10)+"/"+key,
			l.now())
		if err != nil || !booked {
			return err
		}
		return l.auditTx(ctx, tx, actorID, "ledger.adjusted", creatorSubject(creatorID),
			map[string]any{"amount": sum, "reason": reason})
	})
}

// adjustTx books an adjustment, once for each reference.
func (l *Ledger) adjustTx(ctx context.Context, tx pgx.Tx, actorID, creatorID int64, sum money.Money,
	reason, reference string, at time.Time,
) (bool, error) {
	id, err := l.postTx(ctx, tx, move(KindAdjustment, reference, of(Available, creatorID), Adjustments, sum), at)
	if err != nil || id == 0 {
		return false, err
	}
	err = l.q.InsertAdjustment(ctx, tx, dbsqlc.InsertAdjustmentParams{
		PostingID: id,
		CreatorID: creatorID,
		Amount:    sum.Amount,
		Currency:  sum.Currency,
		ActorID:   actorID,
		Reason:    reason,
		At:        at,
	})
	if err != nil {
		return false, fmt.Errorf("adjust creator %d: %w", creatorID, err)
	}
	return true, nil
}

// Payout reads a payout, for an operator. Errors: ErrPayoutNotFound.
func (l *Ledger) Payout(ctx context.Context, id int64) (Payout, error) {
	return l.payoutTx(ctx, l.deps.Pool, id)
}

func (l *Ledger) payoutTx(ctx context.Context, q dbsqlc.DBTX, id int64) (Payout, error) {
	row, err := l.q.PayoutByID(ctx, q, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Payout{}, ErrPayoutNotFound.Because("payout %d", id)
	}
	if err != nil {
		return Payout{}, fmt.Errorf("payout %d: %w", id, err)
	}
	return payoutOf(row), nil
}

// PayoutMove is one recorded move of a payout.
type PayoutMove struct {
	From, To State
	ActorID  int64
	Reason   string
	At       time.Time
}

// PayoutMoves reads a payout's moves, oldest first.
func (l *Ledger) PayoutMoves(ctx context.Context, id int64) ([]PayoutMove, error) {
	rows, err := l.q.PayoutMoves(ctx, l.deps.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("moves of payout %d: %w", id, err)
	}
	moves := make([]PayoutMove, len(rows))
	for i, r := range rows {
		moves[i] = PayoutMove{State(r.FromState), State(r.ToState), r.ActorID, r.Reason, r.At}
	}
	return moves, nil
}

// PayoutsOf lists at most most of a creator's payouts, the newest first, starting after the one with the id before, or
// with the newest if that is 0.
func (l *Ledger) PayoutsOf(ctx context.Context, creatorID, before int64, most int) ([]Payout, error) {
	rows, err := l.q.PayoutsOf(ctx, l.deps.Pool, dbsqlc.PayoutsOfParams{
		CreatorID: creatorID,
		Before:    before,
		Most:      int32(most),
	})
	return payoutsOf(rows), err
}

// Payouts lists at most most payouts of all creators, the newest first: those in one state, or in any if state is
// empty, starting after the one with the id before, or with the newest if that is 0.
func (l *Ledger) Payouts(ctx context.Context, state State, before int64, most int) ([]Payout, error) {
	rows, err := l.q.Payouts(ctx, l.deps.Pool, dbsqlc.PayoutsParams{
		State:  string(state),
		Before: before,
		Most:   int32(most),
	})
	return payoutsOf(rows), err
}

// CountPayouts counts all payouts by their state.
func (l *Ledger) CountPayouts(ctx context.Context) (map[State]int64, error) {
	rows, err := l.q.CountPayouts(ctx, l.deps.Pool)
	counts := map[State]int64{}
	for _, r := range rows {
		counts[State(r.State)] = r.Count
	}
	return counts, err
}

func payoutsOf(rows []dbsqlc.LedgerPayout) []Payout {
	list := make([]Payout, len(rows))
	for i, r := range rows {
		list[i] = payoutOf(r)
	}
	return list
}

func payoutSubject(id int64) string { return "payout:" + strconv.FormatInt(id, 10) }

// notOwn fails if an operator would decide about their own money. Errors: ErrOwnPayout.
func notOwn(actorID, creatorID int64) error {
	if actorID == creatorID {
		return ErrOwnPayout.Because("operator %d is the payee", actorID)
	}
	return nil
}

// sound reports whether a text has at least so many characters and at most MaxReason, and can be stored.
func sound(s string, least int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= MaxReason && db.Storable(s)
}
