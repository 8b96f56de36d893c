package review

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/review/internal/dbsqlc"
)

// The states of an appeal.
const (
	AppealOpen = "open"
	Granted    = "granted"
	Refused    = "refused"
	Moot       = "moot" // the creator submitted anew
)

// Appeal is a creator's objection to a takedown or a return.
type Appeal struct {
	ID         int64
	TakedownID int64 // 0 for one against a return
	CaseID     int64 // 0 for one against a takedown
	SPUID      int64
	CreatorID  int64
	Words      string
	State      string
	Answer     string
	ByID       int64 // who answered; 0 for nobody
	OpenedAt   time.Time
	DecidedAt  *time.Time
}

func appealOf(a dbsqlc.ReviewAppeal) Appeal {
	return Appeal{
		ID:         a.ID,
		TakedownID: deref(a.TakedownID),
		CaseID:     deref(a.CaseID),
		SPUID:      a.SpuID,
		CreatorID:  a.CreatorID,
		Words:      a.Words,
		State:      a.State,
		Answer:     a.Answer,
		ByID:       deref(a.ByID),
		OpenedAt:   a.OpenedAt,
		DecidedAt:  a.DecidedAt,
	}
}

// Ground is what a creator may appeal against now: a takedown, a return, or nothing.
type Ground struct {
	Takedown *Takedown
	Case     *Case // returned, and not yet answered by a new revision
}

// Nothing says that there is nothing to appeal against.
func (g Ground) Nothing() bool { return g.Takedown == nil && g.Case == nil }

// Ground finds what a creator may appeal against. Somebody else's listing has nothing.
func (r *Reviews) Ground(ctx context.Context, creatorID, spuID int64) (g Ground, err error) {
	return r.ground(ctx, r.deps.Pool, creatorID, spuID)
}

func (r *Reviews) ground(ctx context.Context, q dbsqlc.DBTX, creatorID, spuID int64) (g Ground, err error) {
	down, err := r.q.LivingTakedown(ctx, q, spuID)
	switch {
	case err == nil && down.CreatorID == creatorID:
		t := takedownOf(down)
		return Ground{Takedown: &t}, nil
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return Ground{}, fmt.Errorf("takedown of spu %d: %w", spuID, err)
	}
	row, err := r.q.LatestCase(ctx, q, dbsqlc.LatestCaseParams{SpuID: spuID, CreatorID: creatorID})
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (State(row.State) != Returned || r.deps.Listing.Reopen == nil) {
		return Ground{}, nil
	}
	if err != nil {
		return Ground{}, fmt.Errorf("latest case of spu %d: %w", spuID, err)
	}
	c, err := caseOf(row)
	return Ground{Case: &c}, err
}

// Appeal records a creator's objection to what was done to a listing of theirs. Errors: ErrNoAppeal, also for somebody
// else's listing, ErrAppealOpen, ErrInvalid with Fields.
func (r *Reviews) Appeal(ctx context.Context, creatorID, spuID int64, words string) (made Appeal, err error) {
	words = strings.TrimSpace(words)
	err = db.InTx(ctx, r.deps.Pool, func(tx pgx.Tx) error {
		g, err := r.ground(ctx, tx, creatorID, spuID)
		switch n := utf8.RuneCountInString(words); {
		case err != nil:
			return err
		case g.Nothing():
			return ErrNoAppeal.Because("spu %d of creator %d", spuID, creatorID)
		case n == 0:
			return ErrInvalid.With("words", "words_missing")
		case n > MaxAppeal || !db.Storable(words):
			return ErrInvalid.With("words", "words_invalid")
		}
		p := dbsqlc.InsertAppealParams{
			SpuID:     spuID,
			CreatorID: creatorID,
			Words:     words,
			At:        r.deps.Now(),
		}
		if g.Takedown != nil {
			p.TakedownID = &g.Takedown.ID
		} else {
			p.CaseID = &g.Case.ID
		}
		row, err := r.q.InsertAppeal(ctx, tx, p)
		if db.IsUnique(err, "") {
			return ErrAppealOpen.Because("spu %d: %w", spuID, err)
		}
		if err != nil {
			return fmt.Errorf("appeal of spu %d: %w", spuID, err)
		}
		made = appealOf(row)
		return nil
	})
	return made, err
}

// Answer decides an appeal. Granting one against a takedown puts the listing back on sale; granting one against a
// return puts the case back into the queue as if it were new. Errors: ErrNotFound, ErrMoved when it was answered
// before, ErrOwnListing, ErrInvalid with Fields, and those of the listing.
func (r *Reviews) Answer(ctx context.Context, operatorID, id int64, grant bool, answer string) error {
	answer = strings.TrimSpace(answer)
	switch n := utf8.RuneCountInString(answer); {
	case n == 0 && !grant:
		return ErrInvalid.With("answer", "answer_missing")
	case n > MaxAppeal || !db.Storable(answer):
		return ErrInvalid.With("answer", "answer_invalid")
	}
	return db.InTxRetrying(ctx, r.deps.Pool, tries, func(tx pgx.Tx) error {
		a, err := r.lockAppealTx(ctx, tx, operatorID, id)
		if err != nil {
			return err
		}
		state, verb := Refused, "review.appeal_refuse"
		if grant {
			state, verb = Granted, "review.appeal_grant"
		}
		if err := r.decideAppealTx(ctx, tx, id, state, answer, operatorID); err != nil {
			return err
		}
		if grant {
			if err := r.grantTx(ctx, tx, operatorID, a); err != nil {
				return err
			}
		}
		if err := r.reportAppealTx(ctx, tx, state, a); err != nil {
			return err
		}
		return r.deps.Audit(ctx, tx, operatorID, verb, spuSubject(a.SPUID),
			map[string]any{"appeal": id, "takedown": a.TakedownID, "case": a.CaseID, "answer": answer})
	})
}

// lockAppealTx takes an open appeal that is not the operator's own.
func (r *Reviews) lockAppealTx(ctx context.Context, tx pgx.Tx, operatorID, id int64) (Appeal, error) {
	row, err := r.q.LockAppeal(ctx, tx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Appeal{}, ErrNotFound.Because("appeal %d", id)
	case err != nil:
		return Appeal{}, fmt.Errorf("lock appeal %d: %w", id, err)
	case row.CreatorID == operatorID:
		return Appeal{}, ErrOwnListing.Because("appeal %d", id)
	case row.State != AppealOpen:
		return Appeal{}, ErrMoved.Because("appeal %d is %s", id, row.State)
	}
	return appealOf(row), nil
}

// grantTx takes back what a granted appeal is against.
func (r *Reviews) grantTx(ctx context.Context, tx pgx.Tx, operatorID int64, a Appeal) error {
	if a.TakedownID == 0 {
		return r.reopenTx(ctx, tx, operatorID, a.CaseID)
	}
	_, err := r.restoreTx(ctx, tx, operatorID, a.TakedownID)
	return err
}

// reopenTx puts a returned case back into the queue, with nobody's decision in it.
func (r *Reviews) reopenTx(ctx context.Context, tx pgx.Tx, operatorID, caseID int64) error {
	c, err := r.lockTx(ctx, tx, caseID)
	if err != nil {
		return err
	}
	if c.State != Returned || r.deps.Listing.Reopen == nil {
		return ErrMoved.Because("case %d is %s", caseID, c.State)
	}
	next := c
	next.State = Open
	next.FirstBy = 0
	next.SecondBy = 0
	next.Causes = []string{}
	next.Note = ""
	if _, err := r.moveTx(ctx, tx, c, next, operatorID); err != nil {
		return err
	}
	return r.deps.Listing.Reopen(ctx, tx, c.RevisionID)
}

func (r *Reviews) decideAppealTx(ctx context.Context, tx pgx.Tx, id int64, state, answer string, by int64) error {
	n, err := r.q.DecideAppeal(ctx, tx, dbsqlc.DecideAppealParams{
		ID:     id,
		State:  state,
		Answer: answer,
		ByID:   some(by),
		At:     r.deps.Now(),
	})
	switch {
	case db.IsCheck(err, "review_appeal_not_own"):
		return ErrOwnListing.Because("appeal %d: %w", id, err)
	case err != nil:
		return fmt.Errorf("decide appeal %d: %w", id, err)
	case n == 0:
		return ErrMoved.Because("appeal %d", id)
	}
	return nil
}
