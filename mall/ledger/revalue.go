package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/calendar"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// Revalue values the account Position at the end of the last day of a zone that is over, by the rates of then, and books
// what it is worth in the base currency to Result, once for each day: the position is then worth nothing, and Result has
// what the mall gained or lost. If days were missed, the first one after them has all of their difference. A day without
// a difference has no posting.
func (l *Ledger) Revalue(ctx context.Context, z calendar.Zone) error {
	if l.deps.Exchange == nil {
		return nil
	}
	today := z.DayOf(l.now())
	at := z.Start(today).Add(-time.Microsecond) // the last moment of the day before, by the clock of the database
	day := today.AddDate(0, 0, -1).Format(time.DateOnly)
	err := db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error { return l.revalueTx(ctx, tx, day, at) })
	if err != nil {
		return fmt.Errorf("revalue %s: %w", day, err)
	}
	return nil
}

func (l *Ledger) revalueTx(ctx context.Context, tx pgx.Tx, day string, at time.Time) error {
	done, err := l.q.HasPosting(ctx, tx, dbsqlc.HasPostingParams{Kind: KindRevaluation, Reference: day})
	if err != nil || done {
		return err
	}
	rows, err := l.q.PositionBefore(ctx, tx, dbsqlc.PositionBeforeParams{
		Account: Position,
		Until:   at.Add(time.Microsecond),
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	table, err := l.deps.Exchange.TableAt(ctx, tx, at)
	if err != nil {
		return err
	}
	sums := make([]money.Money, len(rows))
	for n, r := range rows {
		sums[n] = money.Of(r.Amount, r.Currency)
	}
	worth, err := table.Total(sums, table.Base())
	if err != nil || worth.IsZero() {
		return err
	}
	_, err = l.postTx(ctx, tx, move(KindRevaluation, day, Position, Result, worth), at)
	return err
}

// Revaluation is what a day's revaluation booked, in the base currency: above zero a gain.
type Revaluation struct {
	Day    string // 2026-11-30
	Gained money.Money
}

// Revaluations lists the last revaluations, at most most, the latest first.
func (l *Ledger) Revaluations(ctx context.Context, most int) ([]Revaluation, error) {
	rows, err := l.q.RecentRevaluations(ctx, l.deps.Pool, dbsqlc.RecentRevaluationsParams{
		Account: Result,
		Most:    int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("recent revaluations: %w", err)
	}
	list := make([]Revaluation, len(rows))
	for n, r := range rows {
		list[n] = Revaluation{r.Reference, money.Of(-r.Amount, r.Currency)}
	}
	return list, nil
}
