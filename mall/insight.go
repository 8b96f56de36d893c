package mall

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/calendar"
	"videomall/mall/insight"
	"videomall/mall/subscriber"
)

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
			creators []int64,
		) ([]insight.Sums, error) {
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
			return m.Outbox.WaitingTx(ctx, tx, subscriber.Insight)
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
