package insight_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"videomall/db"
	"videomall/mall/calendar"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/insight"
	"videomall/mall/locale"
	"videomall/mall/malltest"
)

func zone(m *malltest.Mall, name string) calendar.Zone {
	m.T.Helper()
	z, ok := calendar.Find(name)
	if !ok {
		m.T.Fatalf("no zone %s", name)
	}
	return z
}

// creators adds three creators in Shanghai, Kolkata and Berlin, each with a video, and returns the SKUs of their videos
// after one of the first creator, who stays in UTC.
func creators(m *malltest.Mall) (skus []int64) {
	m.T.Helper()
	skus = append(skus, m.Sells(990, -1))
	for n, name := range []string{"Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin"} {
		id, slug := int64(n+2), fmt.Sprint("creator-", n+2)
		m.OK(m.Catalog.CreateCreator(m.Ctx, catalog.NewCreator{
			UserID: id,
			Slug:   slug,
			Name:   locale.Text{Zh: "作者", En: "Creator"},
		}))
		m.OK(m.Insight.SetZone(m.Ctx, id, name))
		skus = append(skus, sells(m, id, slug+"-film", "CNY", 500))
	}
	return skus
}

// to advances the clock to a moment.
func to(m *malltest.Mall, at time.Time) {
	m.T.Helper()
	if by := at.Sub(m.Now()); by > 0 {
		m.Advance(by)
		return
	}
	m.T.Fatalf("%s is over", at)
}

// orders reads the number of a creator's orders on a day.
func orders(m *malltest.Mall, creatorID int64, day time.Time) int64 {
	m.T.Helper()
	r, err := m.Insight.Report(m.Ctx, creatorID, insight.Whole, insight.Range{From: day, To: day})
	m.OK(err)
	return r.Orders()
}

func TestInsight_PaidTx(t *testing.T) {
	t.Run("an order counts on each creator's own day", func(t *testing.T) {
		m := open(t)
		skus := creators(m)
		day := calendar.UTC.DayOf(m.Now()).AddDate(0, 0, 1)
		next := day.AddDate(0, 0, 1)
		to(m, day.Add(18*time.Hour+45*time.Minute)) // a quarter past midnight in Kolkata
		paid(m, 7, skus...)
		to(m, day.Add(23*time.Hour+30*time.Minute)) // by now the next day in Shanghai and Berlin
		paid(m, 8, skus...)
		m.Relayed()
		exact(m)
		for creator, want := range map[int64][2]int64{
			insight.Mall: {2, 0},
			1:            {2, 0},
			2:            {0, 2},
			3:            {0, 2},
			4:            {1, 1},
		} {
			if got := [2]int64{orders(m, creator, day), orders(m, creator, next)}; got != want {
				t.Errorf("creator %d has %v orders on the two days, want %v", creator, got, want)
			}
		}
		if drift, err := m.Insight.Reconcile(m.Ctx); err != nil || drift != 0 {
			t.Errorf("%d sums were corrected, %v", drift, err)
		}
		_, err := m.Insight.Rebuild(m.Ctx)
		m.OK(err)
		exact(m)
	})
	t.Run("a day may have 25 hours", func(t *testing.T) {
		m := open(t)
		skus := creators(m)
		berlin := zone(m, "Europe/Berlin")
		day := berlin.DayOf(m.Now()).AddDate(0, 0, 1)
		for berlin.Start(day.AddDate(0, 0, 1)).Sub(berlin.Start(day)) != 25*time.Hour {
			day = day.AddDate(0, 0, 1)
		}
		to(m, berlin.Start(day).Add(30*time.Minute))
		paid(m, 7, skus[3])
		to(m, berlin.Start(day).Add(24*time.Hour+30*time.Minute))
		paid(m, 8, skus[3])
		m.Relayed()
		exact(m)
		if n := orders(m, 4, day); n != 2 {
			t.Errorf("the long day has %d orders", n)
		}
		if drift, err := m.Insight.Reconcile(m.Ctx); err != nil || drift != 0 {
			t.Errorf("%d sums were corrected, %v", drift, err)
		}
	})
}

func TestInsight_Reconcile_in_several_zones(t *testing.T) {
	m := open(t)
	skus := creators(m)
	to(m, calendar.UTC.DayOf(m.Now()).AddDate(0, 0, 1).Add(23*time.Hour+30*time.Minute))
	paid(m, 7, skus...)
	m.Relayed()
	for _, creator := range []int64{insight.Mall, 1, 2, 3, 4} {
		_, err := m.Pool.Exec(m.Ctx, `update insight_day set gross = gross + 1 where spu_id = 0 and creator_id = $1`,
			creator)
		m.OK(err)
		if drift, err := m.Insight.Reconcile(m.Ctx); err != nil || drift != 1 {
			t.Errorf("creator %d: %d sums were mended, %v", creator, drift, err)
		}
		exact(m)
	}
	paid(m, 8, skus...)
	m.Relayed()
	exact(m)
}

func TestInsight_SetZone(t *testing.T) {
	total := func(m *malltest.Mall, creator int64) string {
		m.T.Helper()
		return malltest.Query[string](m, `select concat_ws(' ', sum(orders), sum(units), sum(gross), sum(refunds),
			sum(refunded)) from insight_day
			where creator_id = $1 and spu_id = 0`, creator)[0]
	}
	t.Run("sums all sales anew", func(t *testing.T) {
		m := open(t)
		skus := creators(m)
		for hour := 1; hour < 60; hour += 7 {
			m.Advance(7 * time.Hour)
			o := paid(m, int64(10+hour), skus...)
			if hour%2 == 0 {
				refunded(m, o, fmt.Sprint("back-", hour), o.Items[0].ID)
			}
		}
		m.Relayed()
		exact(m)
		before := total(m, 1)
		for _, name := range []string{"Pacific/Kiritimati", "Asia/Kathmandu", "Pacific/Pago_Pago", "UTC"} {
			m.OK(m.Insight.SetZone(m.Ctx, 1, name))
			exact(m)
			if after := total(m, 1); after != before {
				t.Errorf("in %s the creator sold %s, before %s", name, after, before)
			}
			if got, err := m.Insight.Zone(m.Ctx, 1); err != nil || got.Name() != name {
				t.Errorf("the zone is %s, %v", got.Name(), err)
			}
			if drift, err := m.Insight.Reconcile(m.Ctx); err != nil || drift != 0 {
				t.Errorf("in %s, %d sums were corrected, %v", name, drift, err)
			}
		}
	})
	t.Run("the present zone changes nothing", func(t *testing.T) {
		m := open(t)
		paid(m, 7, m.Sells(990, -1))
		m.OK(m.Insight.SetZone(m.Ctx, 1, "Asia/Shanghai"))
		const row = `select z::text from insight_zone z`
		first := malltest.Query[string](m, row)[0]
		m.Advance(time.Hour)
		m.OK(m.Insight.SetZone(m.Ctx, 1, "Asia/Shanghai"))
		if second := malltest.Query[string](m, row)[0]; second != first {
			t.Errorf("%s became %s", first, second)
		}
		exactly := total(m, 1)
		m.Relayed()
		if after := total(m, 1); after != exactly {
			t.Errorf("%s became %s", exactly, after)
		}
	})
	t.Run("an event that comes afterwards counts once for each creator", func(t *testing.T) {
		m := open(t)
		skus := creators(m)
		o := paid(m, 7, skus...)
		m.OK(m.Insight.SetZone(m.Ctx, 2, "America/New_York")) // only this creator's sums see the order
		m.Relayed()
		exact(m)
		refunded(m, o, "back")
		paid(m, 8, skus...)
		m.OK(m.Insight.SetZone(m.Ctx, 1, "Asia/Tokyo"))
		_, err := m.Pool.Exec(m.Ctx, `update outbox_delivery set state = 'pending' where subscriber = 'insight'`)
		m.OK(err)
		m.Relayed()
		exact(m)
	})
	t.Run("waits for whoever adds to the sums", func(t *testing.T) {
		m := open(t)
		sku := m.Sells(990, -1)
		o := paid(m, 7, sku)
		tx, err := m.Pool.Begin(m.Ctx)
		m.OK(err)
		defer func() { _ = tx.Rollback(m.Ctx) }()
		f := insight.Fact{
			At:       *o.PaidAt,
			BuyerID:  7,
			Currency: "CNY",
			Lines: []insight.FactLine{{
				CreatorID: 1,
				SPUID:     o.Items[0].SPUID,
				Units:     1,
				Amount:    990,
			}},
		}
		m.OK(m.Pool.QueryRow(m.Ctx, `select id, xid::text from outbox_event where type = 'order.paid'`).
			Scan(&f.EventID, &f.XID))
		m.OK(m.Insight.PaidTx(m.Ctx, tx, f)) // on the day of UTC
		changed := make(chan error, 1)
		go func() { changed <- m.Insight.SetZone(m.Ctx, 1, "Pacific/Kiritimati") }()
		const waits = `select count(*) from pg_locks join pg_database d on d.oid = database
			where d.datname = current_database() and relation = 'insight_mark'::regclass and not granted`
		for malltest.Query[int64](m, waits)[0] == 0 {
			select {
			case err := <-changed:
				t.Fatalf("the zone changed meanwhile: %v", err)
			default:
			}
		}
		m.OK(tx.Commit(m.Ctx))
		m.OK(<-changed)
		m.Relayed()
		exact(m)
	})
	t.Run("an unknown name changes nothing", func(t *testing.T) {
		m := open(t)
		m.OK(m.Insight.SetZone(m.Ctx, 1, "Asia/Tokyo"))
		for _, name := range []string{"", "Local", "Mars/Phobos", "../UTC", "utc", "Asia/Tokyo\x00", "\xff"} {
			err := m.Insight.SetZone(m.Ctx, 1, name)
			if !errors.Is(err, insight.ErrZoneUnknown) || fault.From(err).Fields["zone"] == "" {
				t.Errorf("%q: %v", name, err)
			}
		}
		if got, err := m.Insight.Zone(m.Ctx, 1); err != nil || got.Name() != "Asia/Tokyo" {
			t.Errorf("the zone is %s, %v", got.Name(), err)
		}
		if got, err := m.Insight.Zone(m.Ctx, 99); err != nil || got != calendar.UTC {
			t.Errorf("the zone of a creator who chose none is %s, %v", got.Name(), err)
		}
	})
	t.Run("while events come and days are summed anew", func(t *testing.T) {
		m := open(t)
		skus := creators(m)
		stop := make(chan struct{})
		var crowd sync.WaitGroup
		always := func(do func(n int) error) {
			crowd.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
						if err := do(n); err != nil && !db.IsRetryable(err) {
							t.Error(err)
						}
					}
				}
			})
		}
		always(func(int) error { _, err := m.Outbox.Relay(m.Ctx); return err })
		always(func(int) error { _, err := m.Insight.Rebuild(m.Ctx); return err })
		names := []string{"Asia/Shanghai", "Pacific/Kiritimati", "UTC"}
		always(func(n int) error { return m.Insight.SetZone(m.Ctx, int64(1+n%2), names[n/2%3]) })
		for n := range 15 {
			paid(m, int64(100+n), skus...)
			m.Advance(97 * time.Minute)
		}
		close(stop)
		crowd.Wait()
		m.Relayed()
		exact(m)
	})
}

func TestInsight_See_day_of_the_creators_zone(t *testing.T) {
	m := open(t)
	m.OK(m.Insight.SetZone(m.Ctx, 1, "Pacific/Kiritimati")) // 14 hours ahead
	one, _ := video(m)
	z := zone(m, "Pacific/Kiritimati")
	day := z.DayOf(m.Now()).AddDate(0, 0, 1)
	see := func(at time.Time) {
		m.T.Helper()
		to(m, at)
		m.Insight.See(insight.Visit{
			SPUID:   one,
			Visitor: "ann",
			Source:  insight.SourceDirect,
		})
		m.Insight.Played(insight.Sign{
			Session:  at.String(),
			UserID:   shopper,
			SPUID:    one,
			Position: 20,
			Duration: 1000,
		})
		m.OK(m.Insight.Flush(m.Ctx))
	}
	see(z.Start(day).Add(time.Hour))
	// The next UTC day, but the same day in the creator's zone.
	see(calendar.UTC.DayOf(m.Now()).AddDate(0, 0, 1).Add(time.Hour))
	see(z.Start(day.AddDate(0, 0, 1)).Add(time.Hour))
	for n, want := range []insight.Traffic{{
		Views:    2,
		Visitors: 1,
		Viewers:  1,
	}, {
		Views:    1,
		Visitors: 1,
		Viewers:  1,
	}} {
		at := day.AddDate(0, 0, n)
		r, err := m.Insight.Report(m.Ctx, 1, one, insight.Range{From: at, To: at})
		m.OK(err)
		if r.Traffic != want {
			t.Errorf("on %s there were %+v, want %+v", at, r.Traffic, want)
		}
	}
}
