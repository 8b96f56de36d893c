package order

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/order/internal/dbsqlc"
)

// When buyers are reminded of orders that they have not paid: of those with at least RemindWindow to pay, once half of
// it is over, if at least RemindLeft is left.
const (
	RemindWindow = 30 * time.Minute
	RemindLeft   = 5 * time.Minute
)

// Reminder is an order whose buyer is to be reminded.
type Reminder struct {
	OrderNo   string
	UserID    int64
	PayBefore time.Time
}

// RemindTx marks up to most orders whose buyers are to be reminded and returns them, each once.
func (s *Orders) RemindTx(ctx context.Context, tx pgx.Tx, most int) ([]Reminder, error) {
	now := s.deps.Now()
	rows, err := s.q.RemindWaiting(ctx, tx, dbsqlc.RemindWaitingParams{
		At:           &now,
		LeftAfter:    now.Add(RemindLeft),
		LeastSeconds: RemindWindow.Seconds(),
		MaxRows:      int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("orders to be reminded of: %w", err)
	}
	list := make([]Reminder, len(rows))
	for n, r := range rows {
		list[n] = Reminder(r)
	}
	return list, nil
}
