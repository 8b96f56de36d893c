package api_test

import (
	"testing"
	"time"

	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

func TestCampaigns_running_or_scheduled(t *testing.T) {
	t.Parallel()
	m := open(t)
	by := promotion.Actor{UserID: 9, Operator: true}
	sale := func(name string, starts, ends time.Duration, schedule bool, skus ...int64) {
		t.Helper()
		d := promotion.Draft{
			Name:     locale.Text{Zh: "抢购", En: name},
			StartsAt: m.Now().Add(starts),
			EndsAt:   m.Now().Add(ends),
		}
		for _, sku := range skus {
			d.Items = append(d.Items, promotion.Item{
				SKUID:   sku,
				Amount:  money.Of(490, "CNY"),
				Units:   5,
				PerUser: 2,
			})
		}
		c, err := m.Promotions.Create(m.Ctx, by, d)
		m.OK(err)
		if schedule {
			_, err = m.Promotions.Schedule(m.Ctx, by, c.ID, c.Version)
			m.OK(err)
		}
	}
	video, other, third, fourth := m.Sells(990, 20), m.Sells(1990, -1), m.Sells(990, -1), m.Sells(990, -1)
	c := m.guest()
	if a := c.call("GET", "/campaigns", "").wants(200); len(a.rows()) != 0 {
		t.Errorf("campaigns: got %s, want none", a.body)
	}
	sale("Later", 5*time.Hour, 6*time.Hour, true, third)
	sale("Now", 0, 2*time.Hour, true, video, other)
	sale("Over soon", 0, time.Hour, true, fourth)
	sale("Draft", 0, time.Hour, false, m.Sells(990, -1))
	_, err := m.Promotions.Turn(m.Ctx)
	m.OK(err)
	_, err = m.Pool.Exec(m.Ctx, `update video_inventory set available = 2, frozen = 1, sold = 2 where sku_id = $1
		and campaign_id is not null`, video)
	m.OK(err)
	m.Advance(61 * time.Minute) // one campaign is over, but its state has not been updated yet
	a := c.call("GET", "/campaigns", "").wants(200)
	if len(a.rows()) != 2 || a.text("items", 0, "name") != "Now" || a.text("items", 0, "status") != "running" ||
		a.text("items", 1, "name") != "Later" || a.text("items", 1, "status") != "scheduled" {
		t.Fatalf("campaigns: got %s, want Now and Later", a.body)
	}
	for at, want := range map[string]float64{"skuId": float64(video), "remaining": 2, "perUser": 2} {
		if got := a.at("items", 0, "items", 0, at); got != want {
			t.Errorf("%s: got %v, want %v", at, got, want)
		}
	}
	if a.at("items", 0, "items", 0, "price", "amount") != 490.0 ||
		a.at("items", 0, "items", 0, "listPrice", "amount") != 990.0 ||
		a.at("items", 1, "items", 0, "remaining") != 5.0 {
		t.Errorf("prices and remaining units of campaigns: got %s", a.body)
	}
	p, err := m.Catalog.ProductOfSKU(m.Ctx, other)
	m.OK(err)
	m.OK(m.Catalog.TakeDown(m.Ctx, p.SPUID))
	if a := c.call("GET", "/campaigns", "").wants(200); a.at("items", 0, "items", 1, "listPrice") != nil {
		t.Errorf("product that is off sale has a list price: %s", a.body)
	}
	c.lang = "zh-CN"
	if a := c.call("GET", "/campaigns", "").wants(200); a.text("items", 0, "name") != "抢购" {
		t.Errorf("campaigns in Chinese: got %s, want the name 抢购", a.body)
	}
	if a := c.call("GET", "/campaigns?limit=1", "").
		refuses(422, "filter_invalid"); a.at("errors", "limit") != "unknown_parameter" {
		t.Errorf("campaigns with a limit: got %s, want limit: unknown_parameter", a.body)
	}
	c.call("GET", "/campaigns?x=%zz", "").refuses(400, "bad_request")
}
