package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"videomall/mall/payment"
	"videomall/mall/reconcile"
	"videomall/mall/reconcile/reconciletest"
)

const (
	reconcilePayments = 100_000
	reconcilePlanted  = 200
	reconcileMost     = 64 // MiB that it may raise resident memory by
	reconcileLongest  = 60 // s
)

// reconciliation compares a month of payments at three providers, with discrepancies of every kind, and fails unless it
// finds exactly those.
func (b *bench) reconciliation(ctx context.Context) ([]row, error) {
	pool := b.program.Pools.Primary
	month := reconciletest.Month{
		Start:    time.Date(2026, 3, 1, 0, 0, 0, 0, reconciletest.Beijing),
		Days:     30,
		Payments: reconcilePayments,
		Planted:  reconcilePlanted,
	}
	if err := reconciletest.Seed(ctx, pool, month); err != nil {
		return nil, err
	}
	providers := reconciletest.Providers(pool)
	reconciler := reconcile.New(reconcile.Deps{
		Pool:     pool,
		Now:      month.End,
		Payments: payment.New(payment.Deps{Pool: pool, Now: month.End, Providers: providers}),
		Orders:   b.program.Mall.Orders,
		Ledger:   b.program.Mall.Ledger,
		River:    b.program.Mall.River,
		Rates:    map[string]reconcile.Rate{"alpha": {BasisPoints: reconciletest.Rate}},
	})
	debug.FreeOSMemory()
	before, err := resident()
	if err != nil {
		return nil, err
	}
	most, began, lines := before, time.Now(), int64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for ticks := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-stop:
				ticks.Stop()
				return
			case <-ticks.C:
				if now, err := resident(); err == nil {
					most = max(most, now)
				}
			}
		}
	}()
	for day := -1; day <= month.Days+1; day++ {
		for _, p := range providers {
			report, err := reconciler.Run(ctx, p.Name(), month.Start.AddDate(0, 0, day))
			if err != nil {
				return nil, err
			}
			lines += report.Lines + report.Foreign
		}
	}
	took := time.Since(began)
	close(stop)
	<-stopped
	want, err := reconciletest.Expected(ctx, pool)
	if err != nil {
		return nil, err
	}
	got, err := reconciletest.Found(ctx, pool)
	if err != nil {
		return nil, err
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return nil, fmt.Errorf("reconcile: %d differences planted, %d found, and not the same", len(want), len(got))
	}
	raised := round(float64(most-before) / (1 << 20))
	return []row{
		{Name: "reconcile_month", Value: round(float64(lines) / took.Seconds()), Unit: "lines/s"},
		{
			Name:  "reconcile_month_took",
			Value: round(took.Seconds()),
			Unit:  "s",
			Limit: reconcileLongest,
			Ratio: round(took.Seconds() / reconcileLongest),
		},
		{
			Name:  "reconcile_month_memory",
			Value: raised,
			Unit:  "MiB more",
			Limit: reconcileMost,
			Ratio: round(raised / reconcileMost),
		},
	}, nil
}
