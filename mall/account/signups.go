package account

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/account/internal/dbsqlc"
)

// SignUpsByDay counts new accounts by day in UTC, from one midnight to another. A day without any is absent.
func (a *Accounts) SignUpsByDay(ctx context.Context, since, until time.Time) (map[time.Time]int64, error) {
	rows, err := a.q.SignUpsByDay(ctx, a.pool, dbsqlc.SignUpsByDayParams{Since: since, Until: until})
	if err != nil {
		return nil, fmt.Errorf("sign-ups from %s to %s: %w", since, until, err)
	}
	days := make(map[time.Time]int64, len(rows))
	for _, r := range rows {
		days[r.Day.UTC()] = r.Count
	}
	return days, nil
}
