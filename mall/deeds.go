package mall

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/outbox"
)

// Deed writes down who of the staff did what, in the transaction of the deed.
type Deed = func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error

// Deeds names actors by the email that they have at that moment, so that the log can be read when the account is gone.
func Deeds(accounts *account.Accounts, log *audit.Log) Deed {
	return func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error {
		name := fmt.Sprintf("account:%d", actorID)
		u, err := accounts.UserTx(ctx, tx, actorID)
		switch {
		case err == nil:
			name = u.Email
		case !errors.Is(err, account.ErrNoUser):
			return err
		}
		return log.WriteTx(ctx, tx, audit.Entry{
			ActorID: actorID,
			Actor:   name,
			Verb:    verb,
			Subject: subject,
			Detail:  detail,
		})
	}
}

// DeadJobs settles the jobs that failed, those whose tries ran out and those that wait for another one, each with its
// entry in the audit log.
type DeadJobs struct {
	Pool  *pgxpool.Pool
	River *river.Client[pgx.Tx]
	Deed  Deed // nil writes nothing
}

// DeadJobs are those of this mall.
func (m *Mall) DeadJobs() DeadJobs {
	return DeadJobs{
		Pool:  m.pool,
		River: m.River,
		Deed:  Deeds(m.Accounts, m.Audit),
	}
}

// Retry gives a discarded job one more try; by is the operator's account. Errors: outbox.ErrNotDead for one in any
// other state.
func (d DeadJobs) Retry(ctx context.Context, by, id int64) error {
	return d.settle(ctx, by, id, "job.retry", rivertype.JobStateDiscarded, d.River.JobRetryTx)
}

// Discard deletes a discarded job for good. Errors: outbox.ErrNotDead.
func (d DeadJobs) Discard(ctx context.Context, by, id int64) error {
	return d.settle(ctx, by, id, "job.discard", rivertype.JobStateDiscarded, d.River.JobDeleteTx)
}

// Cancel ends a job that failed and waits for its next try: it is tried no more. Errors: outbox.ErrNotDead for one in
// any other state.
func (d DeadJobs) Cancel(ctx context.Context, by, id int64) error {
	return d.settle(ctx, by, id, "job.cancel", rivertype.JobStateRetryable, d.River.JobCancelTx)
}

func (d DeadJobs) settle(ctx context.Context, by, id int64, verb string, from rivertype.JobState,
	do func(context.Context, pgx.Tx, int64) (*rivertype.JobRow, error)) error {
	return db.InTx(ctx, d.Pool, func(tx pgx.Tx) error {
		j, err := d.River.JobGetTx(ctx, tx, id)
		if errors.Is(err, rivertype.ErrNotFound) || err == nil && j.State != from {
			return outbox.ErrNotDead.Because("job %d", id)
		}
		if err != nil {
			return fmt.Errorf("look at job %d: %w", id, err)
		}
		if _, err := do(ctx, tx, id); err != nil {
			return fmt.Errorf("%s %d: %w", verb, id, err)
		}
		if d.Deed == nil {
			return nil
		}
		return d.Deed(ctx, tx, by, verb, fmt.Sprintf("job:%d", id), map[string]any{
			"kind": j.Kind,
			"args": string(j.EncodedArgs),
		})
	})
}
