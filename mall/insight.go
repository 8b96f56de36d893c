package mall

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/calendar"
	"videomall/mall/insight"
	"videomall/mall/order"
	"videomall/mall/outbox"
)

// insightName is the place of creators' sums in the stream of events.
const insightName = "insight"

// Insight opens the sums of creators over orders, events and the catalogue, which they know by these verbs only.
func Insight(m *Mall, pool *pgxpool.Pool, o Options) *insight.Insight {
	return insight.New(insight.Deps{
		Pool:    pool,
		Now:     o.Now,
		Log:     o.Log,
		Metrics: o.Metrics,
		Key:     o.InsightKey,
		Since:   m.Orders.FirstPaidTx,
		Facts: func(ctx context.Context, tx pgx.Tx, z calendar.Zone, from, to time.Time,
			creators []int64) ([]insight.Sums, error) {
			sales, err := m.Orders.SalesTx(ctx, tx, z.Starts(from, to), creators)
			sums := make([]insight.Sums, len(sales))
			for n, s := range sales {
				sums[n] = insight.Sums{
					Day:       from.AddDate(0, 0, s.Day),
					CreatorID: s.CreatorID,
					SPUID:     s.SPUID,
					Currency:  s.Currency,
					Sales: insight.Sales{
						Orders:   s.Orders,
						Units:    s.Units,
						Gross:    s.Gross,
						Refunds:  s.Refunds,
						Refunded: s.Refunded,
					},
				}
			}
			return sums, err
		},
		Waiting: func(ctx context.Context, tx pgx.Tx) (int64, error) {
			return m.Outbox.WaitingTx(ctx, tx, insightName)
		},
		CreatorsOf: func(ctx context.Context, spuIDs []int64) (map[int64]int64, error) {
			cards, err := m.Catalog.Cards(ctx, spuIDs)
			creators := make(map[int64]int64, len(cards))
			for _, c := range cards {
				creators[c.SPUID] = c.CreatorID
			}
			return creators, err
		},
	})
}

// sumSales hands what became of orders to the sums of their creators.
func (m *Mall) sumSales(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	var o order.Event
	if err := json.Unmarshal(e.Payload, &o); err != nil {
		return fmt.Errorf("read event %d: %w", e.ID, err)
	}
	f := insight.Fact{
		EventID:  e.ID,
		XID:      e.XID,
		BuyerID:  o.UserID,
		Currency: o.Total.Currency,
	}
	switch {
	case e.Type == "order.paid" && o.PaidAt != nil:
		f.At = *o.PaidAt
		for _, i := range o.Items {
			paid := i.Paid
			if paid.Currency == "" { // written before events said what was paid, when it was the amount
				paid = i.Amount
			}
			f.Lines = append(f.Lines, insight.FactLine{
				CreatorID: i.CreatorID,
				SPUID:     i.VideoID,
				Units:     int64(i.Quantity),
				Amount:    paid.Amount,
			})
		}
		return m.Insight.PaidTx(ctx, tx, f)
	case o.Refund != nil:
		f.At = o.Refund.SettledAt
		for _, i := range o.Refund.Items {
			f.Lines = append(f.Lines, insight.FactLine{
				CreatorID: i.CreatorID,
				SPUID:     i.VideoID,
				Amount:    i.Amount.Amount,
			})
		}
		return m.Insight.RefundedTx(ctx, tx, f)
	}
	return nil // written before events said what went back: the rows say it, and the days are held against them
}
