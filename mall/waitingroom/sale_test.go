package waitingroom_test

import (
	"errors"
	"testing"
	"time"

	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/waitingroom"
)

// admission asks until an admission is as wanted, and returns it. Admissions are cached for a second.
func admission(m *malltest.Mall, name string, wanted func(waitingroom.Admission, error) bool) waitingroom.Admission {
	m.T.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		a, err := m.Admissions.Admission(m.Ctx, name)
		if wanted(a, err) {
			return a
		}
		if time.Now().After(deadline) {
			m.T.Fatalf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestSales_Admission_lasts_as_long_as_the_sale_sells(t *testing.T) {
	t.Parallel()
	m := malltest.Open(t, "")
	video := m.Sells(990, -1)
	by := promotion.Actor{UserID: 1, Operator: true}
	c, err := m.Promotions.Create(m.Ctx, by, promotion.Draft{
		Name:     locale.Text{Zh: "抢购", En: "Sale"},
		StartsAt: m.Now().Add(time.Hour),
		EndsAt:   m.Now().Add(2 * time.Hour),
		Items: []promotion.Item{{
			SKUID:   video,
			Amount:  money.Of(490, "CNY"),
			Units:   5,
			PerUser: 1,
		}},
	})
	m.OK(err)
	c, err = m.Promotions.Schedule(m.Ctx, by, c.ID, c.Version)
	m.OK(err)
	room := waitingroom.SaleRoom(c.ID)
	none := func(_ waitingroom.Admission, err error) bool { return errors.Is(err, waitingroom.ErrUnknown) }
	for _, name := range []string{
		"", "campaign:", "campaign:x", "campaign:0" + room[len("campaign:"):], "campaign:999",
		"sale:1",
	} {
		if _, err := m.Admissions.Admission(m.Ctx, name); !none(waitingroom.Admission{}, err) {
			t.Errorf("%q has an admission: %v", name, err)
		}
	}
	admission(m, room, none) // the sale has not begun
	m.Advance(61 * time.Minute)
	_, err = m.Promotions.Turn(m.Ctx)
	m.OK(err)
	open := func(a waitingroom.Admission, err error) bool { return err == nil && a.Ends.Equal(c.EndsAt) }
	if a := admission(m, room, open); a.Room != room || a.Slots < 1 {
		t.Errorf("%+v", a)
	}
	over := func(a waitingroom.Admission, err error) bool { return err == nil && a.Ends.Before(m.Now()) }
	stock := func(available, sold int) {
		_, err := m.Pool.Exec(m.Ctx, `update video_inventory set available = $2, sold = $3 where campaign_id = $1`,
			c.ID, available, sold)
		m.OK(err)
	}
	stock(0, 5)
	admission(m, room, over) // sold out
	stock(5, 0)
	admission(m, room, open)
	now, err := m.Promotions.Public(m.Ctx, c.ID)
	m.OK(err)
	m.OK(m.Promotions.Stop(m.Ctx, by, c.ID, now.Version))
	admission(m, room, over)
}
