package overview_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/calendar"
	"videomall/mall/insight"
	"videomall/web/studio/overview"
	"videomall/web/webtest"
)

// desk is a mall with the creator of its videos and another creator.
type desk struct {
	*webtest.Mall
	t              *testing.T
	creator, other account.User
	today          time.Time
}

func open(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{t: t}
	d.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		sums := insight.New(insight.Deps{
			Pool:   m.Pool,
			Now:    m.Now,
			Log:    slog.New(slog.DiscardHandler),
			Key:    make([]byte, 32),
			Since:  func(context.Context, pgx.Tx) (*time.Time, error) { return nil, nil },
			Values: m.Values,
		})
		overview.Routes(g, overview.Deps{
			Site:    m.Site,
			Insight: sums,
			Catalog: m.Catalog,
			Lines:   m.Orders.SoldLines,
		})
	}})
	d.creator, d.other = d.Person("creator", account.RoleCreator), d.Person("other", account.RoleCreator)
	if d.creator.ID != 1 {
		t.Fatalf("account of the creator: got %d, want 1", d.creator.ID)
	}
	d.today = calendar.UTC.DayOf(d.Now())
	return d
}

// sums writes the figures of a video, or of the creator if spu is 0, for a day in the past.
func (d *desk) sums(ago int, spu int64, currency string, orders, gross, refunds, refunded int64) {
	d.t.Helper()
	_, err := d.Pool.Exec(d.t.Context(), `insert into insight_day (day, creator_id, spu_id, currency, orders, units,
		gross, refunds, refunded)
		values ($1, 1, $2, $3, $4, $4, $5, $6, $7)`, d.today.AddDate(0, 0, -ago), spu, currency, orders, gross, refunds,
		refunded)
	d.ok(err)
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) spu(sku int64) int64 {
	d.t.Helper()
	return webtest.Query[int64](d.Mall, `select spu_id from video_product_sku where id = $1`, sku)[0]
}

func TestOverview_numbers(t *testing.T) {
	d := open(t)
	b := d.Browser(d.creator.ID)
	holds := func(a webtest.Answer, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !a.Has(part) {
				t.Errorf("page lacks %s: %s", part, a.Body)
			}
		}
	}
	b.Get("/studio").Wants(200).Shows("Nothing to show for these days", "7 days")
	video := d.spu(d.Video(990, -1))
	d.sums(0, 0, "CNY", 3, 2970, 1, 990)
	d.sums(0, video, "CNY", 3, 2970, 1, 990)
	d.sums(1, 0, "USD", 1, 500, 0, 0)
	d.sums(8, 0, "CNY", 2, 1980, 0, 0)
	_, err := d.Pool.Exec(t.Context(), `insert into insight_traffic (creator_id, spu_id, day, views, visitors, viewers,
		watch_seconds)
		values (1, 0, $1, 90, 40, 5, 7200), (1, $2, $1, 90, 40, 5, 7200)`, d.today, video)
	d.ok(err)
	_, err = d.Pool.Exec(t.Context(), `insert into insight_arrival (creator_id, day, spu_id, source, views)
		values (1, $1, 0, 'friend.example', 90)`, d.today)
	d.ok(err)
	b.Get("/studio").Wants(200).
		Shows("Revenue in CNY", "CN¥29.70", "Revenue in USD", "$5.00", "+50%", "10%", "Refunded in CNY", "2.0 h",
			"Film 1",
			"friend.example", "Not known", "Show as a table")
	holds(b.Get("/studio"), fmt.Sprintf("/studio/insight/%d?period=week", video), "<polyline", "what=days")
	if a := b.HTMX("/studio?period=month", nil).Wants(200); strings.Contains(a.Body, "<html") ||
		!strings.Contains(a.Body, `id="overview"`) {
		t.Error("answer to htmx is not the fragment")
	}
	b.Get(fmt.Sprintf("/studio/insight/%d?period=day", video)).Wants(200).
		Shows("Film 1", "CN¥29.70", "Nobody has played this video")
	holds(b.Get(fmt.Sprintf("/studio/insight/%d?period=day", video)), "what=retention")
	b.Lang = "zh-CN"
	b.Get("/studio").Wants(200).Shows("收入（CNY）", "¥29.70", "观众来源")
}

func TestOverview_invalid_period(t *testing.T) {
	d := open(t)
	b := d.Browser(d.creator.ID)
	tomorrow := d.today.AddDate(0, 0, 1).Format(time.DateOnly)
	for query, says := range map[string]string{
		"period=own&from=2025-02-30&to=2025-03-01":  "Choose a day.",
		"period=own&from=2025-03-02&to=2025-03-01":  "before the first day",
		"period=own&from=2023-03-02&to=2025-03-01":  "At most 366 days",
		"period=own&from=2025-12-02&to=" + tomorrow: "has not come yet",
	} {
		b.Get("/studio?" + query).Wants(422).Shows(says)
	}
	b.Get("/studio?period=nonsense").Wants(200)
	if a := b.Get("/studio?period=own&from=2025-11-01&to=2025-11-30"); !a.Has(`value="2025-11-01"`) {
		t.Error("form lost the first day")
	}
	b.Get("/studio?period=own&from=2025-11-01&to=2025-11-30").Wants(200).
		Shows("Nov 1, 2025 – Nov 30, 2025", "Oct 2, 2025 – Oct 31, 2025")
}

func TestOverview_access(t *testing.T) {
	d := open(t)
	video := d.spu(d.Video(990, -1))
	d.sums(0, 0, "CNY", 3, 2970, 0, 0)
	d.sums(0, video, "CNY", 3, 2970, 0, 0)
	other, shopper := d.Browser(d.other.ID), d.Browser(d.Person("shopper", account.RoleShopper).ID)
	today := d.today.Format(time.DateOnly)
	page := fmt.Sprintf("/studio/insight/%d", video)
	file := fmt.Sprintf("/studio/insight.csv?what=days&from=%s&to=%s", today, today)
	other.Get(page).Wants(404)
	other.Get("/studio/insight/999999").Wants(404)
	other.Get("/studio/insight/x").Wants(404)
	other.Get(file + fmt.Sprintf("&video=%d", video)).Wants(404)
	other.Get("/studio").Wants(200).Shows("Nothing to show")
	if a := other.Get(file).Wants(200); strings.Contains(a.Body, "29.70") {
		t.Errorf("file contains the figures of another creator: %s", a.Body)
	}
	operator := d.Browser(d.Person("operator", account.RoleOperator).ID)
	for who, b := range map[string]*webtest.Browser{
		"a guest":     d.Browser(0),
		"a shopper":   shopper,
		"an operator": operator,
	} {
		if a := b.Get("/studio?period=week"); a.Status != 303 || a.Location != "/sell" {
			t.Errorf("%s opens the studio: got %d to %q, want 303 to /sell", who, a.Status, a.Location)
		}
	}
	for _, path := range []string{page, file} {
		shopper.Get(path).Wants(404)
		if a := d.Browser(0).Get(path); a.Status != 303 || !strings.Contains(a.Location, "sign-in") {
			t.Errorf("a guest opens %s: got %d to %q, want 303 to the sign-in", path, a.Status, a.Location)
		}
	}
}

func TestOverview_csv_matches_page(t *testing.T) {
	d := open(t)
	sku := d.Video(990, -1)
	video := d.spu(sku)
	_, err := d.Pool.Exec(t.Context(), `update video_product_spu set title_en = '=HYPERLINK("http://evil"),"a"'
		where id = $1`, video)
	d.ok(err)
	d.sums(0, 0, "CNY", 3, 2970, 1, 990)
	d.sums(0, video, "CNY", 3, 2970, 1, 990)
	order := d.Bought(d.Person("buyer", account.RoleShopper).ID, sku)
	b := d.Browser(d.creator.ID)
	today := d.today.Format(time.DateOnly)
	read := func(what, more string) [][]string {
		t.Helper()
		a := b.Get(fmt.Sprintf("/studio/insight.csv?what=%s&from=%s&to=%s%s", what, today, today, more)).Wants(200)
		body, ok := strings.CutPrefix(a.Body, "\ufeff")
		if !ok || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv") ||
			!strings.Contains(a.Header.Get("Content-Disposition"), what) ||
			strings.Count(body, "\n") != strings.Count(body, "\r\n") {
			t.Errorf("file of %s: wrong headers, mark or line ends: %v %q", what, a.Header, a.Body)
		}
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		d.ok(err)
		return rows
	}
	same := func(what string, got []string, want ...string) {
		t.Helper()
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("row of %s: got %q, want %q", what, got, want)
		}
	}
	same("days", read("days", "")[1], today, "CNY", "3", "3", "29.70", "1", "9.90", "19.80", "UTC")
	same("videos", read("videos", "")[1][:8], fmt.Sprint(video), `'=HYPERLINK("http://evil"),"a"`, "影片1", "CNY", "3",
		"3", "29.70", "1")
	same("sources", read("sources", "")[1], "unknown", "0", "3", "UTC")
	if rows := read("retention", fmt.Sprintf("&video=%d", video)); len(rows) != 101 {
		t.Errorf("rows of retention: got %d, want 101", len(rows))
	}
	lines := read("orders", "")
	if len(lines) != 2 || lines[1][1] != order.OrderNo || lines[1][9] != "9.90" {
		t.Errorf("rows of orders: got %q", lines)
	}
	read("traffic", "")
	for _, bad := range []string{
		"what=days", "what=secrets&from=" + today + "&to=" + today,
		"what=days&from=2020-01-01&to=" + today,
		"what=retention&from=" + today + "&to=" + today,
	} {
		if a := b.Get("/studio/insight.csv?" + bad); a.Status < 400 || a.Status >= 500 {
			t.Errorf("%s: got %d, want 4xx", bad, a.Status)
		}
	}
}

// TestOverview_without_a_rate has no value of all for a video of which a sum is left out, and says so.
func TestOverview_without_a_rate(t *testing.T) {
	d := open(t)
	d.Offer("USD", "0.14", 1, 0)
	one, two := d.spu(d.Video(990, -1)), d.spu(d.Video(990, -1))
	d.sums(0, one, "CNY", 1, 990, 0, 0)
	d.sums(0, one, "USD", 1, 280, 0, 0)
	d.sums(0, two, "CNY", 1, 990, 0, 0)
	d.sums(0, two, "CHF", 1, 300, 0, 0) // which the mall has given up
	d.sums(0, 0, "CNY", 2, 1980, 0, 0)
	d.sums(0, 0, "USD", 1, 280, 0, 0)
	d.sums(0, 0, "CHF", 1, 300, 0, 0)
	d.Browser(d.creator.ID).Get("/studio").Wants(200).Shows("CN¥9.90 + $2.80", "about CN¥29.90 in all",
		"CHF 3.00 + CN¥9.90", "Sums without a rate are left out.").Hides("about CN¥9.90")
	zh := d.Browser(d.creator.ID)
	zh.Lang = "zh-CN"
	zh.Get("/studio").Wants(200).Shows("没有汇率的金额不计入。")
}

// TestOverview_two_currencies has one row for each video, on the page and in the file, in the order of their value.
func TestOverview_two_currencies(t *testing.T) {
	d := open(t)
	d.Offer("USD", "0.14", 1, 0)
	d.Offer("JPY", "20", 1, 0)
	one, two := d.spu(d.Video(990, -1)), d.spu(d.Video(990, -1))
	d.sums(0, one, "CNY", 1, 2970, 0, 0)
	d.sums(0, two, "CNY", 1, 990, 0, 0)
	d.sums(0, two, "USD", 1, 280, 1, 140)
	d.sums(0, two, "JPY", 1, 20, 0, 0)
	d.sums(0, 0, "CNY", 2, 3960, 0, 0)
	d.sums(0, 0, "USD", 1, 280, 1, 140)
	d.sums(0, 0, "JPY", 1, 20, 0, 0)
	b := d.Browser(d.creator.ID)
	page := b.Get("/studio").Wants(200).Shows("CN¥9.90 + ¥20 + $2.80", "about CN¥30.90 in all", "CN¥29.70",
		"Sums in other currencies count in CNY", "at the rate that held last in these days.").Hides("left out")
	if n := strings.Count(page.Body, fmt.Sprintf("/studio/insight/%d?", two)); n != 1 {
		t.Errorf("rows of the video that sold in three currencies: got %d, want 1", n)
	}
	today := d.today.Format(time.DateOnly)
	a := b.Get("/studio/insight.csv?what=videos&from=" + today + "&to=" + today).Wants(200)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Body, "\ufeff"))).ReadAll()
	d.ok(err)
	want := [][]string{
		{
			"video", "title_en", "title_zh", "currency", "orders", "units", "revenue", "refunds", "refunded", "net", "views",
			"visitors", "viewers", "watch_seconds", "revenue_CNY", "refunded_CNY", "net_CNY", "revenue_JPY", "refunded_JPY",
			"net_JPY", "revenue_USD", "refunded_USD", "net_USD", "time_zone",
		},
		{
			fmt.Sprint(two), "Film 2", "影片2", "CNY", "3", "3", "30.90", "1", "10.00", "20.90", "0", "0", "0", "0",
			"9.90", "0.00", "9.90", "20", "0", "20", "2.80", "1.40", "1.40", "UTC",
		},
		{
			fmt.Sprint(one), "Film 1", "影片1", "CNY", "1", "1", "29.70", "0", "0.00", "29.70", "0", "0", "0", "0",
			"29.70", "0.00", "29.70", "0", "0", "0", "0.00", "0.00", "0.00", "UTC",
		},
	}
	if fmt.Sprintf("%q", rows) != fmt.Sprintf("%q", want) {
		t.Errorf("file of videos:\n%q, want\n%q", rows, want)
	}
}

// TestOverview_zone chooses a zone that is one day ahead, and checks the page and the files.
func TestOverview_zone(t *testing.T) {
	d := open(t)
	d.Advance(d.today.Add(36 * time.Hour).Sub(d.Now())) // noon of UTC
	d.today = d.today.AddDate(0, 0, 1)
	video := d.spu(d.Video(990, -1))
	b := d.Browser(d.creator.ID)
	tomorrow := d.today.AddDate(0, 0, 1).Format(time.DateOnly)
	own := "/studio?period=own&from=" + tomorrow + "&to=" + tomorrow
	b.Get(own).Wants(422).Shows("has not come yet", "Days are in UTC.")

	const at = "/studio/time-zone"
	b.Get("/studio").Wants(200).Shows("Change time zone")
	b.Get(at).Wants(200).Shows("Your reports have the days and months of UTC.", "Asia/Kolkata (UTC+5:30)").
		Hides("This browser is in")
	for _, name := range []string{"", "Mars/Phobos", "utc"} {
		b.Post(at, url.Values{"zone": {name}}).Wants(422).Shows("Choose a time zone from the list.", "of UTC.")
	}
	for range 2 {
		if a := b.Post(at, url.Values{"zone": {"Pacific/Kiritimati"}}).Wants(303); a.Location != "/studio" {
			t.Errorf("redirect after choosing a zone: got %s, want /studio", a.Location)
		}
	}
	b.Get("/studio").Wants(200).Shows("Your reports have the days of the time zone you chose.")
	d.sums(-1, 0, "CNY", 3, 2970, 0, 0) // on the day that has already begun in that zone
	d.sums(-1, video, "CNY", 3, 2970, 0, 0)
	b.Get(own).Wants(200).Shows("Days are in Pacific/Kiritimati (UTC+14).", "CN¥29.70")
	if got := b.Get(at).Form(at).Get("zone"); got != "Pacific/Kiritimati" {
		t.Errorf("zone in the form: got %q, want the chosen one", got)
	}
	b.Get(fmt.Sprintf("/studio/insight/%d?period=day", video)).Wants(200).
		Shows("Days are in Pacific/Kiritimati (UTC+14).", "CN¥29.70")
	for _, what := range []string{"days", "traffic", "videos", "sources", "orders"} {
		a := b.Get("/studio/insight.csv?what=" + what + "&from=" + tomorrow + "&to=" + tomorrow).Wants(200)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Body, "\ufeff"))).ReadAll()
		d.ok(err)
		last := len(rows[0]) - 1
		if rows[0][last] != "time_zone" ||
			!strings.Contains(a.Header.Get("Content-Disposition"), "-Pacific-Kiritimati.csv") {
			t.Errorf("file of %s lacks the zone in its header or name: %q, %v", what, rows[0], a.Header)
		}
		for _, row := range rows[1:] {
			if row[last] != "Pacific/Kiritimati" {
				t.Errorf("row of %s: got %q, want the chosen zone", what, row)
			}
		}
		if what == "days" && (len(rows) != 2 || rows[1][0] != tomorrow) {
			t.Errorf("rows of days: got %q, want %s", rows, tomorrow)
		}
	}
	b.Cookie("zone", "Europe/Berlin")
	if a := b.Get(at).Wants(200).Shows("This browser is in Europe/Berlin", "Use Europe/Berlin"); a.Form(at).
		Get("zone") != "Europe/Berlin" {
		t.Error("form does not offer the browser's zone")
	}
	b.Cookie("zone", "Pacific/Kiritimati")
	b.Get(at).Wants(200).Hides("This browser is in")
	b.Lang = "zh-CN"
	b.Get(own).Wants(200).Shows("统计时区：Pacific/Kiritimati（UTC+14）。", "更改时区")
	if a := b.Get(at).Wants(200).Shows("当前报表时区：Pacific/Kiritimati（UTC+14）。"); !a.Has(`<optgroup label="大西洋">`) {
		t.Error("list of zones lacks its headings")
	}
	other := d.Browser(d.other.ID)
	other.Get("/studio").Wants(200).Shows("Days are in UTC.")
	d.Browser(d.Person("shopper", account.RoleShopper).ID).Post(at, url.Values{"zone": {"UTC"}}).Wants(404)
}

// TestOverview_zone_of_orders checks that the file of orders contains those of a day in the chosen zone, with times in
// that zone.
func TestOverview_zone_of_orders(t *testing.T) {
	d := open(t)
	d.Advance(d.today.Add(47*time.Hour + 30*time.Minute).Sub(d.Now())) // 23:30 UTC
	sku := d.Video(990, -1)
	d.Bought(d.Person("buyer", account.RoleShopper).ID, sku)
	b := d.Browser(d.creator.ID)
	lines := func(day time.Time) [][]string {
		t.Helper()
		a := b.Get(
			"/studio/insight.csv?what=orders&from=" + day.Format(time.DateOnly) + "&to=" + day.Format(time.DateOnly)).
			Wants(200)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Body, "\ufeff"))).ReadAll()
		d.ok(err)
		return rows[1:]
	}
	today, tomorrow := d.today.AddDate(0, 0, 1), d.today.AddDate(0, 0, 2)
	if got := lines(today); len(got) != 1 || !strings.HasPrefix(got[0][0], today.Format(time.DateOnly)+"T23:3") {
		t.Errorf("orders of today in UTC: got %q, want one", got)
	}
	b.Post("/studio/time-zone", url.Values{"zone": {"Asia/Shanghai"}}).Wants(303)
	if got := lines(today); len(got) != 0 {
		t.Errorf("orders of today in Shanghai: got %q, want none", got)
	}
	if got := lines(tomorrow); len(got) != 1 || !strings.HasPrefix(got[0][0], tomorrow.Format(time.DateOnly)+"T07:3") ||
		!strings.HasSuffix(got[0][0], "+08:00") {
		t.Errorf("orders of tomorrow in Shanghai: got %q, want one", got)
	}
}
