package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/review/internal/dbsqlc"
	"videomall/mall/transition"
)

// State is how far a case has come.
type State string

// The five states of a case.
const (
	Open      State = "open"      // waits for a look
	Second    State = "second"    // approved once, and waits for a second person
	Approved  State = "approved"  // on sale
	Returned  State = "returned"  // back with its creator, who sees why
	Withdrawn State = "withdrawn" // taken back by its creator
)

// transitions is the whole state machine. A CHECK on review_move holds the same pairs, and a test compares the two.
var transitions = transition.Table[State]{
	Open:      {Second, Approved, Returned, Withdrawn},
	Second:    {Approved, Returned, Withdrawn},
	Approved:  {},
	Returned:  {Open}, // an appeal was granted
	Withdrawn: {},
}

// Transitions returns a copy of the state machine's table.
func Transitions() transition.Table[State] {
	return transitions.Clone()
}

// moveTx takes a case one step to what next says, if it is still in the state and version that c was read in, and
// records the step. Errors: ErrMoved; a pair outside the table is a mistake in the program.
func (r *Reviews) moveTx(ctx context.Context, tx pgx.Tx, c Case, next Case, actorID int64) (Case, error) {
	if err := transitions.Check(c.State, next.State); err != nil {
		return Case{}, fmt.Errorf("case %d: %w", c.ID, err)
	}
	at := r.deps.Now()
	var decided *time.Time
	if next.State != Open && next.State != Second {
		decided = &at
	}
	row, err := r.q.MoveCase(ctx, tx, dbsqlc.MoveCaseParams{
		ID:        c.ID,
		FromState: string(c.State),
		Version:   int32(c.Version),
		ToState:   string(next.State),
		FirstBy:   some(next.FirstBy),
		SecondBy:  some(next.SecondBy),
		Causes:    next.Causes,
		Note:      next.Note,
		DecidedAt: decided,
	})
	// a newer case of the revision lives
	if errors.Is(err, pgx.ErrNoRows) || db.IsUnique(err, "review_case_revision_key") {
		return Case{}, ErrMoved.Because("case %d is not %s at version %d any more: %w", c.ID, c.State, c.Version, err)
	}
	if err != nil {
		return Case{}, fmt.Errorf("move case %d to %s: %w", c.ID, next.State, err)
	}
	if err := r.q.InsertMove(ctx, tx, dbsqlc.InsertMoveParams{
		CaseID:    c.ID,
		FromState: string(c.State),
		ToState:   string(next.State),
		Version:   row.Version,
		ActorID:   actorID,
		Note:      next.Note,
		At:        at,
	}); err != nil {
		return Case{}, fmt.Errorf("record case %d to %s: %w", c.ID, next.State, err)
	}
	return caseOf(row)
}

// lockTx reads a case and locks it against other moves until the transaction ends. Errors: ErrNotFound.
func (r *Reviews) lockTx(ctx context.Context, tx pgx.Tx, id int64) (Case, error) {
	row, err := r.q.LockCase(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Case{}, ErrNotFound.Because("case %d", id)
	}
	if err != nil {
		return Case{}, fmt.Errorf("lock case %d: %w", id, err)
	}
	return caseOf(row)
}
