package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"videomall/mall/exchange"
)

// offer lets programs ask for a currency at that rate, with prices that end like 9.90 for a step of 10.
func (m *mall) offer(code string, step int64, rate string) {
	m.t.Helper()
	m.OK(m.Exchange.SaveCurrency(m.Ctx, 1, exchange.Currency{
		Code:    code,
		Step:    step,
		Offered: true,
	}))
	m.OK(m.Exchange.AddRate(m.Ctx, exchange.NewRate{
		Currency:  code,
		Rate:      rate,
		Confirmed: true,
	}))
}

func TestVideos_currency(t *testing.T) {
	t.Parallel()
	m := open(t)
	m.offer("USD", 10, "0.14")
	m.offer("JPY", 10, "21.5")
	m.offer("KWD", 5, "0.0428")
	sku := m.Sells(990, -1)
	m.Sells(2600, -1)
	m.OK(m.Search.RebuildAll(m.Ctx))
	c := m.guest()
	at, err := url.Parse(m.url)
	m.OK(err)
	c.http.Jar.SetCookies(at, []*http.Cookie{{Name: "currency", Value: "USD"}}) // of the pages
	for query, want := range map[string]string{
		"":             "990 CNY",
		"currency=":    "990 CNY",
		"currency=CNY": "990 CNY",
		"currency=USD": "140 USD",
		"currency=JPY": "210 JPY",
		"currency=KWD": "425 KWD",
	} {
		list := c.call("GET", "/videos?sort=price_asc&"+query, "").wants(200)
		row := []any{list.at("items", 0, "price", "amount"), list.at("items", 0, "price", "currency")}
		if got := fmt.Sprint(row[0], " ", row[1]); got != want {
			t.Errorf("list with %q: got %s, want %s", query, got, want)
		}
		one := c.call("GET", fmt.Sprintf("/videos/%d?%s", sku, query), "").wants(200)
		if got := fmt.Sprint(one.at("price", "amount"), " ", one.at("price", "currency")); got != want {
			t.Errorf("SKU with %q: got %s, want %s", query, got, want)
		}
	}
	for query, want := range map[string]int{
		"currency=USD&priceMax=140":              1, // 9.90 yuan are 1.386 dollars, sold at 1.40
		"currency=USD&priceMax=139":              0,
		"currency=USD&priceMin=140":              2,
		"currency=USD&priceMin=141":              1,
		"currency=JPY&priceMin=210&priceMax=210": 1,
		"priceMax=990":                           1,
	} {
		if got := len(c.call("GET", "/videos?"+query, "").wants(200).rows()); got != want {
			t.Errorf("%s: got %d videos, want %d", query, got, want)
		}
	}
	for query, why := range map[string]string{
		"currency=GBP": "not_offered", "currency=usd": "not_offered", "currency=USD%20": "not_offered",
		"currency=USD&currency=JPY": "repeated",
	} {
		for _, address := range []string{"/videos?", fmt.Sprintf("/videos/%d?", sku), "/campaigns?"} {
			if a := c.call("GET", address+query, "").wants(422); a.at("errors", "currency") != why {
				t.Errorf("%s%s: got %s, want %s", address, query, a.body, why)
			}
		}
	}
}
