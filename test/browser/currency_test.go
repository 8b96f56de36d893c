package browser_test

import (
	"testing"

	"videomall/mall/exchange"
)

// TestCurrency_pages reads the shop in currencies with two, no and three decimals, chosen by the keyboard alone, with
// scripts and without. It does not run beside other tests, since the currencies are those of the whole mall.
func TestCurrency_pages(t *testing.T) {
	h, _ := require(t)
	ctx := t.Context()
	offered := []exchange.Currency{
		{
			Code:    "USD",
			Step:    50,
			Less:    1,
			Offered: true,
		},
		{
			Code:    "JPY",
			Step:    10,
			Offered: true,
		},
		{
			Code:    "KWD",
			Step:    5,
			Offered: true,
		},
	}
	rates := map[string]string{"USD": "0.14", "JPY": "21.5", "KWD": "0.0428"}
	defer h.exec(t, "delete from exchange_rate")
	for _, c := range offered {
		if err := h.Exchange.SaveCurrency(ctx, 1, c); err != nil {
			t.Fatal(err)
		}
		if err := h.Exchange.AddRate(ctx, exchange.NewRate{
			Currency:  c.Code,
			Rate:      rates[c.Code],
			Confirmed: true,
		}); err != nil {
			t.Fatal(err)
		}
		withdrawn := c
		withdrawn.Offered = false
		defer func() {
			if err := h.Exchange.SaveCurrency(ctx, 1, withdrawn); err != nil {
				t.Error(err)
			}
		}()
	}
	stops := []stop{
		{name: "currency-home", path: "/"},
		{name: "currency-list", path: "/videos?price_max=9000&filters=1"},
		{name: "currency-product", path: "/v/a-bowl-of-tea"},
	}
	for _, c := range []struct {
		look
		currency string
	}{
		{look{
			lang:  "en",
			width: 1280,
			theme: "light",
		}, "USD"},
		{look{
			lang:  "zh-CN",
			width: 390,
			theme: "dark",
		}, "JPY"},
		{look{
			lang:  "zh-CN",
			width: 1280,
			theme: "light",
		}, "KWD"},
		{look{
			lang:  "en",
			width: 390,
			theme: "dark",
		}, "KWD"},
	} {
		p := newPerson(t, c.look)
		p.scripts(c.currency == "USD")
		p.visit("/")
		p.choose(c.currency)
		p.scripts(true)
		for _, s := range stops {
			s.name += "-" + c.currency
			p.visit(s.path)
			p.until(`document.readyState === 'complete'`)
			judge(p, s)
			if *pictures != "" {
				picture(p, s)
			}
			if got := eval[string](p, `document.querySelector('select[name=currency]').value`); got != c.currency {
				t.Errorf("%s: chosen is %s, want %s", s.name, got, c.currency)
			}
		}
	}
}

// choose chooses a currency with the keyboard, at the foot of the page.
func (p *person) choose(code string) {
	p.t.Helper()
	const list = `select[name=currency]`
	p.fill(list, code)
	if got := eval[string](p, `document.activeElement.value`); got != code {
		p.t.Fatalf("typed %s, chosen %s", code, got)
	}
	p.fill(list, "\t\r") // on to the button, and press it
	p.until(`document.readyState === 'complete' &&
		document.querySelector('select[name=currency] option[selected]')?.value === ` + quoted(code))
}
