package demo_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/demo"
	"videomall/mall/calendar"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/insight"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/test/invariant"
)

func seeded(t *testing.T) *malltest.Mall {
	t.Helper()
	m := malltest.Open(t, "")
	m.OK(demo.Seed(m.Ctx, m.Pool, m.Mall, videos, m.Log))
	return m
}

// counters are numbers that pages show. Each query selects, as one text column, the rows whose number differs from what
// it counts.
var counters = []struct{ shown, differs string }{
	{
		"copies sold, on cards and product pages",
		`select format('%s: %s shown, %s sold', s.slug, s.sold_count, coalesce(i.n, 0)) from video_product_spu s
		 left join (select i.spu_id, sum(i.quantity) as n from video_order_item i join video_order o using (order_no)
		   where o.status in ('PAID', 'DELIVERED') group by 1) i on i.spu_id = s.id
		 where s.sold_count <> coalesce(i.n, 0)`,
	},
	{
		"ratings, on cards and product pages",
		`select format('%s: %s of %s shown, %s of %s written', s.slug, s.rating_sum, s.rating_count, r.sum, r.n)
			from video_product_spu s
		 cross join lateral (select count(*) as n, coalesce(sum(rating), 0) as sum,
		array[count(*) filter (where rating = 1),
		     count(*) filter (where rating = 2), count(*) filter (where rating = 3), count(*) filter (where rating = 4),
		     count(*) filter (where rating = 5)] as each
		   from catalog_review where spu_id = s.id and refunded_at is null) r
		 where (s.rating_count, s.rating_sum, s.rating_counts) is distinct from (r.n, r.sum, r.each)`,
	},
	{
		"a review is by somebody who had bought the film by then",
		`select format('review %s of %s by %s', r.id, r.spu_id, r.user_id) from catalog_review r
		 where not exists (select from video_entitlement e join account_user u on u.id = e.user_id
		   where e.user_id = r.user_id and e.spu_id = r.spu_id and e.granted_at < r.created_at and e.state = 'active')`,
	},
	{
		"how high a search ranks what sells",
		`select format('%s: popularity %s of %s sold', s.slug, d.popularity, s.sold_count) from search_document d
		 join video_product_spu s on s.id = d.spu_id where abs(d.popularity - (1 + 0.15 * ln(1 + s.sold_count))) > 0.01`,
	},
	{
		"customers of creators",
		`with counted as (
		   select i.creator_id, o.user_id, o.currency, count(distinct o.order_no) as orders,
		sum(i.amount - i.discount_amount) as spent,
		     sum(i.refunded_amount) as refunded
		   from video_order o join video_order_item i using (order_no) where o.paid_at is not null group by 1, 2, 3)
		 select format('customer %s of %s', user_id, creator_id) from counted full
		join order_customer c using (creator_id, user_id, currency)
		 where (counted.orders, counted.spent, counted.refunded) is distinct from (c.orders, c.spent, c.refunded)`,
	},
	{
		"views are those of all sources",
		`select format('%s %s: %s views, %s by source', t.day, t.spu_id, t.views, a.n) from insight_traffic t
			cross join lateral (
		   select coalesce(sum(views), 0) as n from insight_arrival a
		where (a.creator_id, a.day, a.spu_id) = (t.creator_id, t.day, t.spu_id)) a
		 where t.views <> a.n or t.visitors > t.views`,
	},
	{
		"a creator's traffic is that of the videos",
		`select format('%s %s', creator_id, day) from insight_traffic group by creator_id, day
		 having sum(views) filter (where spu_id = 0) is distinct from sum(views) filter (where spu_id > 0)
		     or sum(watch_seconds) filter (where spu_id = 0) is distinct
		from sum(watch_seconds) filter (where spu_id > 0)`,
	},
	{
		"no more orders came from somewhere than there were",
		`select format('%s %s %s', b.creator_id, b.day, b.spu_id) from (
		   select creator_id, day, spu_id, sum(orders) as n from insight_buyer group by 1, 2, 3) b
		 left join (select creator_id, day, spu_id, sum(orders) as orders from insight_day group by 1, 2, 3) d
		using (creator_id, day, spu_id) where b.n > coalesce(d.orders, 0)`,
	},
	{
		"whoever bought came by",
		`select format('%s %s %s', d.creator_id, d.day, d.spu_id) from (
			select creator_id, day, spu_id, sum(orders) as orders from insight_day group by 1, 2, 3) d
			left join insight_traffic t using (creator_id, day, spu_id)
		 where d.creator_id > 0 and d.orders > coalesce(t.visitors, 0)`,
	},
	{
		"the mall's sums are those of the orders, each counted once",
		`select format('%s: %s orders over %s shown, %s over %s paid', d.day, d.orders, d.gross, o.n, o.sum)
			from insight_day d
		 full join (select (paid_at at time zone 'UTC')::date as day, currency, count(*) as n, sum(total_amount) as sum
		   from video_order where paid_at is not null group by 1, 2) o using (day, currency)
		 where coalesce(d.creator_id, 0) = 0 and (coalesce(d.orders, 0), coalesce(d.gross, 0)) <> (coalesce(o.n, 0),
		coalesce(o.sum, 0))`,
	},
	{
		"plays are by those who may watch, and curves fall",
		`select format('%s: %s plays of %s granted', r.spu_id, r.plays, e.n) from (
		   select spu_id, sum(plays) as plays from insight_retention group by 1) r
		 cross join lateral (select count(*) as n from video_entitlement where spu_id = r.spu_id) e where r.plays > e.n
		 union all
		 select format('%s %s', spu_id, day) from insight_retention
		 where reached[1] <> plays or exists (select from generate_series(2, 100) n where reached[n] > reached[n - 1])`,
	},
	{
		"nothing lies in the future",
		`select 'order ' || order_no from video_order
			where greatest(created_at, paid_at, delivered_at, closed_at, refunded_at) > now()
		 union all select 'review ' || id from catalog_review where created_at > now()
		 union all select 'posting ' || reference from ledger_posting where at > now()`,
	},
	{
		"nobody bought before having an account, nor before it was on sale",
		`select 'order ' || o.order_no from video_order o join account_user u on u.id = o.user_id
			where o.created_at < u.created_at
		   and u.email not like '%@example.test'
		 union all select 'item ' || i.id from video_order_item i join video_order o using (order_no)
		join video_product_spu s on s.id = i.spu_id
		 where o.created_at < s.published_at`,
	},
}

func broken(t *testing.T, m *malltest.Mall) {
	t.Helper()
	for _, c := range counters {
		rows, err := m.Pool.Query(m.Ctx, c.differs)
		m.OK(err)
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		m.OK(err)
		for _, row := range list {
			t.Errorf("%s: %s", c.shown, row)
		}
	}
}

func TestSeed(t *testing.T) {
	t.Parallel()
	m := seeded(t)

	t.Run("the promises hold", func(t *testing.T) { invariant.Check(t, m.Pool, true) })
	t.Run("each counter shows what it counts", func(t *testing.T) { broken(t, m) })
	t.Run("the sums are those of the rows", func(t *testing.T) {
		before := rowsOf(t, m, "insight_day")
		days, err := m.Insight.Rebuild(m.Ctx)
		if err != nil || days < 85 {
			t.Fatalf("%d days, %v", days, err)
		}
		if after := rowsOf(t, m, "insight_day"); after != before {
			t.Errorf("rebuilding changed the sums: %s, then %s", before, after)
		}
	})
	t.Run("there is something of everything", func(t *testing.T) {
		for table, least := range map[string]int{
			"video_order where status = 'DELIVERED'":        400,
			"video_order where status = 'REFUNDED'":         8,
			"video_order where status = 'CLOSED'":           20,
			"promotion_coupon where used > 2":               2,
			"promotion_bundle":                              1,
			"promotion_campaign where status='running'":     1,
			"promotion_campaign where status='scheduled'":   1,
			"order_case where closed_at is null":            2,
			"outbox_delivery where state = 'dead'":          1,
			"review_case where state in ('open', 'second')": 3,
			"review_appeal where state = 'open'":            1,
			"review_takedown":                               1,
			"ledger_payout where state = 'paid'":            2,
			"ledger_payout where state = 'requested'":       1,
			"catalog_review where reply = ''":               30,
			"catalog_review where reply <> ''":              1,
			"catalog_series":                                2,
			"sku_price where valid_from > now()":            1,
			"webhook_attempt":                               1,
			"risk_entry":                                    1,
			"audit_entry":                                   20,
			"insight_retention":                             100,
		} {
			var n int
			m.OK(m.Pool.QueryRow(m.Ctx, "select count(*) from "+table).Scan(&n))
			if n < least {
				t.Errorf("%d rows of %s, want %d", n, table, least)
			}
		}
		u, err := m.Accounts.ByEmail(m.Ctx, "creator@example.test")
		m.OK(err)
		r, err := m.Insight.Report(m.Ctx, u.ID, insight.Whole, insight.Last(90, calendar.UTC.DayOf(m.Now())))
		if err != nil || r.Orders() < 60 || len(r.Days) < 80 {
			t.Errorf("the demo's creator has %d orders on %d days, %v", r.Orders(), len(r.Days), err)
		}
	})
	t.Run("the audit log is whole", func(t *testing.T) {
		if s, err := m.Audit.Verify(m.Ctx); err != nil || !s.Whole() {
			t.Errorf("%+v, %v", s, err)
		}
	})
	t.Run("prices in other currencies", func(t *testing.T) {
		table, err := m.Exchange.Table(m.Ctx)
		if err != nil || fmt.Sprint(table.Offered()) != "[CNY EUR JPY USD]" {
			t.Fatalf("offered %v, %v", table.Offered(), err)
		}
		for _, want := range []money.Money{money.Of(100, "EUR"), money.Of(220, "JPY"), money.Of(150, "USD")} {
			if got, err := table.Price(money.Of(990, "CNY"), want.Currency); err != nil || got != want {
				t.Errorf("9.90 is %s, %v, want %s", got, err, want)
			}
		}
		published, err := m.Catalog.PublishedPrices(m.Ctx)
		if err != nil || len(published) < 5 {
			t.Fatalf("published: %v, %v", published, err)
		}
		for _, amount := range malltest.Query[int64](m, "select amount from promotion_campaign_item") {
			published = append(published, catalog.PublishedPrice{Price: money.Of(amount, "CNY")})
		}
		least := map[string]int64{"EUR": 50, "JPY": 50, "USD": 50} // at Stripe
		for _, p := range published {
			for _, code := range table.Offered() {
				if got, err := table.Price(p.Price, code); err != nil || got.Amount < least[code] {
					t.Errorf("%s becomes %s, %v", p.Price, got, err)
				}
			}
		}
	})
	t.Run("shares of what was sold in dollars are converted", func(t *testing.T) {
		var orders, shares int
		var creators []int64
		m.OK(m.Pool.QueryRow(m.Ctx, `select count(*) from video_order where currency = 'USD' and status = 'DELIVERED'`).
			Scan(&orders))
		m.OK(m.Pool.QueryRow(m.Ctx, `select count(*), array_agg(distinct creator_id) from ledger_earning
			where currency = 'USD' and settled_currency = 'CNY' and settled_rate between 7.18 and 7.19`).Scan(&shares, &creators))
		// They cleared at the rate of then, 1/0.1392, not at the one of now, 1/0.1411.
		if orders < 5 || shares < 3 || len(creators) != 1 {
			t.Errorf("%d orders, %d converted shares of the creators %v", orders, shares, creators)
		}
		var others int
		m.OK(m.Pool.QueryRow(m.Ctx, `select count(*) from ledger_earning where currency <> 'USD' and settled_currency is not null`).
			Scan(&others))
		if others != 0 {
			t.Errorf("%d shares of other sales are converted", others)
		}
	})
	t.Run("a second time changes nothing, and needs no videos", func(t *testing.T) {
		before := everything(t, m)
		m.OK(demo.Seed(m.Ctx, m.Pool, m.Mall, demo.OpenVideos(t.TempDir()), m.Log))
		after := everything(t, m)
		for _, table := range slices.Sorted(maps.Keys(before)) {
			if before[table] != after[table] {
				t.Errorf("%s changed", table)
			}
		}
	})
}

func TestSeed_again(t *testing.T) {
	t.Parallel()
	a, b := seeded(t), seeded(t)
	const sums = `select concat_ws(' ', count(*), sum(total_amount), count(distinct user_id), max(paid_at)::date)
		from video_order
		where created_at < date_trunc('day', now(), 'UTC') - interval '7 days'`
	var first, second string
	a.OK(a.Pool.QueryRow(a.Ctx, sums).Scan(&first))
	b.OK(b.Pool.QueryRow(b.Ctx, sums).Scan(&second))
	if first != second {
		t.Errorf("%s, then %s", first, second)
	}
}

// Somebody has set up other currencies than the demo's, or the first start was killed before it wrote their rates.
func TestSeed_without_a_rate_of_the_dollar(t *testing.T) {
	t.Parallel()
	for name, codes := range map[string][]string{"only euros": {"EUR"}, "no rates": {"EUR", "JPY", "USD"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := malltest.Open(t, "")
			for _, code := range codes {
				m.OK(m.Exchange.SaveCurrency(m.Ctx, 1, exchange.Currency{Code: code, Step: 50, Offered: true}))
			}
			if len(codes) == 1 {
				m.OK(m.Exchange.AddRate(m.Ctx, exchange.NewRate{
					Currency:  "EUR",
					Rate:      "0.12",
					Source:    "ECB",
					Confirmed: true,
					ActorID:   1,
				}))
			}
			m.OK(demo.Seed(m.Ctx, m.Pool, m.Mall, videos, m.Log))
			sold := malltest.Query[string](m, "select distinct currency from video_order where status = 'DELIVERED'")
			if !slices.Equal(sold, []string{"CNY"}) {
				t.Errorf("sold in %q", sold)
			}
			invariant.Check(t, m.Pool, true)
		})
	}
}

// everything returns a hash of each table's rows.
func everything(t *testing.T, m *malltest.Mall) map[string]string {
	t.Helper()
	rows, err := m.Pool.Query(context.Background(), `select table_name from information_schema.tables
		where table_schema = 'public' and table_type = 'BASE TABLE'`)
	m.OK(err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	m.OK(err)
	hashes := map[string]string{}
	for _, name := range names {
		hashes[name] = rowsOf(t, m, name)
	}
	return hashes
}

func rowsOf(t *testing.T, m *malltest.Mall, table string) (hash string) {
	t.Helper()
	m.OK(m.Pool.QueryRow(m.Ctx,
		"select concat(count(*), ' ', md5(string_agg(r::text, ',' order by r::text))) from "+table+" r").Scan(&hash))
	return hash
}
