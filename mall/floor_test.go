package mall_test

import (
	"errors"
	"testing"
	"time"

	"videomall/mall"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/risk"
)

// floor asks until a floor is as wanted, since it is remembered for a second, and returns it.
func floor(m *malltest.Mall, name string, wanted func(risk.Floor, error) bool) risk.Floor {
	m.T.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		f, err := m.Floor(m.Ctx, name)
		if wanted(f, err) {
			return f
		}
		if time.Now().After(deadline) {
			m.T.Fatalf("%s: %+v, %v", name, f, err)
		}
	}
}

func TestALineLeadsToASaleAsLongAsItSells(t *testing.T) {
	t.Parallel()
	m := malltest.Open(t, "")
	film := m.Sells(990, -1)
	by := promotion.Actor{UserID: 1, Operator: true}
	c, err := m.Promotions.Create(m.Ctx, by, promotion.Draft{
		NameZh:   "抢购",
		NameEn:   "Sale",
		StartsAt: m.Now().Add(time.Hour),
		EndsAt:   m.Now().Add(2 * time.Hour),
		Items: []promotion.Item{{
			SKUID:   film,
			Amount:  money.Of(490, "CNY"),
			Units:   5,
			PerUser: 1,
		}},
	})
	m.OK(err)
	c, err = m.Promotions.Schedule(m.Ctx, by, c.ID, c.Version)
	m.OK(err)
	line := mall.SaleLine(c.ID)
	none := func(_ risk.Floor, err error) bool { return errors.Is(err, risk.ErrNoQueue) }
	for _, name := range []string{"", "campaign:", "campaign:x", "campaign:0" + line[len("campaign:"):], "campaign:999",
		"sale:1"} {
		if _, err := m.Floor(m.Ctx, name); !none(risk.Floor{}, err) {
			t.Errorf("%q leads somewhere: %v", name, err)
		}
	}
	floor(m, line, none) // it has not begun
	m.Advance(61 * time.Minute)
	_, err = m.Promotions.Turn(m.Ctx)
	m.OK(err)
	open := func(f risk.Floor, err error) bool { return err == nil && f.Ends.Equal(c.EndsAt) }
	if f := floor(m, line, open); f.Name != line || f.Slots < 1 {
		t.Errorf("floor %+v", f)
	}
	over := func(f risk.Floor, err error) bool { return err == nil && f.Ends.Before(m.Now()) }
	stock := func(available, sold int) {
		_, err := m.Pool.Exec(m.Ctx, `update video_inventory set available = $2, sold = $3 where campaign_id = $1`,
			c.ID, available, sold)
		m.OK(err)
	}
	stock(0, 5)
	floor(m, line, over) // sold out
	stock(5, 0)
	floor(m, line, open)
	now, err := m.Promotions.Public(m.Ctx, c.ID)
	m.OK(err)
	m.OK(m.Promotions.Stop(m.Ctx, by, c.ID, now.Version))
	floor(m, line, over)
}
