package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"videomall/mall/reconcile"
	"videomall/telemetry"
)

// reconcileEvery is how often days that are due are looked for. Providers make their statements in the morning, each at
// its own hour, and one that was not ready is asked for again.
const reconcileEvery = 20 * time.Minute

// sumDifferences measures what reconciliation left open, and the days whose statement is overdue.
func sumDifferences(ctx context.Context, d Deps) error {
	open, err := d.Mall.Reconciler.Open(ctx)
	if err != nil {
		return err
	}
	state := telemetry.Reconciliation{}
	if state.Overdue, err = d.Mall.Reconciler.Overdue(ctx); err != nil {
		return err
	}
	for _, o := range open {
		state.Open = append(state.Open, telemetry.OpenDifferences{
			Provider: o.Provider,
			Currency: o.Sum.Currency,
			Count:    o.Count,
			Age:      o.Age,
			Sum:      o.Sum.Amount,
		})
	}
	d.Metrics.Reconciled(state)
	return nil
}

// reconcileWorker compares one day of a provider.
type reconcileWorker struct {
	river.WorkerDefaults[reconcile.RunArgs]
	run func(ctx context.Context, provider string, day time.Time) (reconcile.Report, error)
}

// Timeout is for the statement of a large shop, of which much has to be mended.
func (r *reconcileWorker) Timeout(*river.Job[reconcile.RunArgs]) time.Duration { return time.Hour }

// Work compares the day. A run that fails is cancelled: it is neither retried nor a dead letter, because the day stays
// due, and the console shows why.
func (r *reconcileWorker) Work(ctx context.Context, job *river.Job[reconcile.RunArgs]) error {
	day, err := time.Parse(time.DateOnly, job.Args.Day)
	if err == nil {
		_, err = r.run(ctx, job.Args.Provider, day)
	}
	if errors.Is(err, reconcile.ErrRunning) {
		return river.JobSnooze(awaitProvider)
	}
	if err != nil {
		return river.JobCancel(err)
	}
	return nil
}
