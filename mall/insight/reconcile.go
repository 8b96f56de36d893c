package insight

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/calendar"
	"videomall/mall/insight/internal/dbsqlc"
)

// settling is how long after the end of a day its events may still arrive. A difference from the orders after that is a
// mistake.
const settling = 10 * time.Minute

// reconciled is the number of days that Reconcile compares, including today.
const reconciled = 3

// Reconcile compares the sums of the last days of each zone with the orders, corrects those that differ, and returns
// their number. It leaves out a day that may still get events as long as some are not delivered yet, since these
// explain a difference.
func (s *Insight) Reconcile(ctx context.Context) (drift int, err error) {
	zones, err := s.zones(ctx, s.deps.Pool)
	if err != nil {
		return 0, err
	}
	for _, z := range zones {
		today := z.DayOf(s.deps.Now())
		for n := range reconciled {
			differed, err := s.sumDay(ctx, z, today.AddDate(0, 0, -n), false)
			if err != nil {
				return drift, err
			}
			drift += differed
		}
	}
	s.deps.Metrics.InsightDrift(drift)
	if drift > 0 {
		s.deps.Log.WarnContext(ctx, "sums differed from the rows of orders and were mended", "sums", drift)
	}
	return drift, nil
}

// Rebuild sums every day of every zone anew from the orders, for a mall with sales from before there were sums, and for
// an operator who doubts the sums. It may run while the mall sells, and may be repeated. It returns the number of UTC
// days.
func (s *Insight) Rebuild(ctx context.Context) (days int, err error) {
	var since *time.Time
	err = pgx.BeginFunc(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		since, err = s.deps.Since(ctx, tx)
		return err
	})
	if err != nil || since == nil {
		return 0, err
	}
	zones, err := s.zones(ctx, s.deps.Pool)
	if err != nil {
		return 0, err
	}
	for _, z := range zones {
		for day := z.DayOf(*since); !day.After(z.DayOf(s.deps.Now())); day = day.AddDate(0, 0, 1) {
			if _, err := s.sumDay(ctx, z, day, true); err != nil {
				return days, err
			}
			if z == calendar.UTC {
				days++
			}
		}
	}
	return days, nil
}

// sumDay replaces the sums of a zone's day by those of the orders, if they differ or if always is set, and returns how
// many differed. It also stores which transactions it saw, so that an event of one of them that arrives later is not
// counted again.
func (s *Insight) sumDay(ctx context.Context, z calendar.Zone, day time.Time, always bool) (differed int, err error) {
	err = pgx.BeginTxFunc(ctx, s.deps.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		if err := lockTx(ctx, tx); err != nil { // must come before the first query
			return err
		}
		facts, err := s.factsTx(ctx, tx, z, Range{day, day})
		if err != nil {
			return err
		}
		kept, err := s.sumsTx(ctx, tx, z, day)
		if err != nil {
			return err
		}
		differed = difference(facts, kept)
		if !always {
			if differed == 0 {
				return nil
			}
			if fresh := s.deps.Now().Before(z.Start(day.AddDate(0, 0, 1)).Add(settling)); fresh {
				waiting, err := s.deps.Waiting(ctx, tx)
				if err != nil {
					return err
				}
				if waiting != 0 {
					differed = 0
					return nil
				}
			}
		}
		return s.replaceTx(ctx, tx, z, Range{day, day}, facts)
	})
	if err != nil {
		return 0, fmt.Errorf("sum %s of %s: %w", day.Format(time.DateOnly), z.Name(), err)
	}
	return differed, nil
}

// replaceTx replaces the sums of a zone's days by facts, which the caller's transaction has just read.
func (s *Insight) replaceTx(ctx context.Context, tx pgx.Tx, z calendar.Zone, r Range, facts []Sums) error {
	for day := r.From; !day.After(r.To); day = day.AddDate(0, 0, 1) {
		if err := s.q.DropDay(ctx, tx, dbsqlc.DropDayParams{Day: day, Zone: z.Name()}); err != nil {
			return err
		}
		if err := s.q.MarkDay(ctx, tx, dbsqlc.MarkDayParams{
			Zone: z.Name(),
			Day:  day,
			At:   s.deps.Now(),
		}); err != nil {
			return err
		}
	}
	return s.writeTx(ctx, tx, facts)
}

func (s *Insight) sumsTx(ctx context.Context, tx pgx.Tx, z calendar.Zone, day time.Time) ([]Sums, error) {
	rows, err := s.q.SumsOfDay(ctx, tx, dbsqlc.SumsOfDayParams{Day: day, Zone: z.Name()})
	if err != nil {
		return nil, err
	}
	sums := make([]Sums, len(rows))
	for n, r := range rows {
		sums[n] = Sums{
			Day:       r.Day,
			CreatorID: r.CreatorID,
			SPUID:     r.SpuID,
			Currency:  r.Currency,
			Sales:     Sales{r.Orders, r.Units, r.Gross, r.Refunds, r.Refunded},
		}
	}
	return sums, nil
}

// difference returns the number of sums that differ, or that only one of the sides has.
func difference(a, b []Sums) (n int) {
	type key struct {
		creator, spu int64
		currency     string
	}
	left := make(map[key]Sales, len(a))
	for _, v := range a {
		left[key{v.CreatorID, v.SPUID, v.Currency}] = v.Sales
	}
	for _, v := range b {
		k := key{v.CreatorID, v.SPUID, v.Currency}
		if left[k] != v.Sales {
			n++
		}
		delete(left, k)
	}
	return n + len(left)
}
