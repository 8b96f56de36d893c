package reconcile_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
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
	Planted:  64,
}

// desk is a reconciler with what stands below it, on a database of its own.
type desk struct {
	t         *testing.T
	ctx       context.Context
	pool      *pgxpool.Pool
	now       time.Time
	reconcile *reconcile.Reconciler
	payments  *payment.Payments
}

func open(t *testing.T, wrap func(payment.Provider) payment.Provider) *desk {
	t.Helper()
	t.Parallel()
	return on(t, dbtest.New(t), month.End(), wrap)
}

func on(t *testing.T, pool *pgxpool.Pool, now time.Time, wrap func(payment.Provider) payment.Provider) *desk {
	t.Helper()
	d := &desk{t: t, ctx: context.Background(), pool: pool, now: now}
	providers := reconciletest.Providers(pool)
	if wrap != nil {
		for n := range providers {
			providers[n] = wrap(providers[n])
		}
	}
	clock := func() time.Time { return d.now }
	d.payments = payment.New(payment.Deps{Pool: pool, Now: clock, Providers: providers})
	books := ledger.New(ledger.Deps{Pool: pool, Now: clock})
	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
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
		Rates: map[string]reconcile.Rate{"alpha": {BasisPoints: reconciletest.Rate}},
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
	return d.strings(`select provider || ' ' || kind || ' ' || number || ' ' || cause from reconcile_difference order by 1`)
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
	mended := d.strings(`select mended_by from reconcile_difference where mended_by <> '' and closed_by = 'reconciliation' order by 1`)
	if len(mended) != 4 {
		t.Errorf("mended: %q, errors: %q", mended, d.strings(
			`select distinct cause || ' ' || kind || ' ' || error || mended_by || closed_by from reconcile_difference`))
	}
	if open, err := d.reconcile.CountOpen(d.ctx); err != nil || int(open) != month.Planted-len(mended) {
		t.Errorf("%d open, %v", open, err)
	}
	// The channel accounts hold what the providers say they hold: all lines of ours less the fees. Only what differs
	// keeps the two apart.
	d.month()
	d.wantPlanted()
}
