package api_test

import (
	"fmt"
	"testing"
	"time"

	"videomall/mall/exchange"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

func TestVideos_price_of_running_sale(t *testing.T) {
	t.Parallel()
	m := open(t)
	video := m.Sells(2600, -1)
	m.Sells(990, -1)
	by := promotion.Actor{UserID: 9, Operator: true}
	draft := promotion.Draft{
		Name:     locale.Text{Zh: "抢购", En: "Rush"},
		StartsAt: m.Now(),
		EndsAt:   m.Now().Add(time.Hour),
		Items: []promotion.Item{{
			SKUID:   video,
			Amount:  money.Of(1290, "CNY"),
			Units:   5,
			PerUser: 1,
		}},
	}
	c, err := m.Promotions.Create(m.Ctx, by, draft)
	m.OK(err)
	_, err = m.Promotions.Schedule(m.Ctx, by, c.ID, c.Version)
	m.OK(err)
	_, err = m.Promotions.Turn(m.Ctx)
	m.OK(err)

	address := fmt.Sprintf("/videos/%d", video)
	priced := func(who *client, now, was float64) {
		t.Helper()
		a := who.call("GET", address, "").wants(200)
		if a.at("price", "amount") != now || was != 0 && a.at("listPrice", "amount") != was ||
			(was != 0) != (a.at("priceUntil") != nil) {
			t.Errorf("price: want %v with list price %v, got %s", now, was, a.body)
		}
		for n := range who.call("GET", "/videos", "").wants(200).rows() {
			row := who.call("GET", "/videos", "")
			want := 990.0
			if row.at("items", n, "skuId") == float64(video) {
				want = now
			}
			if row.at("items", n, "price", "amount") != want {
				t.Errorf("price of row %d: want %v, got %s", n, want, row.body)
			}
		}
	}
	priced(m.guest(), 1290, 2600)
	p := m.program(m.person("mia"))
	priced(p, 1290, 2600)
	body := func(more string) string {
		return fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]%s}`, video, more)
	}
	place := func(key, more string) answer {
		t.Helper()
		return p.call("POST", "/orders", body(more), "Idempotency-Key", key)
	}
	place("a", `, "expectTotal": {"amount": 2600, "currency": "CNY"}`).refuses(409, "price_changed")
	place("a", `, "expectTotal": {"amount": 1290}`).refuses(422, "field_missing")
	if a := place("a", `, "expectTotal": {"amount": 1290, "currency": "CNY"}`).
		wants(201); a.at("total", "amount") != 1290.0 {
		t.Errorf("order at the sale price: got %s, want total 1290", a.body)
	}
	priced(p, 2600, 0)
	priced(m.guest(), 1290, 2600)
	missed := place("b", "").refuses(409, "price_changed")
	if missed.at("errors", fmt.Sprintf("sku:%d", video)) != "sale_missed" {
		t.Errorf("second order during the sale: got %s, want errors with sale_missed", missed.body)
	}
	if a := place("b", `, "expectTotal": {"amount": 2600, "currency": "CNY"}`).
		wants(201); a.at("total", "amount") != 2600.0 {
		t.Errorf("order at the normal price: got %s, want total 2600", a.body)
	}
}

func TestOrders_in_another_currency(t *testing.T) {
	t.Parallel()
	m := open(t)
	video := m.Sells(1990, -1)
	if err := m.Exchange.SaveCurrency(t.Context(), 1, exchange.Currency{
		Code:    "USD",
		Step:    50,
		Less:    1,
		Offered: true,
	}); err != nil {
		t.Fatal(err)
	}
	if err := m.Exchange.AddRate(t.Context(), exchange.NewRate{
		Currency:  "USD",
		Rate:      "0.14",
		Confirmed: true,
	}); err != nil {
		t.Fatal(err)
	}
	p := m.program(m.person("mia"))
	place := func(key, more string) answer {
		t.Helper()
		body := fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]%s}`, video, more)
		return p.call("POST", "/orders", body, "Idempotency-Key", key)
	}
	place("a", `, "currency": "GBP"`).refuses(409, "currency_unavailable")
	place("a", `, "currency": "usd"`).refuses(409, "currency_unavailable")
	place("a", `, "currency": "CNY", "expectTotal": {"amount": 299, "currency": "USD"}`).refuses(409, "price_changed")
	place("a", `, "expectTotal": {"amount": 298, "currency": "USD"}`).refuses(409, "price_changed")
	named := place("a", `, "currency": "USD"`).wants(201)
	agreed := place("b", `, "expectTotal": {"amount": 299, "currency": "USD"}`).wants(201)
	for _, a := range []answer{named, agreed} {
		if a.at("total", "amount") != 299.0 || a.at("total", "currency") != "USD" {
			t.Errorf("total: %s, want 2.99 dollars", a.body)
		}
	}
	place("a", `, "currency": "CNY"`).refuses(422, "idempotency_key_reused")
}
