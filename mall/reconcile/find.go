package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/reconcile/internal/dbsqlc"
)

// find is the comparison itself. sqlc can't read it.
//
//go:embed find.sql
var find string

// findTx compares what differed before and, if day says so, everything of the run's day. What is not found again is
// closed.
func (r *Reconciler) findTx(ctx context.Context, tx pgx.Tx, one *run, day bool) error {
	at := r.deps.Now()
	steps := []func() error{
		func() error { return r.q.DropScope(ctx, tx, one.name) },
		func() error {
			return r.q.ScopeOpen(ctx, tx, dbsqlc.ScopeOpenParams{RunID: one.id, Provider: one.name})
		},
	}
	if day {
		steps = append(steps,
			func() error {
				return r.q.ScopeStated(ctx, tx, dbsqlc.ScopeStatedParams{
					RunID:    one.id,
					Provider: one.name,
					Day:      one.date,
				})
			},
			func() error {
				return r.q.ScopeOurs(ctx, tx, dbsqlc.ScopeOursParams{
					RunID:    one.id,
					Provider: one.name,
					Since:    one.since,
					Until:    one.until,
				})
			},
			func() error {
				return r.q.ScopeBooked(ctx, tx, dbsqlc.ScopeBookedParams{
					RunID:    one.id,
					Provider: one.name,
					Since:    one.since,
					Until:    one.until,
				})
			},
			func() error {
				return r.q.FindPostings(ctx, tx, dbsqlc.FindPostingsParams{
					Provider: one.name,
					Day:      one.date,
					RunID:    one.id,
					At:       at,
					Since:    one.since,
					Until:    one.until,
				})
			})
	}
	steps = append(steps,
		func() error {
			return r.q.MatchRefunds(ctx, tx, dbsqlc.MatchRefundsParams{Provider: one.name, RunID: one.id})
		},
		func() error {
			return r.q.MatchLastRefunds(ctx, tx, dbsqlc.MatchLastRefundsParams{Provider: one.name, RunID: one.id})
		},
		func() error { return r.q.Unsee(ctx, tx, one.name) },
		func() error { _, err := tx.Exec(ctx, find, r.findArgs(one, at)); return err },
		func() error {
			return r.q.CloseUnseen(ctx, tx, dbsqlc.CloseUnseenParams{At: at, Provider: one.name})
		},
		func() error { return r.q.DropScope(ctx, tx, one.name) },
	)
	for n, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("compare, step %d: %w", n+1, err)
		}
	}
	return nil
}

func (r *Reconciler) findArgs(one *run, at time.Time) pgx.NamedArgs {
	rate, agreed := r.deps.Rates[one.name]
	if !agreed {
		rate.BasisPoints = -1
	}
	if rate.Fixed == nil {
		rate.Fixed = map[string]int64{} // which is {} as JSON, and not null
	}
	return pgx.NamedArgs{
		"provider": one.name,
		"run_id":   one.id,
		"day":      one.date,
		"begins":   one.begins,
		"ends":     one.ends,
		"since":    one.since,
		"until":    one.until,
		"at":       at,
		"rate":     rate.BasisPoints,
		"fixed":    rate.Fixed,
	}
}
