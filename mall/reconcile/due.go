package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"videomall/mall/reconcile/internal/dbsqlc"
)

// Queue is the queue of the runs. A statement may be long, and its provider slow.
const Queue = "reconcile"

// RunArgs is the job of one run. Key is empty for runs that are due by themselves, and that of the form for one that an
// operator asked for.
type RunArgs struct {
	Provider string `json:"provider"`
	Day      string `json:"day"` // 2026-03-20
	Key      string `json:"key,omitempty"`
}

// Kind names the job in the database.
func (RunArgs) Kind() string { return "reconcile" }

// lookBack is how many days back a day is compared by itself.
const lookBack = 7

// Due is a day of a provider whose statement was not compared yet.
type Due struct {
	Provider string
	Day      time.Time // the date
	Moved    bool      // whether we know of a movement of that day
}

// Due lists the days of the last week that are over and were not compared, each provider's oldest first.
func (r *Reconciler) Due(ctx context.Context) ([]Due, error) {
	var list []Due
	for _, name := range r.deps.Payments.Providers() {
		p, err := r.deps.Payments.Provider(name)
		if err != nil {
			return nil, err
		}
		today := dayOf(r.deps.Now(), p.Zone())
		since := today.AddDate(0, 0, -lookBack)
		finished, err := r.q.FinishedDays(ctx, r.deps.Pool, dbsqlc.FinishedDaysParams{Provider: name, Since: since})
		if err != nil {
			return nil, fmt.Errorf("days of %s: %w", name, err)
		}
		ask := dbsqlc.DaysWithMovementsParams{Provider: name}
		for day := since; day.Before(today); day = day.AddDate(0, 0, 1) {
			if slices.ContainsFunc(finished, day.Equal) {
				continue
			}
			begins := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, p.Zone())
			ask.Days, ask.Begins = append(ask.Days, day), append(ask.Begins, begins)
			ask.Ends = append(ask.Ends, begins.AddDate(0, 0, 1))
		}
		moved, err := r.q.DaysWithMovements(ctx, r.deps.Pool, ask)
		if err != nil {
			return nil, fmt.Errorf("movements of %s: %w", name, err)
		}
		for _, day := range ask.Days {
			list = append(list, Due{name, day, slices.ContainsFunc(moved, day.Equal)})
		}
	}
	return list, nil
}

// LastDay returns the latest day of a provider that is over. Errors: payment.ErrUnknownProvider.
func (r *Reconciler) LastDay(provider string) (time.Time, error) {
	p, err := r.deps.Payments.Provider(provider)
	if err != nil {
		return time.Time{}, err
	}
	today := dayOf(r.deps.Now(), p.Zone())
	return today.AddDate(0, 0, -1), nil
}
