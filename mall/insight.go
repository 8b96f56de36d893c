package mall

import (
	"context"
	"maps"
	"math/big"
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
		Values: m.values,
	})
}

// values says what sales are worth: those of a creator in the currency in which they settle, if it has a rate, others in
// the shop's own. A currency that shares of the creator were converted from in these days counts at the average of these conversions,
// any other at the rate that held when the last of the days ended, or holds now.
func (m *Mall) values(ctx context.Context, creatorID int64, r insight.Range) (insight.Values, error) {
	v, until := insight.Values{Currency: m.Exchange.Base()}, r.To.AddDate(0, 0, 1)
	table, err := m.Exchange.Table(ctx)
	if err != nil || len(table.Rated()) < 2 {
		return v, err
	}
	if until.Before(m.now()) {
		if table, err = m.Exchange.TableAt(ctx, m.pool, until); err != nil {
			return v, err
		}
	}
	booked := map[string]*big.Rat{}
	if creatorID != insight.Mall {
		settlement, err := m.Ledger.SettlementOf(ctx, creatorID)
		if err != nil {
			return v, err
		}
		if _, err := table.Factor(v.Currency, settlement.Currency); settlement.Currency != "" && err == nil {
			v.Currency = settlement.Currency
		}
		if booked, err = m.Ledger.ConvertedTo(ctx, creatorID, v.Currency, r.From, until); err != nil {
			return v, err
		}
	}
	v.Factors = map[string]*big.Rat{}
	for _, currency := range table.Rated() {
		if factor, err := table.Factor(currency, v.Currency); err == nil { // it has none if the rates are younger
			v.Factors[currency] = factor
		}
	}
	maps.Copy(v.Factors, booked)
	return v, nil
}
