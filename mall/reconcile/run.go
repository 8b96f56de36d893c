package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/reconcile/internal/dbsqlc"
)

// slack is how near to midnight a movement of ours may lie to be found in the statement of the next day: the clocks of
// a provider and of its statements differ.
const slack = time.Hour

// Report says what a run did.
type Report struct {
	RunID    int64
	Provider string
	Day      time.Time // the date
	Lines    int64     // of the statement that are ours
	Foreign  int64     // of others, which are counted only
	Found    int       // differences that no earlier run had found
	Mended   int       // of those
}

// run is a run under way.
type run struct {
	id           int64
	provider     payment.Provider
	name         string
	date         time.Time
	begins, ends time.Time
	since, until time.Time // what of ours is compared with it
	lines        int64
	foreign      int64
	digest       []byte
}

// Run compares the provider's day with the date that day has, in whatever zone day is. A statement is read and compared
// as a whole or not at all; a run that was killed leaves nothing that the next one doesn't repeat or take up. Errors:
// ErrRunning while another run of this provider is under way, ErrDayNotOver, payment.ErrUnknownProvider,
// payment.ErrNoStatement and whatever else the provider answers.
func (r *Reconciler) Run(ctx context.Context, provider string, day time.Time) (Report, error) {
	p, err := r.deps.Payments.Provider(provider)
	if err != nil {
		return Report{}, err
	}
	year, month, date := day.Date()
	one := &run{
		provider: p,
		name:     provider,
		date:     time.Date(year, month, date, 0, 0, 0, 0, time.UTC),
		begins:   time.Date(year, month, date, 0, 0, 0, 0, p.Zone()),
		ends:     time.Date(year, month, date+1, 0, 0, 0, 0, p.Zone()),
	}
	if r.deps.Now().Before(one.ends) {
		return Report{}, ErrDayNotOver.Because("%s of %s ends at %s", one.date.Format(time.DateOnly), provider, one.ends)
	}
	unlock, err := r.lock(ctx, provider)
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	if err := r.begin(ctx, one); err != nil {
		return Report{}, err
	}
	report, err := r.compare(ctx, one)
	if err == nil {
		return report, nil
	}
	// The reason is kept even if the caller is leaving.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if e := r.q.FailRun(ctx, r.deps.Pool, dbsqlc.FailRunParams{
		Error: cut(err.Error()),
		At:    r.deps.Now(),
		ID:    one.id,
	}); e != nil {
		err = errors.Join(err, e)
	}
	return Report{}, fmt.Errorf("reconcile %s of %s: %w", one.date.Format(time.DateOnly), provider, err)
}

// lock takes the lock of a provider's runs, which PostgreSQL frees when this process dies.
func (r *Reconciler) lock(ctx context.Context, provider string) (unlock func(), err error) {
	conn, err := r.deps.Pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect for the lock of %s: %w", provider, err)
	}
	key := "reconcile:" + provider
	var got bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock(hashtextextended($1, 0))`, key).Scan(&got); err != nil {
		conn.Release()
		return nil, fmt.Errorf("lock %s: %w", key, err)
	}
	if !got {
		conn.Release()
		return nil, ErrRunning.Because("provider %s", provider)
	}
	return func() { release(ctx, conn, key) }, nil
}

// release frees a lock. A connection that can't say so is closed, which frees it too.
func release(ctx context.Context, conn *pgxpool.Conn, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := conn.Exec(ctx, `select pg_advisory_unlock(hashtextextended($1, 0))`, key); err != nil {
		_ = conn.Conn().Close(ctx)
	}
	conn.Release()
}

// begin records the run. What a killed run left is dropped first.
func (r *Reconciler) begin(ctx context.Context, one *run) error {
	return db.InTx(ctx, r.deps.Pool, func(tx pgx.Tx) error {
		at := r.deps.Now()
		if err := errors.Join(
			r.q.DropInterruptedRuns(ctx, tx, dbsqlc.DropInterruptedRunsParams{At: at, Provider: one.name}),
			r.q.DropStaged(ctx, tx, one.name),
			r.q.DropScope(ctx, tx, one.name),
		); err != nil {
			return fmt.Errorf("drop what a killed run of %s left: %w", one.name, err)
		}
		finished, err := r.q.FinishedDays(ctx, tx, dbsqlc.FinishedDaysParams{
			Provider: one.name,
			Since:    one.date.AddDate(0, 0, -1),
		})
		if err != nil {
			return fmt.Errorf("days of %s: %w", one.name, err)
		}
		one.since, one.until = one.begins, one.ends.Add(-slack)
		for _, day := range finished {
			switch {
			case day.Equal(one.date.AddDate(0, 0, -1)):
				one.since = one.begins.Add(-slack)
			case day.Equal(one.date.AddDate(0, 0, 1)):
				one.until = one.ends
			}
		}
		one.id, err = r.q.RestartRun(ctx, tx, dbsqlc.RestartRunParams{
			Begins:   one.begins,
			Ends:     one.ends,
			At:       at,
			Provider: one.name,
			Day:      one.date,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			one.id, err = r.q.InsertRun(ctx, tx, dbsqlc.InsertRunParams{
				Provider: one.name,
				Day:      one.date,
				Begins:   one.begins,
				Ends:     one.ends,
				At:       at,
			})
		}
		if err != nil {
			return fmt.Errorf("begin a run of %s: %w", one.name, err)
		}
		return nil
	})
}

// compare reads the statement, compares it, mends what can be mended, and compares that again.
func (r *Reconciler) compare(ctx context.Context, one *run) (Report, error) {
	if err := r.read(ctx, one); err != nil {
		return Report{}, err
	}
	if err := r.inLongTx(ctx, func(tx pgx.Tx) error {
		if err := r.keepTx(ctx, tx, one); err != nil {
			return err
		}
		return r.findTx(ctx, tx, one, true)
	}); err != nil {
		return Report{}, err
	}
	if err := r.mend(ctx, one); err != nil {
		return Report{}, err
	}
	report := Report{
		RunID:    one.id,
		Provider: one.name,
		Day:      one.date,
		Lines:    one.lines,
		Foreign:  one.foreign,
	}
	err := r.inLongTx(ctx, func(tx pgx.Tx) error {
		if err := r.findTx(ctx, tx, one, false); err != nil {
			return err
		}
		counted, err := r.q.FinishRun(ctx, tx, dbsqlc.FinishRunParams{
			Lines:        one.lines,
			ForeignLines: one.foreign,
			Digest:       one.digest,
			At:           r.deps.Now(),
			ID:           one.id,
		})
		report.Found, report.Mended = int(counted.Found), int(counted.Mended)
		return err
	})
	return report, err
}

// keepTx makes facts of the lines that were read, and books the day's fees and settlements.
func (r *Reconciler) keepTx(ctx context.Context, tx pgx.Tx, one *run) error {
	if err := r.q.InsertRestated(ctx, tx, dbsqlc.InsertRestatedParams{
		Provider: one.name,
		Day:      one.date,
		RunID:    one.id,
		At:       r.deps.Now(),
	}); err != nil {
		return fmt.Errorf("compare with what was stated before: %w", err)
	}
	if err := r.q.KeepStaged(ctx, tx, dbsqlc.KeepStagedParams{
		Provider: one.name,
		Day:      one.date,
		RunID:    one.id,
	}); err != nil {
		return fmt.Errorf("keep the lines: %w", err)
	}
	if err := r.q.SumRun(ctx, tx, one.id); err != nil {
		return fmt.Errorf("sum the lines: %w", err)
	}
	if err := r.q.DropStaged(ctx, tx, one.name); err != nil {
		return fmt.Errorf("drop the lines that were read: %w", err)
	}
	day := ledger.DayAtProvider{Provider: one.name, Day: one.date.Format(time.DateOnly)}
	fees, err := r.q.FeesOf(ctx, tx, dbsqlc.FeesOfParams{Provider: one.name, Day: one.date})
	if err != nil {
		return fmt.Errorf("sum the fees: %w", err)
	}
	for _, f := range fees {
		day.Fees = append(day.Fees, money.Of(f.Amount, f.Currency))
	}
	settled, err := r.q.SettledOf(ctx, tx, dbsqlc.SettledOfParams{Provider: one.name, Day: one.date})
	if err != nil {
		return fmt.Errorf("sum the settlements: %w", err)
	}
	for _, s := range settled {
		day.Settled = append(day.Settled, money.Of(s.Amount, s.Currency))
	}
	return r.deps.Ledger.DayAtProviderTx(ctx, tx, day)
}

// inLongTx runs a transaction whose statements may take longer than those for which people wait.
func (r *Reconciler) inLongTx(ctx context.Context, do func(pgx.Tx) error) error {
	return db.InTxRetrying(ctx, r.deps.Pool, 3, func(tx pgx.Tx) error {
		// Compiling these statements takes longer than running them does.
		if _, err := tx.Exec(ctx, `set local statement_timeout = '10min'; set local jit = off`,
			pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("allow long statements: %w", err)
		}
		return do(tx)
	})
}

// cut shortens what a provider answered to what a row holds.
func cut(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	if runes := []rune(s); len(runes) > 500 {
		s = string(runes[:500])
	}
	return s
}
