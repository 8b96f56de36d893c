package browser_test

import (
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/exchange"
)

// TestCurrencies judges the operators' page of currencies with everything that it can show, and enters rates there. It
// does not run beside other tests, since rates hold for the whole mall; it leaves the mall as it was.
func TestCurrencies(t *testing.T) {
	h, _ := require(t)
	operator := h.account(t, "Olga 运营", account.RoleOperator)
	defer h.exec(t, "delete from exchange_currency where code in ('KWD', 'ISK', 'GBP')")
	defer h.exec(t, "delete from exchange_rate where source <> 'demo' or currency in ('KWD', 'ISK', 'GBP')")
	for _, c := range []exchange.Currency{
		{Code: "KWD", Step: 5, Offered: true},
		{Code: "GBP", Step: 100, Less: 1, Offered: true},
		{Code: "ISK", Step: 10},
	} {
		if err := h.Exchange.SaveCurrency(t.Context(), operator.ID, c); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Exchange.AddRates(t.Context(), []exchange.NewRate{
		{
			Currency:  "KWD",
			Rate:      "0.0428",
			Source:    "Central Bank of Kuwait",
			Confirmed: true,
			ActorID:   operator.ID,
		},
		{
			Currency:  "ISK",
			Rate:      "17.75",
			Confirmed: true,
			ActorID:   operator.ID,
		},
		{
			Currency: "KWD",
			Rate:     "0.0431",
			From:     time.Now().Add(48 * time.Hour),
			ActorID:  operator.ID,
		},
	}); err != nil {
		t.Fatal(err)
	}
	h.exec(t, `update exchange_rate set valid_from = valid_from - interval '9 days'
		where currency = 'KWD' and valid_from <= now()`)
	stops := []stop{
		{
			name: "currencies",
			who:  &operator,
			path: "/admin/currencies?code=KWD",
		},
		{
			name: "currencies-rate-far",
			who:  &operator,
			path: "/admin/currencies",
			act: func(p *person) {
				p.do(setValue("#currency", "ISK"))
				p.fill("#rate", "177.5")
				p.click(`form[action="/admin/currencies/rates"] button[type=submit]`)
				p.has(`#rate-confirmed`)
			},
			part:  `section[aria-labelledby=rate-add]`, // what lies above is under the header by now
			wrong: `409`,
		},
		{
			name: "currencies-lines-wrong",
			who:  &operator,
			path: "/admin/currencies",
			act: func(p *person) {
				p.fill("#lines", "USD,0.14\nEUR;0.12\nXYZ,1")
				p.click(`form[action="/admin/currencies/lines"] button[type=submit]`)
				p.has(`#lines-error`)
			},
			part:  `section[aria-labelledby=rates-add]`,
			wrong: `422`,
		},
		{
			name: "currencies-overview",
			who:  &operator,
			path: "/admin",
		},
	}
	for _, l := range []look{
		{
			lang:  "zh-CN",
			width: 390,
			theme: "dark",
		},
		{
			lang:  "en",
			width: 1280,
			theme: "light",
		},
	} {
		walk(t, l, stops, func(p *person, s stop) {
			judge(p, s)
			if *pictures != "" {
				picture(p, s)
			}
		})
	}
	p := newPerson(t, look{lang: "en", width: 1280})
	p.enter(operator)
	p.expect(`409 \(Conflict\)`) // a first rate is asked about
	p.visit("/admin/currencies")
	p.do(setValue("#currency", "GBP"))
	p.fill("#rate", "0.1055")
	p.click(`form[action="/admin/currencies/rates"] button[type=submit]`)
	p.has(`#rate-confirmed`)
	p.click(`#rate-confirmed`)
	p.click(`form[action="/admin/currencies/rates"] button[type=submit]`)
	p.until(`document.body.innerText.includes('CN¥9.90 becomes £0.99')`)
}
