package order

import (
	"context"
	"fmt"
	"strings"
	"time"

	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
)

// NumberLength is the length of an order number.
const NumberLength = 26

// minPrefix is the least number of characters that a search needs, since a year's orders share the first ones.
const minPrefix = 4

// Known is an order as a search finds it.
type Known struct {
	OrderNo   string
	UserID    int64
	Status    Status
	Total     money.Money
	CreatedAt time.Time
}

// Lookup finds at most most orders whose numbers begin with q, in any case, the newest first.
func (s *Orders) Lookup(ctx context.Context, q string, most int) ([]Known, error) {
	q = strings.ToUpper(strings.TrimSpace(q))
	if len(q) < minPrefix || len(q) > NumberLength || strings.Trim(q, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil, nil
	}
	rows, err := s.q.LookupOrders(ctx, s.deps.Pool, dbsqlc.LookupOrdersParams{Prefix: q, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("look orders up: %w", err)
	}
	found := make([]Known, len(rows))
	for n, r := range rows {
		found[n] = Known{r.OrderNo, r.UserID, Status(r.Status), money.Of(r.TotalAmount, r.Currency), r.CreatedAt}
	}
	return found, nil
}
