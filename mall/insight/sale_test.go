package insight_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/calendar"
	"videomall/mall/catalog"
	"videomall/mall/insight"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/order"
)

func TestInsight_Reconcile_random_history(t *testing.T) {
	m := open(t)
	m.OK(m.Catalog.CreateCreator(m.Ctx, catalog.NewCreator{
		UserID: 2,
		Slug:   "other",
		Name:   locale.Text{Zh: "另一位", En: "Other"},
	}))
	r := rand.New(rand.NewPCG(7, 11))
	videos := []int64{m.Sells(990, -1), m.Sells(0, -1), m.Sells(1990, 50)}
	dollars := []int64{sells(m, 2, "in-dollars", "USD", 500), sells(m, 1, "mine-in-dollars", "USD", 700)}
	both := sells(m, 1, "both", "CNY", 400)
	videos = append(videos, sells(m, 2, "theirs", "CNY", 300), both, both+1) // the last two are of one video
	var orders []order.Order
	for n := range 24 {
		list := videos
		if n%5 == 0 {
			list = dollars
		}
		picked := r.Perm(len(list))[:1+r.IntN(2)]
		var skus []int64
		for _, p := range picked {
			skus = append(skus, list[p])
		}
		orders = append(orders, paid(m, int64(100+n), skus...))
		switch r.IntN(4) {
		case 0:
			m.Advance(time.Duration(r.IntN(20)) * time.Hour)
		case 1:
			m.Relayed()
		}
		if o := orders[r.IntN(len(orders))]; r.IntN(2) == 0 {
			fresh, err := m.Orders.GetAny(m.Ctx, o.OrderNo)
			m.OK(err)
			item := fresh.Items[r.IntN(len(fresh.Items))]
			if item.RevokedAt == nil {
				refunded(m, o, fmt.Sprint("refund-", n), item.ID)
			}
		}
		if r.IntN(5) == 0 {
			zones := []string{"Asia/Shanghai", "Asia/Kolkata", "America/St_Johns", "UTC"}
			m.OK(m.Insight.SetZone(m.Ctx, int64(1+r.IntN(2)), zones[r.IntN(len(zones))]))
		}
		if r.IntN(6) == 0 {
			_, err := m.Insight.Reconcile(m.Ctx)
			m.OK(err)
		}
		if n == 12 {
			_, err := m.Insight.Rebuild(m.Ctx)
			m.OK(err)
		}
	}
	m.Relayed()
	exact(m)
	if drift, err := m.Insight.Reconcile(m.Ctx); err != nil || drift != 0 {
		t.Errorf("%d sums were mended at the end, %v", drift, err)
	}
	exact(m)
	m.Whole()
}

func TestInsight_PaidTx_same_event_twice(t *testing.T) {
	m := open(t)
	o := paid(m, 7, m.Sells(990, -1))
	refunded(m, o, "back")
	m.Relayed()
	exact(m)
	_, err := m.Pool.Exec(m.Ctx, `update outbox_delivery set state = 'pending' where subscriber = 'insight'`)
	m.OK(err)
	m.Relayed()
	exact(m)
}

func TestInsight_Rebuild_before_the_event_arrives(t *testing.T) {
	m := open(t)
	o := paid(m, 7, m.Sells(990, -1))
	_, err := m.Insight.Rebuild(m.Ctx)
	m.OK(err)
	exact(m)
	m.Relayed()
	exact(m)
	refunded(m, o, "back") // comes after the rebuild
	m.Relayed()
	exact(m)
}

func TestInsight_Report_refund_on_the_day_it_succeeds(t *testing.T) {
	m := open(t)
	o := paid(m, 7, m.Sells(990, -1))
	day := calendar.UTC.DayOf(*o.PaidAt)
	m.Advance(24 * time.Hour)
	refunded(m, o, "back")
	m.Relayed()
	exact(m)
	first, err := m.Insight.Report(m.Ctx, 1, insight.Whole, insight.Range{From: day, To: day})
	m.OK(err)
	second, err := m.Insight.Report(m.Ctx, 1, insight.Whole, insight.Range{
		From: day.AddDate(0, 0, 1),
		To:   day.AddDate(0, 0, 1),
	})
	m.OK(err)
	if got, want := first.In("CNY"), (insight.Sales{
		Orders: 1,
		Units:  1,
		Gross:  990,
	}); got != want {
		t.Errorf("on the day of the payment %+v", got)
	}
	if got, want := second.In("CNY"), (insight.Sales{Refunds: 1, Refunded: 990}); got != want {
		t.Errorf("on the day of the refund %+v", got)
	}
}

func TestInsight_Report_days_begin_at_midnight_utc(t *testing.T) {
	m := open(t)
	video := m.Sells(990, -1)
	midnight := calendar.UTC.DayOf(m.Now()).AddDate(0, 0, 1)
	m.Advance(midnight.Add(-30 * time.Second).Sub(m.Now())) // the clock goes on during the payment
	before := paid(m, 7, video)
	m.Advance(midnight.Add(time.Millisecond).Sub(m.Now()))
	after := paid(m, 8, video)
	if !before.PaidAt.Before(midnight) {
		t.Fatalf("paid at %s, want a time before %s", before.PaidAt, midnight)
	}
	m.Relayed()
	exact(m)
	for _, o := range []order.Order{before, after} {
		day := calendar.UTC.DayOf(*o.PaidAt)
		r, err := m.Insight.Report(m.Ctx, 1, insight.Whole, insight.Range{From: day, To: day})
		m.OK(err)
		if r.Orders() != 1 {
			t.Errorf("%s has %d orders", day, r.Orders())
		}
	}
}

func TestInsight_Reconcile_mends_and_counts_drift(t *testing.T) {
	m := open(t)
	video := m.Sells(990, -1)
	paid(m, 7, video)
	m.Relayed()
	_, err := m.Pool.Exec(m.Ctx, `update insight_day set gross = gross + 1 where spu_id = 0 and creator_id > 0`)
	m.OK(err)
	paid(m, 8, video) // its event is not delivered yet, which explains a difference of today
	if drift, err := m.Insight.Reconcile(m.Ctx); err != nil || drift != 0 {
		t.Errorf("%d sums were mended before an event was delivered, %v", drift, err)
	}
	m.Relayed()
	if drift, err := m.Insight.Reconcile(m.Ctx); err != nil || drift != 1 {
		t.Errorf("%d sums were corrected, %v", drift, err)
	}
	exact(m)
	paid(m, 9, video)
	m.Relayed()
	exact(m)
}

func TestInsight_Rebuild_while_events_arrive(t *testing.T) {
	m := open(t)
	video := m.Sells(990, -1)
	var crowd sync.WaitGroup
	stop := make(chan struct{})
	for range 2 { // two relays, as in two processes; below, an operator rebuilds all the time
		crowd.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := m.Outbox.Relay(m.Ctx); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	crowd.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := m.Insight.Rebuild(m.Ctx); err != nil && !db.IsRetryable(err) {
					t.Error(err)
				}
			}
		}
	})
	for n := range 20 {
		paid(m, int64(100+n), video)
	}
	close(stop)
	crowd.Wait()
	m.Relayed()
	exact(m)
}

func TestInsight_Videos_best_selling_first(t *testing.T) {
	m := open(t)
	_, err := m.Pool.Exec(m.Ctx, `insert into insight_day (day, creator_id, spu_id, currency, orders, units,
		gross) values
		('2026-03-01', 1, 0, 'CNY', 5, 5, 4950), ('2026-03-01', 1, 7, 'CNY', 1, 1, 990), ('2026-03-01', 1, 8, 'CNY', 2,
		2, 1980),
		('2026-03-02', 1, 8, 'CNY', 2, 2, 1980), ('2026-03-02', 1, 8, 'USD', 1, 1, 300), ('2026-04-01', 1, 7, 'CNY', 9,
		9, 9000),
		('2026-03-01', 2, 4, 'CNY', 9, 9, 9000)`)
	m.OK(err)
	_, err = m.Pool.Exec(m.Ctx, `insert into insight_traffic (creator_id, spu_id, day, views, visitors, viewers,
		watch_seconds) values
		(1, 0, '2026-03-01', 99, 99, 9, 9), (1, 8, '2026-03-01', 20, 10, 2, 60), (1, 8, '2026-03-03', 4, 3, 1, 30), (1,
		8, '2026-04-03', 4, 3, 1, 30),
		(1, 5, '2026-03-01', 50, 40, 0, 0), (1, 6, '2026-03-01', 60, 50, 0, 0), (2, 4, '2026-03-01', 99, 99, 0, 0)`)
	m.OK(err)
	r := insight.Range{
		From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		To:   time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC),
	}
	cny := insight.Sold{Currency: "CNY", Sales: insight.Sales{
		Orders: 4,
		Units:  4,
		Gross:  3960,
	}}
	one := insight.Sold{Currency: "CNY", Sales: insight.Sales{
		Orders: 1,
		Units:  1,
		Gross:  990,
	}}
	usd := insight.Sold{Currency: "USD", Sales: insight.Sales{
		Orders: 1,
		Units:  1,
		Gross:  300,
	}}
	worth, nothing := cny, insight.Sold{Currency: "CNY"} // dollars have no rate here
	worth.Orders, worth.Units = 5, 5
	all := []insight.VideoSums{
		{8, []insight.Sold{cny, usd}, worth, true, insight.Traffic{
			Views:        24,
			Visitors:     13,
			Viewers:      3,
			WatchSeconds: 90,
		}},
		{7, []insight.Sold{one}, one, false, insight.Traffic{}},
		{6, nil, nothing, false, insight.Traffic{Views: 60, Visitors: 50}},
		{5, nil, nothing, false, insight.Traffic{Views: 50, Visitors: 40}},
	}
	for most := range len(all) + 2 {
		got, err := m.Insight.Videos(m.Ctx, 1, r, most)
		m.OK(err)
		if diff := cmp.Diff(all[:min(most, len(all))], got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the first %d are (-want +got):\n%s", most, diff)
		}
	}
}

func TestInsight_Report_reads_no_orders(t *testing.T) {
	m := open(t)
	_, err := m.Pool.Exec(m.Ctx, `insert into insight_day (day, creator_id, spu_id, currency, orders, units, gross)
		select '2026-01-01'::date + d, 1 + c, s * (1 + c), 'CNY', 1, 1, 990
		from generate_series(0, 364) d, generate_series(0, 20) c, generate_series(0, 3) s;
		analyze insight_day`)
	m.OK(err)
	r := insight.Range{
		From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		To:   time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC),
	}
	for _, watched := range []string{"video_order", "video_order_item", "order_refund", "outbox_event"} {
		tx, err := m.Pool.Begin(m.Ctx)
		m.OK(err)
		defer func() { _ = tx.Rollback(m.Ctx) }()
		_, err = tx.Exec(m.Ctx, "lock table "+pgx.Identifier{watched}.Sanitize()+" in access exclusive mode")
		m.OK(err)
	}
	got, err := m.Insight.Report(m.Ctx, 1, insight.Whole, r) // would wait if it read one of the locked tables
	m.OK(err)
	if want := (insight.Sales{
		Orders: 31,
		Units:  31,
		Gross:  31 * 990,
	}); got.In("CNY") != want {
		t.Errorf("March had %+v", got.In("CNY"))
	}
	if _, err := m.Insight.Videos(m.Ctx, 1, r, 10); err != nil {
		t.Error(err)
	}
	if _, err := m.Insight.Sources(m.Ctx, 1, insight.Whole, r, got.Orders()); err != nil {
		t.Error(err)
	}
	if _, err := m.Insight.Retention(m.Ctx, 1, 1, r); err != nil {
		t.Error(err)
	}
	plan := malltest.Query[string](m,
		`explain select day, orders from insight_day where creator_id = 1 and spu_id = 0 and day between '2026-03-01' and '2026-03-31'`)
	if len(plan) == 0 || !contains(plan, "insight_day_video_idx") {
		t.Errorf("the plan of a report is %v", plan)
	}
}
