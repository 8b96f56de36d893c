package review

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// causes are why a listing may be returned; each has words in both languages. "other" needs a note.
var causes = []string{"texts", "cover", "film", "price", "category", "rights", "forbidden", "other"}

// Causes returns the reasons that a return chooses from.
func Causes() []string { return slices.Clone(causes) }

// tries is how often a decision is tried when it meets a deadlock: a creator who withdraws locks the listing and then
// the case, a reviewer the case and then the listing.
const tries = 3

// Approve approves a case in the version that the reviewer has read. A case of SecondFrom points or more takes two
// people: after the first approval it waits for the second. Errors: ErrNotFound, ErrMoved, ErrOwnListing,
// ErrSamePerson, and those of the listing.
func (r *Reviews) Approve(ctx context.Context, operatorID, id int64, version int) (c Case, err error) {
	err = db.InTxRetrying(ctx, r.deps.Pool, tries, func(tx pgx.Tx) error {
		if c, err = r.lockAsTx(ctx, tx, operatorID, id, version); err != nil {
			return err
		}
		next := c
		next.State = Approved
		switch {
		case c.State == Second:
			next.SecondBy = operatorID
		case c.NeedsTwo():
			next.State, next.FirstBy = Second, operatorID
		default:
			next.FirstBy = operatorID
		}
		if c, err = r.moveTx(ctx, tx, c, next, operatorID); err != nil {
			return err
		}
		verb := "review.approve_first"
		if c.State == Approved {
			verb = "review.approve"
			if err := r.deps.Listing.Approve(ctx, tx, c.RevisionID); err != nil {
				return err
			}
			if err := r.reportCaseTx(ctx, tx, DecisionApproved, c); err != nil {
				return err
			}
		}
		return r.deps.Audit(ctx, tx, operatorID, verb, c.Subject(),
			map[string]any{"revision": c.RevisionID, "spu": c.SPUID, "score": c.Score})
	})
	return c, err
}

// Verdict is why a listing goes back to its creator, who reads it.
type Verdict struct {
	Causes []string // of Causes()
	Note   string
}

// Return gives a case back to its creator, in the version that the reviewer has read. Errors: those of Approve,
// ErrInvalid with Fields.
func (r *Reviews) Return(ctx context.Context, operatorID, id int64, version int, v Verdict) (c Case, err error) {
	v.Note = strings.TrimSpace(v.Note)
	if err := v.check(); err != nil {
		return Case{}, err
	}
	err = db.InTxRetrying(ctx, r.deps.Pool, tries, func(tx pgx.Tx) error {
		if c, err = r.lockAsTx(ctx, tx, operatorID, id, version); err != nil {
			return err
		}
		next := c
		next.State = Returned
		next.Causes = v.Causes
		next.Note = v.Note
		if c.State == Second {
			next.SecondBy = operatorID
		} else {
			next.FirstBy = operatorID
		}
		if c, err = r.moveTx(ctx, tx, c, next, operatorID); err != nil {
			return err
		}
		if err := r.deps.Listing.Return(ctx, tx, c.RevisionID, c.Note); err != nil {
			return err
		}
		if err := r.reportCaseTx(ctx, tx, DecisionReturned, c); err != nil {
			return err
		}
		return r.deps.Audit(ctx, tx, operatorID, "review.return", c.Subject(),
			map[string]any{
				"revision": c.RevisionID, "spu": c.SPUID, "score": c.Score, "causes": v.Causes,
				"note": v.Note,
			})
	})
	return c, err
}

func (v Verdict) check() error {
	found := ErrInvalid
	if len(v.Causes) == 0 {
		found = found.With("causes", "cause_missing")
	}
	for _, cause := range v.Causes {
		if !slices.Contains(causes, cause) {
			found = found.With("causes", "cause_missing")
		}
	}
	if !db.Storable(v.Note) || utf8.RuneCountInString(v.Note) > MaxNote {
		found = found.With("note", "note_invalid")
	} else if v.Note == "" && slices.Contains(v.Causes, "other") {
		found = found.With("note", "note_missing")
	}
	if found.Fields == nil {
		return nil
	}
	return found
}

// lockAsTx locks a case that this person may decide now, in the version that they looked at.
func (r *Reviews) lockAsTx(ctx context.Context, tx pgx.Tx, operatorID, id int64, version int) (Case, error) {
	c, err := r.lockTx(ctx, tx, id)
	switch {
	case err != nil:
		return Case{}, err
	case c.CreatorID == operatorID:
		return Case{}, ErrOwnListing.Because("case %d", id)
	case c.Version != version || c.State != Open && c.State != Second:
		return Case{}, ErrMoved.Because("case %d is %s at version %d, looked at in %d", id, c.State, c.Version, version)
	case c.State == Second && c.FirstBy == operatorID:
		return Case{}, ErrSamePerson.Because("case %d", id)
	}
	return c, nil
}

func spuSubject(spuID int64) string { return fmt.Sprintf("spu:%d", spuID) }
