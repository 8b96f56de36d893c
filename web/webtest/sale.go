package webtest

import (
	"time"

	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// operator is who makes the sales of tests; nothing asks whether the account exists.
var operator = promotion.Actor{UserID: 9, Operator: true}

// FlashSale begins a sale of some units of a SKU, one a person, which ends in an hour.
func (m *Mall) FlashSale(sku, amount int64, units int) promotion.Campaign {
	m.t.Helper()
	c := m.schedule("Rush", m.Now(), amount, units, sku)
	m.TurnSales(0)
	return c
}

// ScheduledSale is a sale that starts in an hour and lasts for one, at 4.90, one unit a person.
func (m *Mall) ScheduledSale(units int, skus ...int64) promotion.Campaign {
	m.t.Helper()
	return m.schedule("Midnight sale", m.Now().Add(time.Hour), 490, units, skus...)
}

func (m *Mall) schedule(name string, start time.Time, amount int64, units int, skus ...int64) promotion.Campaign {
	m.t.Helper()
	d := promotion.Draft{
		Name:     locale.Text{Zh: "午夜抢购", En: name},
		StartsAt: start,
		EndsAt:   start.Add(time.Hour),
	}
	for _, sku := range skus {
		d.Items = append(d.Items, promotion.Item{
			SKUID:   sku,
			Amount:  money.Of(amount, "CNY"),
			Units:   units,
			PerUser: 1,
		})
	}
	c, err := m.Promotions.Create(m.t.Context(), operator, d)
	m.must(err)
	c, err = m.Promotions.Schedule(m.t.Context(), operator, c.ID, c.Version)
	m.must(err)
	return c
}

// TurnSales lets time pass, and then the mall's tick begin and end sales.
func (m *Mall) TurnSales(by time.Duration) {
	m.t.Helper()
	m.Advance(by)
	_, err := m.Promotions.Turn(m.t.Context())
	m.must(err)
}

// SetSaleStock moves units of a campaign's row as orders do.
func (m *Mall) SetSaleStock(c promotion.Campaign, available, frozen, sold int) {
	m.t.Helper()
	_, err := m.Pool.Exec(m.t.Context(), `update video_inventory set available = $2, frozen = $3, sold = $4
		where campaign_id = $1`, c.ID, available, frozen, sold)
	m.must(err)
}
