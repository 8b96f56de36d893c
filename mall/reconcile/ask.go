package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/db"
)

// unique is the time in which a day that is due is enqueued once.
const unique = 10 * time.Minute

// EnqueueDue enqueues a run for each day that is due.
func (r *Reconciler) EnqueueDue(ctx context.Context) error {
	due, err := r.Due(ctx)
	if err != nil {
		return err
	}
	for _, d := range due {
		if _, err := r.deps.River.Insert(ctx, RunArgs{
			Provider: d.Provider,
			Day:      d.Day.Format(time.DateOnly),
		}, &river.InsertOpts{
			Queue:       Queue,
			MaxAttempts: 1,
			UniqueOpts:  river.UniqueOpts{ByArgs: true, ByPeriod: unique},
		}); err != nil {
			return fmt.Errorf("enqueue %s of %s: %w", d.Day.Format(time.DateOnly), d.Provider, err)
		}
	}
	return nil
}

// Ask enqueues a run of a day for an operator, once for each key. Errors: payment.ErrUnknownProvider, ErrDayNotOver.
func (r *Reconciler) Ask(ctx context.Context, actorID int64, provider string, day time.Time, key string) error {
	last, err := r.LastDay(provider)
	if err != nil {
		return err
	}
	if day.After(last) {
		return ErrDayNotOver.Because("%s of %s", day.Format(time.DateOnly), provider)
	}
	date := day.Format(time.DateOnly)
	return db.InTx(ctx, r.deps.Pool, func(tx pgx.Tx) error {
		made, err := r.deps.River.InsertTx(ctx, tx, RunArgs{Provider: provider, Day: date, Key: key}, &river.InsertOpts{
			Queue:       Queue,
			MaxAttempts: 1,
			UniqueOpts:  river.UniqueOpts{ByArgs: true},
		})
		if err != nil {
			return fmt.Errorf("enqueue %s of %s: %w", date, provider, err)
		}
		if made.UniqueSkippedAsDuplicate {
			return nil
		}
		return r.auditTx(ctx, tx, actorID, "reconciliation.run", "reconciliation:"+provider,
			map[string]any{"day": date})
	})
}

// Overdue counts, for each provider, the days of the last week of which we know a movement and whose statement should
// have been compared by now.
func (r *Reconciler) Overdue(ctx context.Context) (map[string]int, error) {
	due, err := r.Due(ctx)
	if err != nil {
		return nil, err
	}
	days := map[string]int{}
	for _, name := range r.deps.Payments.Providers() {
		days[name] = 0
	}
	for _, d := range due {
		if d.Moved && r.deps.Now().Sub(d.Day) > 24*time.Hour+statementDelay {
			days[d.Provider]++
		}
	}
	return days, nil
}

// statementDelay is how long after its day a statement may be missing without anybody having to look.
const statementDelay = 48 * time.Hour
