package order

import (
	"context"
	"fmt"

	"videomall/mall/order/internal/dbsqlc"
)

// Awaiting are the orders of a person that can still be paid.
type Awaiting struct {
	Orders int
	Newest string // the number of the newest of them; empty if there is none
}

// AwaitingPayment counts a person's orders that can still be paid.
func (s *Orders) AwaitingPayment(ctx context.Context, userID int64) (Awaiting, error) {
	row, err := s.q.AwaitingPayment(ctx, s.deps.Pool, dbsqlc.AwaitingPaymentParams{UserID: userID, At: s.deps.Now()})
	if err != nil {
		return Awaiting{}, fmt.Errorf("unpaid orders of user %d: %w", userID, err)
	}
	return Awaiting{Orders: int(row.Orders), Newest: row.Newest}, nil
}
