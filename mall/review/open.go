package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/review/internal/dbsqlc"
)

// OpenTx opens a case with a score for a submitted revision, within the caller's transaction. A revision that comes
// again after a return or a withdrawal is a new case, and settles the creator's open appeal against that return.
// Errors: ErrOpenAlready while a case of the revision lives.
func (r *Reviews) OpenTx(ctx context.Context, tx pgx.Tx, s Submission) (Case, error) {
	reasons, err := r.reasonsTx(ctx, tx, s)
	if err != nil {
		return Case{}, fmt.Errorf("score revision %d: %w", s.RevisionID, err)
	}
	content, err := json.Marshal(s.Content)
	if err != nil {
		return Case{}, fmt.Errorf("content of revision %d: %w", s.RevisionID, err)
	}
	why, err := json.Marshal(reasons)
	if err != nil {
		return Case{}, fmt.Errorf("reasons of revision %d: %w", s.RevisionID, err)
	}
	if err := r.q.MootAppeals(ctx, tx, dbsqlc.MootAppealsParams{SpuID: s.SPUID, At: r.deps.Now()}); err != nil {
		return Case{}, fmt.Errorf("end the appeals of spu %d: %w", s.SPUID, err)
	}
	row, err := r.q.InsertCase(ctx, tx, dbsqlc.InsertCaseParams{
		RevisionID: s.RevisionID,
		SpuID:      s.SPUID,
		CreatorID:  s.CreatorID,
		Content:    content,
		Score:      int32(score(reasons)),
		Reasons:    why,
		At:         r.deps.Now(),
	})
	if db.IsUnique(err, "review_case_revision_key") {
		return Case{}, ErrOpenAlready.Because("revision %d: %w", s.RevisionID, err)
	}
	if err != nil {
		return Case{}, fmt.Errorf("open a case of revision %d: %w", s.RevisionID, err)
	}
	return caseOf(row)
}

// WithdrawTx ends the case of a revision that its creator takes back, within the caller's transaction. Errors: ErrMoved
// when no case of it waits any more: somebody has decided.
func (r *Reviews) WithdrawTx(ctx context.Context, tx pgx.Tx, revisionID int64) error {
	row, err := r.q.LockLivingCase(ctx, tx, revisionID)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrMoved.Because("no case of revision %d waits", revisionID)
	}
	if err != nil {
		return fmt.Errorf("case of revision %d: %w", revisionID, err)
	}
	c, err := caseOf(row)
	if err != nil {
		return err
	}
	next := c
	next.State = Withdrawn
	_, err = r.moveTx(ctx, tx, c, next, c.CreatorID)
	return err
}
