package backoffice

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"videomall/db"
	"videomall/mall/outbox"
)

// FailedJobsDeps are the dependencies of FailedJobs.
type FailedJobsDeps struct {
	Pool  *pgxpool.Pool
	River *river.Client[pgx.Tx]
	Audit AuditFunc // nil records nothing
}

// FailedJobs settles failed jobs: those that have no attempts left, and those that wait for the next one.
type FailedJobs struct{ deps FailedJobsDeps }

// NewFailedJobs returns FailedJobs with the given dependencies.
func NewFailedJobs(d FailedJobsDeps) *FailedJobs { return &FailedJobs{d} }

// Retry gives a discarded job one more attempt; by is the operator's account. Errors: outbox.ErrNotDead for a job in
// any other state.
func (j *FailedJobs) Retry(ctx context.Context, by, id int64) error {
	return j.settle(ctx, by, id, "job.retry", rivertype.JobStateDiscarded, j.deps.River.JobRetryTx)
}

// Discard deletes a discarded job for good. Errors: outbox.ErrNotDead.
func (j *FailedJobs) Discard(ctx context.Context, by, id int64) error {
	return j.settle(ctx, by, id, "job.discard", rivertype.JobStateDiscarded, j.deps.River.JobDeleteTx)
}

// Cancel ends a job that has failed and waits for its next attempt. Errors: outbox.ErrNotDead for a job in any other
// state.
func (j *FailedJobs) Cancel(ctx context.Context, by, id int64) error {
	return j.settle(ctx, by, id, "job.cancel", rivertype.JobStateRetryable, j.deps.River.JobCancelTx)
}

func (j *FailedJobs) settle(
	ctx context.Context,
	by, id int64,
	action string,
	from rivertype.JobState,
	do func(context.Context, pgx.Tx, int64) (*rivertype.JobRow, error),
) error {
	return db.InTx(ctx, j.deps.Pool, func(tx pgx.Tx) error {
		job, err := j.deps.River.JobGetTx(ctx, tx, id)
		if errors.Is(err, rivertype.ErrNotFound) || err == nil && job.State != from {
			return outbox.ErrNotDead.Because("job %d", id)
		}
		if err != nil {
			return fmt.Errorf("look at job %d: %w", id, err)
		}
		if _, err := do(ctx, tx, id); err != nil {
			return fmt.Errorf("%s %d: %w", action, id, err)
		}
		if j.deps.Audit == nil {
			return nil
		}
		detail := map[string]any{"kind": job.Kind, "args": string(job.EncodedArgs)}
		return j.deps.Audit(ctx, tx, by, action, fmt.Sprintf("job:%d", id), detail)
	})
}
