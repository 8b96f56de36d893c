package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// The faults of credits that callers tell apart.
var (
	ErrCreditNotFound = fault.New(fault.NotFound, "credit_not_found", "There is no such credit.")
	ErrCreditMoved    = fault.New(fault.Conflict, "credit_moved",
		"Somebody has decided about this credit since you looked.")
	ErrCreditSamePerson = fault.New(fault.Forbidden, "credit_same_person",
		"You proposed this credit. Another operator confirms it.")
)

// The three states of a credit.
const (
	CreditProposed  = "proposed"  // waits for a second operator
	CreditConfirmed = "confirmed" // booked
	CreditRefused   = "refused"
)

// Credit is a sum that one operator proposes to give to a creator. It is booked only when another operator confirms it,
// so that nobody can create money with one stolen session.
type Credit struct {
	ID         int64
	CreatorID  int64
	Amount     money.Money // above 0
	Reason     string      // shown to the creator
	State      string
	ProposedBy int64
	ProposedAt time.Time
	DecidedBy  int64 // 0 for nobody yet
	DecidedAt  *time.Time
}

func creditOf(r dbsqlc.LedgerCredit) Credit {
	c := Credit{
		ID:         r.ID,
		CreatorID:  r.CreatorID,
		Amount:     money.Of(r.Amount, r.Currency),
		Reason:     r.Reason,
		State:      r.State,
		ProposedBy: r.ProposedBy,
		ProposedAt: r.ProposedAt,
		DecidedAt:  r.DecidedAt,
	}
	if r.DecidedBy != nil {
		c.DecidedBy = *r.DecidedBy
	}
	return c
}

// ProposeCredit records a sum above 0 in a creator's favour for another operator to confirm, once for each key.
// Errors: ErrOwnPayout; ErrPayoutInvalid with the field "amount" or "reason"; ErrKeyMissing.
func (l *Ledger) ProposeCredit(ctx context.Context, actorID, creatorID int64, sum money.Money,
	reason, key string,
) (c Credit, err error) {
	reason = strings.TrimSpace(reason)
	switch {
	case key == "" || len(key) > 200:
		return Credit{}, ErrKeyMissing
	case !sum.Payable():
		return Credit{}, ErrPayoutInvalid.With("amount", "amount_invalid")
	case !sound(reason, 1):
		return Credit{}, ErrPayoutInvalid.With("reason", "reason_missing")
	}
	if err := notOwn(actorID, creatorID); err != nil {
		return Credit{}, err
	}
	err = db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		row, err := l.q.InsertCredit(ctx, tx, dbsqlc.InsertCreditParams{
			CreatorID:  creatorID,
			Amount:     sum.Amount,
			Currency:   sum.Currency,
			Reason:     reason,
			RequestKey: key,
			ActorID:    actorID,
			At:         l.now(),
		})
		if errors.Is(err, pgx.ErrNoRows) { // proposed before under this key
			row, err = l.q.CreditByKey(ctx, tx, dbsqlc.CreditByKeyParams{CreatorID: creatorID, RequestKey: key})
			c = creditOf(row)
			return err
		}
		if err != nil {
			return err
		}
		c = creditOf(row)
		return l.auditTx(ctx, tx, actorID, "credit.proposed", creatorSubject(creatorID), map[string]any{
			"credit": c.ID,
			"amount": sum,
			"reason": reason,
		})
	})
	if err != nil {
		return Credit{}, fmt.Errorf("propose a credit to creator %d: %w", creatorID, err)
	}
	return c, nil
}

// ConfirmCredit books a proposed credit. Errors: ErrCreditNotFound, ErrCreditMoved, ErrCreditSamePerson, ErrOwnPayout.
func (l *Ledger) ConfirmCredit(ctx context.Context, actorID, id int64) error {
	return l.decideCredit(ctx, actorID, id, CreditConfirmed)
}

// RefuseCredit refuses a proposed credit. The operator who proposed it may do so too. Errors: ErrCreditNotFound,
// ErrCreditMoved, ErrOwnPayout.
func (l *Ledger) RefuseCredit(ctx context.Context, actorID, id int64) error {
	return l.decideCredit(ctx, actorID, id, CreditRefused)
}

func (l *Ledger) decideCredit(ctx context.Context, actorID, id int64, state string) error {
	return db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		row, err := l.q.LockCredit(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrCreditNotFound.Because("credit %d", id)
		}
		if err != nil {
			return fmt.Errorf("lock credit %d: %w", id, err)
		}
		c, at := creditOf(row), l.now()
		if err := notOwn(actorID, c.CreatorID); err != nil {
			return err
		}
		switch {
		case c.State != CreditProposed:
			return ErrCreditMoved.Because("credit %d is %s", id, c.State)
		case state == CreditConfirmed && c.ProposedBy == actorID:
			return ErrCreditSamePerson.Because("credit %d", id)
		}
		if err := l.q.DecideCredit(ctx, tx, dbsqlc.DecideCreditParams{
			ID:      id,
			State:   state,
			ActorID: actorID,
			At:      at,
		}); err != nil {
			return fmt.Errorf("decide credit %d: %w", id, err)
		}
		if state == CreditConfirmed {
			if _, err := l.adjustTx(ctx, tx, actorID, c.CreatorID, c.Amount, c.Reason,
				"credit/"+strconv.FormatInt(id, 10), at); err != nil {
				return err
			}
		}
		return l.auditTx(ctx, tx, actorID, "credit."+state, creatorSubject(c.CreatorID),
			map[string]any{"credit": id, "amount": c.Amount, "reason": c.Reason, "proposedBy": c.ProposedBy})
	})
}

// ProposedCredits lists at most most credits that wait for a second operator, the oldest first: those of one creator,
// or of all if creatorID is 0.
func (l *Ledger) ProposedCredits(ctx context.Context, creatorID int64, most int) ([]Credit, error) {
	rows, err := l.q.ProposedCredits(ctx, l.deps.Pool, dbsqlc.ProposedCreditsParams{
		CreatorID: creatorID,
		Most:      int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("proposed credits: %w", err)
	}
	list := make([]Credit, len(rows))
	for n, r := range rows {
		list[n] = creditOf(r)
	}
	return list, nil
}

func creatorSubject(id int64) string { return "creator:" + strconv.FormatInt(id, 10) }
