package inventory

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/inventory/internal/dbsqlc"
)

// Held is a reservation as it was made and ended: held, sold or released. CampaignID is 0 for the normal stock;
// SettledAt is nil while the units are held.
type Held struct {
	SKUID      int64
	CampaignID int64
	Qty        int
	State      string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	SettledAt  *time.Time
}

// OfOrder lists at most most reservations of an order, the oldest first.
func (i *Inventory) OfOrder(ctx context.Context, orderNo string, most int) ([]Held, error) {
	rows, err := i.q.ReservationsOf(ctx, i.pool, dbsqlc.ReservationsOfParams{OrderNo: orderNo, MaxRows: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("reservations of %s: %w", orderNo, err)
	}
	list := make([]Held, len(rows))
	for n, r := range rows {
		list[n] = Held{
			SKUID:      r.SkuID,
			CampaignID: r.CampaignID,
			Qty:        int(r.Qty),
			State:      r.State,
			CreatedAt:  r.CreatedAt,
			ExpiresAt:  r.ExpiresAt,
			SettledAt:  r.SettledAt,
		}
	}
	return list, nil
}
