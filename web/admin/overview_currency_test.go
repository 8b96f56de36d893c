package admin_test

import (
	"strings"
	"testing"

	"videomall/mall/calendar"
	"videomall/web/webtest"
)

// A video that sold in two currencies is one row, with its value and both sums.
func TestOverview_top_videos_in_two_currencies(t *testing.T) {
	d := open(t)
	d.Offer("USD", "0.14", 1, 0)
	spu := webtest.Query[int64](d.Mall, "select spu_id from video_product_sku where id = $1", d.Video(990, -1))[0]
	if _, err := d.Pool.Exec(t.Context(), `insert into insight_day (day, creator_id, spu_id, currency, orders, units, gross, refunds, refunded)
		values ($1, 1, $2, 'CNY', 2, 2, 990, 0, 0), ($1, 1, $2, 'USD', 1, 1, 280, 1, 140)`,
		calendar.UTC.DayOf(d.Now()), spu); err != nil {
		t.Fatal(err)
	}
	page := d.b.Get("/admin").Wants(200).Shows("CN¥29.90", "CN¥9.90 + $2.80", "CN¥10.00",
		"count in CNY, at the rate that held last in these days.").Hides("left out")
	if n := strings.Count(page.Text(), "Film 1 "); n != 1 {
		t.Errorf("rows of the video: %d", n)
	}
	if _, err := d.Pool.Exec(t.Context(), `update insight_day set currency = 'CHF' where currency = 'USD'`); err != nil {
		t.Fatal(err)
	}
	d.b.Get("/admin").Wants(200).Shows("Sums without a rate are left out.")
	d.b.Cookie("lang", "zh-CN")
	d.b.Get("/admin").Wants(200).Shows("折算为 CNY", "没有汇率的金额不计入")
}
