package reconcile_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db/dbtest"
	"videomall/mall/ledger"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/payment"
	"videomall/mall/reconcile"
	"videomall/mall/reconcile/reconciletest"
	"videomall/telemetry"
)

var month = reconciletest.Month{
	Start:    time.Date(2026, 3, 1, 0, 0, 0, 0, reconciletest.Beijing),
	Days:     30,
	Payments: 3000,
	Planted:  96,
}

// desk is a reconciler with what stands below it, on a database of its own.
type desk struct {
	t         *testing.T
	ctx       context.Context
	pool      *pgxpool.Pool
	now       time.Time
	reconcile *reconcile.Reconciler
	payments  *payment.Payments
	rates     map[string]reconcile.Rate // what was agreed
}

func open(t *testing.T, wrap func(payment.Provider) payment.Provider) *desk {
	t.Helper()
	t.Parallel()
	return on(t, dbtest.New(t), month.End(), wrap)
}

func on(t *testing.T, pool *pgxpool.Pool, now time.Time, wrap func(payment.Provider) payment.Provider) *desk {
	t.Helper()
	d := &desk{
		t:     t,
		ctx:   context.Background(),
		pool:  pool,
		now:   now,
		rates: map[string]reconcile.Rate{"alpha": {BasisPoints: reconciletest.Rate}},
	}
	providers := reconciletest.Providers(pool)
	if wrap != nil {
		for n := range providers {
			providers[n] = wrap(providers[n])
		}
	}
	clock := func() time.Time { return d.now }
	d.payments = payment.New(payment.Deps{Pool: pool, Now: clock, Providers: providers})
	books := ledger.New(ledger.Deps{Pool: pool, Now: clock})
	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	d.ok(err)
	d.reconcile = reconcile.New(reconcile.Deps{
		Pool:     pool,
		Now:      clock,
		Payments: d.payments,
		Ledger:   books,
		Orders: order.New(order.Deps{
			Pool:     pool,
			Payments: d.payments,
			Ledger:   books,
			Outbox:   outbox.New(outbox.Deps{Pool: pool, Now: clock}),
			River:    jobs,
			Metrics:  telemetry.NewMetrics(),
			Now:      clock,
		}),
		Rates: d.rates,
	})
	return d
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) strings(sql string, args ...any) []string {
	d.t.Helper()
	rows, err := d.pool.Query(d.ctx, sql, args...)
	d.ok(err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	d.ok(err)
	return list
}

// month compares all days of all providers.
func (d *desk) month() {
	d.t.Helper()
	for day := -1; day <= month.Days+1; day++ {
		for _, p := range d.payments.Providers() {
			_, err := d.reconcile.Run(d.ctx, p, month.Start.AddDate(0, 0, day))
			d.ok(err)
		}
	}
}

// differences are all that were ever found.
func (d *desk) differences() []string {
	d.t.Helper()
	list, err := reconciletest.Found(d.ctx, d.pool)
	d.ok(err)
	return list
}

func (d *desk) wantPlanted() {
	d.t.Helper()
	want, err := reconciletest.Expected(d.ctx, d.pool)
	d.ok(err)
	slices.Sort(want)
	got := d.differences()
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) != month.Planted {
		d.t.Errorf("%d planted, differences (-planted +found):\n%s", len(want), diff)
	}
}

func TestReconciler_Run_month(t *testing.T) {
	d := open(t, nil)
	d.ok(reconciletest.Seed(d.ctx, d.pool, month))
	d.month()
	d.wantPlanted()
	// What the books could prove is mended; nothing else moved.
	mended := d.strings(`select mended_by from reconcile_difference
		where mended_by <> '' and closed_by = 'reconciliation' order by 1`)
	if len(mended) != 6 {
		t.Errorf("mended: %q, errors: %q", mended, d.strings(
			`select distinct cause || ' ' || kind || ' ' || error || mended_by || closed_by from reconcile_difference`))
	}
	if open, err := d.reconcile.CountOpen(d.ctx); err != nil || int(open) != month.Planted-len(mended) {
		t.Errorf("%d open, %v", open, err)
	}
	// Compared once more, nothing is found that was not known.
	d.month()
	d.wantPlanted()
}

// stopping is a provider whose statement ends with an error after some lines, until it is mended.
type stopping struct {
	payment.Provider
	after  int
	broken bool
	wait   chan struct{} // closed when another reader may go on
	read   chan struct{} // closed when the reader waits
}

func (s *stopping) Statement(ctx context.Context, at time.Time) iter.Seq2[payment.StatementLine, error] {
	return func(yield func(payment.StatementLine, error) bool) {
		n := 0
		for l, err := range s.Provider.Statement(ctx, at) {
			if s.broken && n == s.after {
				yield(payment.StatementLine{}, errBroken)
				return
			}
			if s.wait != nil && n == 0 {
				close(s.read)
				<-s.wait
			}
			if n++; !yield(l, err) {
				return
			}
		}
	}
}

var errBroken = errors.New("the connection broke")

func TestReconciler_Run_statement_breaks_off(t *testing.T) {
	var alpha *stopping
	d := open(t, func(p payment.Provider) payment.Provider {
		if p.Name() != "alpha" {
			return p
		}
		alpha = &stopping{Provider: p, after: 20, broken: true}
		return alpha
	})
	d.ok(reconciletest.Seed(d.ctx, d.pool, month))
	day := month.Start.AddDate(0, 0, 3)
	if _, err := d.reconcile.Run(d.ctx, "alpha", day); !errors.Is(err, errBroken) {
		t.Fatalf("a statement that breaks off: %v", err)
	}
	for sql, want := range map[string]string{
		`select count(*)::text from reconcile_line`:       "0",
		`select count(*)::text from reconcile_difference`: "0",
		`select state from reconcile_run`:                 "failed",
	} {
		if got := d.strings(sql); got[0] != want {
			t.Errorf("%s: %s", sql, got)
		}
	}
	due, err := d.reconcile.Due(d.ctx)
	if err != nil || !slices.ContainsFunc(due, func(x reconcile.Due) bool { return x.Provider == "alpha" }) {
		t.Errorf("not due any more: %v, %v", due, err)
	}
	// A killed run is as if it were running; the next one takes its place.
	_, err = d.pool.Exec(d.ctx, `update reconcile_run set state = 'running', finished_at = null`)
	d.ok(err)
	alpha.broken = false
	first, err := d.reconcile.Run(d.ctx, "alpha", day)
	d.ok(err)
	lines := d.strings(`select count(*)::text from reconcile_line where day = $1`, day)
	if first.Lines == 0 || first.Foreign == 0 || lines[0] != strconv.FormatInt(first.Lines, 10) {
		t.Errorf("%+v, %s lines kept", first, lines)
	}
	// Once more: the same facts, and nothing is booked twice.
	again, err := d.reconcile.Run(d.ctx, "alpha", day)
	if err != nil || again.Found != 0 || again.Lines != first.Lines {
		t.Errorf("again: %+v, %v", again, err)
	}
	fees := d.strings(`select count(*)::text from ledger_posting where kind = 'provider_fee'`)
	got := d.strings(`select count(*)::text from reconcile_line where day = $1`, day)
	if fees[0] != "1" || got[0] != lines[0] {
		t.Errorf("%s postings of fees, %s lines", fees, got)
	}
	want := d.strings(`select coalesce(-sum(fee), 0)::text from reconcile_line`)
	if got := d.strings(`select sum(l.amount)::text from ledger_line l join ledger_posting p on p.id = l.posting_id
		where p.kind = 'provider_fee' and account = 'channel:alpha'`); got[0] != want[0] {
		t.Errorf("fees of %s are booked, stated %s", got, want)
	}
}

func TestReconciler_Run_two_at_once(t *testing.T) {
	var alpha *stopping
	d := open(t, func(p payment.Provider) payment.Provider {
		if p.Name() != "alpha" {
			return p
		}
		alpha = &stopping{Provider: p, wait: make(chan struct{}), read: make(chan struct{})}
		return alpha
	})
	d.ok(reconciletest.Seed(d.ctx, d.pool, month))
	day := month.Start.AddDate(0, 0, 3)
	done := make(chan error, 1)
	go func() { _, err := d.reconcile.Run(d.ctx, "alpha", day); done <- err }()
	<-alpha.read
	if _, err := d.reconcile.Run(d.ctx, "alpha", day); !errors.Is(err, reconcile.ErrRunning) {
		t.Errorf("a second run beside the first: %v", err)
	}
	if _, err := d.reconcile.Run(d.ctx, "beta", day); err != nil {
		t.Errorf("another provider: %v", err)
	}
	close(alpha.wait)
	d.ok(<-done)
	got := d.strings(`select state from reconcile_run where provider = 'alpha'`)
	if len(got) != 1 || got[0] != "finished" {
		t.Errorf("runs: %q", got)
	}
}

// A payment at 23:59 in Beijing that the provider states at 00:01 of the next day is no difference, whichever day is
// compared first, and not even while one of the two days is missing.
func TestReconciler_Run_midnight_in_Beijing(t *testing.T) {
	for name, days := range map[string][]int{"in order": {2, 3}, "the later first": {3, 2}} {
		t.Run(name, func(t *testing.T) {
			d := open(t, nil)
			none := month
			none.Planted = 0
			none.Payments = 300
			d.ok(reconciletest.Seed(d.ctx, d.pool, none))
			midnight := month.Start.AddDate(0, 0, 3)
			// One payment of alpha just before midnight here, just after there; and one the other way round.
			_, err := d.pool.Exec(d.ctx, `
				with p as (select txn_no, row_number() over (order by i) as n from fake_payment
					where provider = 'alpha' and at between $1::timestamptz - interval '6 hours' and $1 limit 2),
				c as (update payment_capture set captured_at = $1::timestamptz
					+ case n when 1 then -interval '1 min' else interval '1 min' end
					from p where channel_txn_no = txn_no and provider = 'alpha')
				update fake_line set at = $1::timestamptz + case n when 1 then interval '1 min' else -interval '1 min' end
				from p where channel_txn_no = txn_no`, midnight)
			d.ok(err)
			for _, day := range days {
				report, err := d.reconcile.Run(d.ctx, "alpha", month.Start.AddDate(0, 0, day))
				d.ok(err)
				if got := d.differences(); len(got) != 0 {
					t.Errorf("%+v: %q", report, got)
				}
			}
		})
	}
}

func TestReconciler_Run_day_not_over(t *testing.T) {
	d := open(t, nil)
	d.now = month.Start.AddDate(0, 0, 3).Add(-time.Second) // the last second of the third day in Beijing
	if _, err := d.reconcile.Run(d.ctx, "alpha", month.Start.AddDate(0, 0, 2)); !errors.Is(err, reconcile.ErrDayNotOver) {
		t.Errorf("a day that has a second left: %v", err)
	}
	if last, err := d.reconcile.LastDay("alpha"); err != nil || last.Day() != 2 {
		t.Errorf("last day in Beijing: %s, %v", last, err)
	}
	if _, err := d.reconcile.Run(d.ctx, "nobody", month.Start); !errors.Is(err, payment.ErrUnknownProvider) {
		t.Errorf("unknown provider: %v", err)
	}
}

// A day that is read again and reads otherwise keeps what was read first, and says so.
func TestReconciler_Run_restated(t *testing.T) {
	d := open(t, nil)
	none := month
	none.Planted = 0
	none.Payments = 300
	d.ok(reconciletest.Seed(d.ctx, d.pool, none))
	day := month.Start.AddDate(0, 0, 3)
	_, err := d.reconcile.Run(d.ctx, "alpha", day)
	d.ok(err)
	_, err = d.pool.Exec(d.ctx, `update fake_line set amount = amount + 7 where id = (
		select min(id) from fake_line
		where provider = 'alpha' and kind = 'payment' and at between $1 and $1 + interval '1 day')`, day)
	d.ok(err)
	_, err = d.reconcile.Run(d.ctx, "alpha", day)
	d.ok(err)
	list, err := d.reconcile.Differences(d.ctx, reconcile.Filter{}, 10)
	if err != nil || len(list) != 1 || list[0].Cause != reconcile.Restated || *list[0].Stated != *list[0].Ours+7 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestReconciler_Take_and_Close(t *testing.T) {
	d := open(t, nil)
	few := month
	few.Payments = 300
	few.Planted = 16
	d.ok(reconciletest.Seed(d.ctx, d.pool, few))
	for day := -1; day <= month.Days+1; day++ {
		_, err := d.reconcile.Run(d.ctx, "beta", month.Start.AddDate(0, 0, day))
		d.ok(err)
	}
	list, err := d.reconcile.Differences(d.ctx, reconcile.Filter{Provider: "beta"}, 100)
	d.ok(err)
	if len(list) == 0 {
		t.Fatal("no differences")
	}
	one := list[0]
	d.ok(d.reconcile.Take(d.ctx, 7, one.ID))
	mine, err := d.reconcile.Differences(d.ctx, reconcile.Filter{Owner: 7}, 10)
	if err != nil || len(mine) != 1 || mine[0].ID != one.ID {
		t.Errorf("mine: %+v, %v", mine, err)
	}
	if err := d.reconcile.Close(d.ctx, 7, one.ID, "  "); !errors.Is(err, reconcile.ErrNote) {
		t.Errorf("without a note: %v", err)
	}
	d.ok(d.reconcile.Close(d.ctx, 7, one.ID, "settled by hand"))
	if err := d.reconcile.Close(d.ctx, 8, one.ID, "again"); !errors.Is(err, reconcile.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if err := d.reconcile.Take(d.ctx, 8, 1<<40); !errors.Is(err, reconcile.ErrNotFound) {
		t.Errorf("nothing: %v", err)
	}
	// A later run finds it again and leaves it closed; the others keep their rows and their age.
	before := len(d.differences())
	d.now = d.now.Add(time.Hour)
	_, err = d.reconcile.Run(d.ctx, "beta", one.Day)
	d.ok(err)
	closed, err := d.reconcile.Differences(d.ctx, reconcile.Filter{Closed: true, Provider: "beta"}, 100)
	d.ok(err)
	if !slices.ContainsFunc(closed, func(x reconcile.Difference) bool {
		return x.ID == one.ID && x.ClosedBy == "operator:7"
	}) {
		t.Errorf("it is open again: %+v", closed)
	}
	open, err := d.reconcile.Open(d.ctx)
	if err != nil || len(open) == 0 || open[0].Age < time.Hour || len(d.differences()) != before {
		t.Errorf("%+v, %v, %d differences after %d", open, err, len(d.differences()), before)
	}
}
