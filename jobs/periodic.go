package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// task is done every so often, by whichever process comes first.
type task struct {
	every time.Duration
	do    func(context.Context) error
}

// tasks are the sweepers and the relay. Each finds what a lost job or a killed process left undone, so that nothing
// depends on a single row of the queue.
func tasks(d Deps) map[string]task {
	m := d.Mall
	swept := func(sweep func(context.Context, time.Duration) (int, error),
		grace time.Duration,
	) func(context.Context) error {
		return func(ctx context.Context) error { _, err := sweep(ctx, grace); return err }
	}
	all := map[string]task{
		"relay_outbox": {time.Second, func(ctx context.Context) error {
			_, err := m.Outbox.Relay(ctx)
			return err
		}},
		"sweep_undelivered": {5 * time.Second, swept(m.Orders.SweepUndelivered, 5*time.Second)},
		"sweep_refunds":     {30 * time.Second, swept(m.Orders.Refunds().Sweep, 30*time.Second)},
		"sweep_overdue":     {time.Minute, swept(m.Orders.SweepOverdue, time.Minute)},
		"ask_silent": {time.Minute, func(ctx context.Context) error {
			_, err := m.Orders.AskSilent(ctx)
			return err
		}},
		"reprice": {15 * time.Second, func(ctx context.Context) error { return reprice(ctx, d) }},
		// Units that came back are for sale again within seconds. Differences that nothing explains are corrected and
		// reported within half a minute.
		"recount_moved": {2 * time.Second, func(ctx context.Context) error {
			_, err := m.Inventory.Gate.RecountMoved(ctx)
			return err
		}},
		"recount_all": {30 * time.Second, func(ctx context.Context) error {
			_, err := m.Inventory.Gate.RecountAll(ctx)
			return err
		}},
		"turn_campaigns": {time.Second, func(ctx context.Context) error {
			_, err := m.Promotions.Turn(ctx)
			return err
		}},
		"merge_campaigns": {time.Minute, func(ctx context.Context) error {
			_, err := m.Promotions.MergeLate(ctx)
			return err
		}},
		"sweep_invoices":  {time.Minute, func(ctx context.Context) error { _, err := m.Invoices.Sweep(ctx); return err }},
		"reconcile":       {reconcileEvery, m.Reconciler.EnqueueDue},
		"sum_differences": {time.Minute, func(ctx context.Context) error { return sumDifferences(ctx, d) }},
		"clear_earnings":  {time.Minute, func(ctx context.Context) error { _, err := m.Ledger.Clear(ctx); return err }},
		// The day's rates decide, whenever in the next day this runs.
		"revalue_exchange": {time.Hour, func(ctx context.Context) error {
			return m.Ledger.Revalue(ctx, m.Taxes.Shop().Zone)
		}},
		"sum_books":     {5 * time.Minute, func(ctx context.Context) error { return sumBooks(ctx, d) }},
		"measure_rates": {time.Minute, func(ctx context.Context) error { return measureRates(ctx, d) }},
		"count_dead":    {15 * time.Second, func(ctx context.Context) error { return countDead(ctx, d) }},
		"purge_outbox": {time.Hour, func(ctx context.Context) error {
			_, err := m.Outbox.Purge(ctx, 7*24*time.Hour)
			return err
		}},
		"send_webhooks": {time.Second, func(ctx context.Context) error {
			_, err := m.Webhooks.Enqueue(ctx)
			return err
		}},
		"purge_webhooks": {time.Hour, func(ctx context.Context) error {
			_, err := m.Webhooks.Purge(ctx, 30*24*time.Hour)
			return err
		}},
		"purge_carts": {24 * time.Hour, func(ctx context.Context) error {
			_, err := m.Cart.PurgeStale(ctx, 90*24*time.Hour)
			return err
		}},
		"sweep_uploads": {10 * time.Minute, func(ctx context.Context) error {
			_, err := m.Media.Uploads.Sweep(ctx)
			return err
		}},
		"sweep_stages": {5 * time.Second, func(ctx context.Context) error {
			_, err := m.Media.Pipeline.SweepStages(ctx)
			return err
		}},
		"sweep_assets": {time.Hour, func(ctx context.Context) error {
			_, err := m.Media.Pipeline.SweepAssets(ctx)
			return err
		}},
		"sweep_sessions": {time.Hour, func(ctx context.Context) error { _, err := m.Accounts.Sweep(ctx); return err }},
		"forget_plays": {time.Hour, func(ctx context.Context) error {
			_, err := m.Playback.ForgetPlays(ctx, 10_000)
			return err
		}},

		"reindex_search": {30 * time.Second, func(ctx context.Context) error { return reindex(ctx, d) }},

		"reconcile_insight": {10 * time.Minute, func(ctx context.Context) error {
			_, err := m.Insight.Reconcile(ctx)
			return err
		}},
		"purge_insight": {time.Hour, m.Insight.Purge},
	}
	if m.Mails != nil {
		all["remind"] = task{time.Minute, func(ctx context.Context) error {
			_, err := m.Notices.Remind(ctx)
			return err
		}}
		all["sweep_mails"] = task{time.Minute, func(ctx context.Context) error { return sweepMails(ctx, d) }}
		all["count_mails"] = task{time.Minute, func(ctx context.Context) error { return countMails(ctx, d) }}
	}
	return all
}

// sweepMails ends attempts of killed processes, and says which mails may have left or not.
func sweepMails(ctx context.Context, d Deps) error {
	n, err := d.Mall.Mails.Sweep(ctx)
	if n > 0 {
		d.Log.WarnContext(ctx, "mails were interrupted and may have left or not", "count", n)
	}
	return err
}

// countMails says how many mails are in which state, and how many addresses are suppressed.
func countMails(ctx context.Context, d Deps) error {
	states, suppressed, err := d.Mall.Mails.Counts(ctx)
	if err != nil {
		return err
	}
	for state, n := range states {
		d.Metrics.Mails(string(state), n)
	}
	d.Metrics.SuppressedAddresses(suppressed)
	return nil
}

// reprice brings prices that have become valid into the lists and the search.
func reprice(ctx context.Context, d Deps) error {
	_, err := d.Mall.Catalog.RepriceDue(ctx)
	return err
}

// reindex rewrites what an earlier program has left to the search, and says how far it is.
func reindex(ctx context.Context, d Deps) error {
	done, left, err := d.Mall.Search.Reindex(ctx)
	if done > 0 {
		d.Log.InfoContext(ctx, "search documents were rewritten", "done", done, "left", left)
	}
	return err
}

// sumBooks checks that the books balance. It reads an index of all lines, so it does not run every second.
func sumBooks(ctx context.Context, d Deps) error {
	sums, err := d.Mall.Ledger.Imbalances(ctx)
	for _, s := range sums {
		d.Metrics.LedgerImbalance(s.Currency, s.Amount)
		if !s.IsZero() {
			d.Log.ErrorContext(ctx, "the books are out of balance", "currency", s.Currency, "by", s.Amount)
		}
	}
	return err
}

func countDead(ctx context.Context, d Deps) error {
	letters, err := d.Mall.Outbox.CountDead(ctx)
	if err != nil {
		return err
	}
	d.Metrics.DeadLetters("outbox", letters)
	// This reads River's table itself, because its client lists jobs but does not count them.
	var discarded int64
	if err := d.Pool.QueryRow(ctx, `select count(*) from river_job where state = 'discarded'`).
		Scan(&discarded); err != nil {
		return fmt.Errorf("count discarded jobs: %w", err)
	}
	d.Metrics.DeadLetters("jobs", discarded)
	return nil
}

// TickArgs is one turn of a periodic task.
type TickArgs struct {
	Task string `json:"task"`
}

// Kind names the job in the database.
func (TickArgs) Kind() string { return "tick" }

// turn is how long one turn of a task keeps further ones from being enqueued. The turn of a killed process says that it
// runs until River takes it up again, which may be a minute later; the sweepers have promised to be there before.
const turn = 10 * time.Second

// InsertOpts lets one turn of a task in ten seconds wait or run: turns never pile up behind a slow one. A second
// attempt is for the turn of a killed process, which else would end as a dead letter.
func (TickArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue:       QueueTicks,
		MaxAttempts: 2,
		UniqueOpts: river.UniqueOpts{
			ByArgs:   true,
			ByPeriod: turn,
			ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending,
				rivertype.JobStateRunning,
				rivertype.JobStateRetryable, rivertype.JobStateScheduled,
			},
		},
	}
}

func periodic(tasks map[string]task) []*river.PeriodicJob {
	var jobs []*river.PeriodicJob
	for name, t := range tasks {
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(t.every),
			func() (river.JobArgs, *river.InsertOpts) { return TickArgs{name}, nil },
			&river.PeriodicJobOpts{RunOnStart: true}))
	}
	return jobs
}

type ticker struct {
	river.WorkerDefaults[TickArgs]
	tasks map[string]task
	log   *slog.Logger
}

// Work runs one turn. A turn that fails is cancelled, not retried and no dead letter: the next one is on its way.
func (t *ticker) Work(ctx context.Context, job *river.Job[TickArgs]) error {
	task, ok := t.tasks[job.Args.Task]
	if !ok {
		return river.JobCancel(fmt.Errorf("no task %q in this program", job.Args.Task))
	}
	if err := task.do(ctx); err != nil {
		t.log.ErrorContext(ctx, "periodic task failed", "task", job.Args.Task, "error", err)
		return river.JobCancel(err)
	}
	return nil
}
