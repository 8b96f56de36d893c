// Package jobs works what the business enqueued: each worker decodes and calls one verb. It owns retries, queues and
// the periodic sweepers; it refuses to know what an order is.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"videomall/mall"
	"videomall/mall/invoice"
	"videomall/mall/mail"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/reconcile"
	"videomall/mall/webhook"
	"videomall/telemetry"
)

// QueueTicks holds the periodic tasks, so that a slow one delays no order.
const QueueTicks = "ticks"

// jobTimeout bounds one run of one job. rescueAfter is when River takes up the job of a killed worker again; until then
// the sweepers do what such jobs were for.
const (
	jobTimeout  = 20 * time.Second
	rescueAfter = 30 * time.Second
)

// Deps are what the workers call and tell.
type Deps struct {
	Pool    *pgxpool.Pool
	Mall    *mall.Mall
	Log     *slog.Logger
	Metrics *telemetry.Metrics
}

// New makes the client that works jobs. Start and stop it; stopping softly lets running jobs end.
func New(d Deps) (*river.Client[pgx.Tx], error) {
	tasks := tasks(d)
	client, err := river.NewClient(riverpgxv5.New(d.Pool), &river.Config{
		Logger: telemetry.AtLeast(slog.LevelWarn, d.Log), // it counts its jobs aloud every 5 s
		Queues: map[string]river.QueueConfig{
			river.QueueDefault:  {MaxWorkers: 4},
			order.QueueDeliver:  {MaxWorkers: 16},
			order.QueueProvider: {MaxWorkers: 8},
			sandbox.Queue:       {MaxWorkers: 8},
			media.Queue:         {MaxWorkers: 2},
			invoice.Queue:       {MaxWorkers: 2}, // each waits for the other's number
			QueueTicks:          {MaxWorkers: 8},
			reconcile.Queue:     {MaxWorkers: 2},
			mail.Queue:          {MaxWorkers: 4},  // each waits on the mail server
			webhook.Queue:       {MaxWorkers: 16}, // each waits on somebody else's server
		},
		Workers:      workers(d, tasks),
		PeriodicJobs: periodic(tasks),
		JobTimeout:   jobTimeout,
		ErrorHandler: logged{d.Log},

		RescueStuckJobsAfter:        rescueAfter,
		DiscardedJobRetentionPeriod: -1, // these are the dead letters: only an operator ends them
	})
	if err != nil {
		return nil, fmt.Errorf("open the workers: %w", err)
	}
	return client, nil
}

// logged logs a job that failed, for operators. River tries the job again.
type logged struct{ log *slog.Logger }

func (l logged) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	l.log.WarnContext(ctx, "job failed", "kind", job.Kind, "job_id", job.ID, "attempt", job.Attempt, "max_attempts",
		job.MaxAttempts, "error", err)
	return nil
}

func (l logged) HandlePanic(ctx context.Context, job *rivertype.JobRow, panicked any,
	trace string,
) *river.ErrorHandlerResult {
	l.log.ErrorContext(ctx, "job panicked", "kind", job.Kind, "job_id", job.ID, "attempt", job.Attempt, "panic",
		panicked, "trace", trace)
	return nil
}
