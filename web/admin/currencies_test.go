package admin_test

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/exchange"
	"videomall/mall/money"
	"videomall/mall/payment"
	financeview "videomall/views/admin/finance"
	"videomall/views/text"
	"videomall/web/webtest"
)

// kept returns the rates that the mall has, the latest first.
func (d *desk) kept() []string {
	return webtest.Query[string](d.Mall, `select currency || ' ' || trim_scale(rate) || ' ' || source || ' ' || created_by
		from exchange_rate order by valid_from desc, currency`)
}

func (d *desk) saveCurrency(code, step, less string, status int) webtest.Answer {
	return d.b.Post("/admin/currencies", url.Values{
		"code": {code}, "step": {step}, "less": {less}, "offered": {"on"},
	}).Wants(status)
}

func TestCurrencies_save(t *testing.T) {
	d := open(t)
	d.b.Get("/admin/currencies").Wants(200).Shows("No other currencies yet", "Chinese yuan", "Sandbox")
	for _, c := range []struct{ code, step, less, shows string }{
		{"CNY", "1", "0", "other than the one that creators price in"},
		{"dollars", "1", "0", "three letters"},
		{"USD", "0", "0", "Write a sum above 0"},
		{"USD", "1.001", "0", "Write a sum above 0"},
		{"USD", "x", "0", "Write a sum above 0"},
		{"USD", "10000.01", "0", "Write a sum above 0"},
		{"USD", "1", "1", "less than the step"},
		{"USD", "1", "-1", "less than the step"},
		{"JPY", "1.5", "", "Write a sum above 0"},
	} {
		a := d.saveCurrency(c.code, c.step, c.less, 422).Shows(c.shows)
		if f := a.Form("/admin/currencies"); f.Get("step") != c.step || f.Get("less") != c.less ||
			!f.Has("offered") {
			t.Errorf("%+v: what was typed came back as %v", c, f)
		}
	}
	if n := webtest.Query[int](d.Mall, "select count(*)::int from exchange_currency")[0]; n != 0 {
		t.Errorf("%d currencies were saved", n)
	}
	d.saveCurrency(" usd ", "1,00", "0.01", 303)
	d.saveCurrency("JPY", "10", "", 303)
	d.saveCurrency("KWD", "0.005", "", 303)
	d.b.Get("/admin/currencies").Wants(200).Shows("The currency is saved.", "US dollar", "Multiples of $1.00, less $0.01",
		"Multiples of ¥10", "Without a rate: JPY, KWD, USD", "Needs a rate")
	f := d.b.Get("/admin/currencies?code=KWD").Wants(200).Form("/admin/currencies")
	if f.Get("code") != "KWD" || f.Get("step") != "0.005" || f.Get("less") != "0.000" || !f.Has("offered") {
		t.Errorf("the form of dinars has %v", f)
	}
	f.Del("offered")
	d.b.Post("/admin/currencies", f).Wants(303)
	d.b.Get("/admin/currencies").Wants(200).Shows("Not offered", "Without a rate: JPY, USD")
}

func TestCurrencies_add_and_remove_rates(t *testing.T) {
	d := open(t)
	d.saveCurrency("USD", "1", "0.01", 303)
	add := func(rate, from, confirmed string, status int) webtest.Answer {
		t.Helper()
		a := d.b.Post("/admin/currencies/rates", url.Values{
			"currency": {"USD"}, "rate": {rate}, "from": {from}, "source": {"ECB"}, "confirmed": {confirmed},
		}).Wants(status)
		if status != 303 {
			if f := a.Form("/admin/currencies/rates"); f.Get("rate") != rate || f.Get("from") != from ||
				f.Get("source") != "ECB" || f.Get("currency") != "USD" {
				t.Errorf("what was typed came back as %v", f)
			}
		}
		return a
	}
	for _, rate := range []string{"", "0", "-1", "1e3", "free", "0.1234567890123"} {
		add(rate, "", "", 422).Shows("Write a number above 0").Hides("The rate is right")
	}
	day := func(n int) string { return d.Now().UTC().AddDate(0, 0, n).Format("2006-01-02T15:04") }
	for _, from := range []string{"soon", day(-1), day(400)} {
		add("0.14", from, "", 422).Shows("Choose a moment from now on")
	}
	d.b.Post("/admin/currencies/rates", url.Values{"currency": {"GBP"}, "rate": {"1"}}).Wants(422).
		Shows("Add this currency first.")
	add("0,140", "", "on", 422).Shows("could also mark thousands").Hides("The rate is right")
	add("0,14", "", "on", 303)
	add("0.140", "", "", 409).Shows("begins at that moment already") // a second click
	add("0.2", "", "", 409).Shows("more than a fifth away", "The rate is right although it is far")
	add("0.2", day(2), "on", 303)
	add("0.15", day(2), "on", 409).Shows("begins at that moment already")
	d.b.Get("/admin/currencies").Wants(200).
		Shows("CN¥9.90 becomes $0.99", "Then 0.2 from", "Applies", "Planned", "olga", "Source: ECB")
	want := fmt.Sprintf("[USD 0.2 ECB %d USD 0.14 ECB %d]", d.olga.ID, d.olga.ID)
	if got := fmt.Sprint(d.kept()); got != want {
		t.Errorf("kept %s, want %s", got, want)
	}

	csv := d.b.Get("/admin/currencies.csv").Wants(200)
	lines := strings.Split(strings.TrimSpace(csv.Body), "\r\n")
	if len(lines) != 3 || lines[0] != "\ufeffcurrency,rate,from,base,source,entered_by_id,entered_by" ||
		!strings.HasPrefix(lines[2], "USD,0.14,") ||
		!strings.HasSuffix(lines[2], fmt.Sprintf("Z,CNY,ECB,%d,olga", d.olga.ID)) {
		t.Errorf("the file is %q", lines)
	}

	ids := webtest.Query[int64](d.Mall, "select id from exchange_rate order by valid_from")
	remove := func(id int64) {
		d.b.Post(fmt.Sprintf("/admin/currencies/rates/%d/remove", id), url.Values{}).Wants(303)
	}
	remove(ids[0])
	d.b.Get("/admin/currencies").Shows("This rate has begun, or was removed already.")
	remove(ids[1])
	d.b.Get("/admin/currencies").Shows("The planned rate is removed.").Hides("Then 0.2", "Planned")
	if got := d.kept(); len(got) != 1 {
		t.Errorf("kept %v", got)
	}
	for _, path := range []string{"rates", "lines", "file"} { // what the address bar shows after a form with errors
		d.b.Get("/admin/currencies/" + path).Wants(303)
	}
}

// The first rate is shown with what it makes of prices before it holds.
func TestCurrencies_first_rate(t *testing.T) {
	d := open(t)
	d.saveCurrency("USD", "1", "0.01", 303)
	form := url.Values{"currency": {"USD"}, "rate": {"7,1"}}
	d.b.Post("/admin/currencies/rates", form).Wants(409).Shows("This is the first rate of this currency.",
		"CNY 1 is worth USD 7.1. CN¥9.90 becomes $69.99.", "The rate is right, though there is none before it")
	if got := d.kept(); len(got) != 0 {
		t.Errorf("kept %v, which nobody confirmed", got)
	}
	form.Set("confirmed", "on")
	form.Set("rate", "0.14")
	d.b.Post("/admin/currencies/rates", form).Wants(303)
	d.b.Get("/admin/currencies").Wants(200).Shows("CN¥9.90 becomes $0.99")
}

// Typing the code of a currency that exists into the empty form shows the currency and changes nothing.
func TestCurrencies_save_what_exists(t *testing.T) {
	d := open(t)
	d.saveCurrency("USD", "1", "0.01", 303)
	stored := func() string {
		return webtest.Query[string](d.Mall, "select price_step || ' ' || price_less || ' ' || offered from exchange_currency")[0]
	}
	a := d.b.Post("/admin/currencies", url.Values{"code": {"usd"}, "step": {"0.50"}}).Wants(409).
		Shows("This currency exists already.", "Nothing was changed. The form now shows USD as it is.")
	f := a.Form("/admin/currencies")
	if f.Get("code") != "USD" || f.Get("step") != "1.00" || f.Get("less") != "0.01" || !f.Has("offered") {
		t.Errorf("the form has %v", f)
	}
	if got := stored(); got != "100 1 true" {
		t.Errorf("it became %s", got)
	}
	// The form that was loaded for another currency says nothing about this one either.
	d.saveCurrency("JPY", "10", "", 303)
	other := d.b.Get("/admin/currencies?code=JPY").Form("/admin/currencies")
	other.Set("code", "USD")
	d.b.Post("/admin/currencies", other).Wants(409)
	f.Set("step", "x")
	f = d.b.Post("/admin/currencies", f).Wants(422).Form("/admin/currencies")
	f.Set("step", "0.50")
	f.Del("offered")
	d.b.Post("/admin/currencies", f).Wants(303)
	if got := webtest.Query[string](d.Mall, `select price_step || ' ' || offered from exchange_currency
		where code = 'USD'`)[0]; got != "50 false" {
		t.Errorf("saved %s", got)
	}
}

func TestCurrencies_lines_all_or_nothing(t *testing.T) {
	d := open(t)
	d.saveCurrency("USD", "1", "0.01", 303)
	d.saveCurrency("JPY", "10", "", 303)
	d.b.Post("/admin/currencies/rates", url.Values{
		"currency": {"JPY"}, "rate": {"21.5"}, "confirmed": {"on"},
	}).Wants(303)
	add := func(lines, confirmed string, status int) webtest.Answer {
		t.Helper()
		a := d.b.Post("/admin/currencies/lines", url.Values{
			"lines": {lines}, "source": {"a <bank>"}, "confirmed": {confirmed},
		}).Wants(status)
		if status != 303 && (!strings.Contains(a.Body, html.EscapeString(lines)+"</textarea>") ||
			a.Form("/admin/currencies/lines").Get("source") != "a <bank>") {
			t.Errorf("what was typed did not come back: %.60q", lines)
		}
		return a
	}
	add("currency,rate\nUSD,0.14\nEUR,0.12\nJPY,<b>\nUSD", "", 422).Shows("One line needs another look", "Line 5:",
		"two or three values")
	add("currency,rate\nUSD,0.14\nEUR,0.12\nJPY,<b>", "", 422).Shows("3 lines need another look",
		"Line 3: EUR,0.12 Add this currency first.", "Line 4: JPY,<b> Write a number above 0").Hides("although some are far")
	add("USD,0.14\nJPY,30\nEUR,1", "", 422).Hides("although some are far")
	add("USD,0.14\nJPY,30", "", 409).Shows("Line 1: USD,0.14 This is the first rate of this currency.",
		"CNY 1 is worth USD 0.14. CN¥9.90 becomes $0.99.", "Line 2: JPY,30 This rate is more than a fifth away",
		"CNY 1 is worth JPY 30. CN¥9.90 becomes ¥300.", "although some are far")
	add("", "", 422).Shows("There are no rates in it.")
	add(strings.TrimSpace(strings.Repeat("USD,0.14\n", exchange.MaxRates+1)), "", 422).Shows("more than 500 lines at once")
	if got := d.kept(); len(got) != 1 {
		t.Errorf("kept %v of files that were refused", got)
	}
	at := d.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02 15:04")
	add("USD,0.14,"+at+"\nJPY,30", "on", 303)
	d.b.Get("/admin/currencies").Wants(200).Shows("All rates are added.", "a <bank>")
	want := fmt.Sprintf("[USD 0.14 a <bank> %[1]d JPY 30 a <bank> %[1]d JPY 21.5  %[1]d]", d.olga.ID)
	if got := fmt.Sprint(d.kept()); got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
}

func TestCurrencies_file(t *testing.T) {
	d := open(t)
	d.saveCurrency("USD", "1", "0.01", 303)
	send := func(name, content string, status int) webtest.Answer {
		t.Helper()
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, err := w.CreateFormFile(name, "rates.csv")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(content))
		_ = w.Close()
		return d.b.Send("POST", "/admin/currencies/file", http.Header{"Content-Type": {w.FormDataContentType()}},
			body.String()).Wants(status)
	}
	if a := send("file", "\ufeffcurrency,rate\r\nUSD,0.14\r\n", 200); !a.Has(">currency,rate\r\nUSD,0.14\r\n</textarea>") {
		t.Errorf("the page lacks the lines of the file: %s", a.Body)
	}
	if got := d.kept(); len(got) != 0 {
		t.Errorf("reading a file added %v", got)
	}
	send("file", "", 422).Shows("There are no rates in it.")
	send("other", "USD,1", 422).Shows("There are no rates in it.")
	send("file", "USD,\xff", 422).Shows("This file is not UTF-8 text.")
	send("file", "USD,\x00", 422).Shows("This file is not UTF-8 text.")
}

// What needs an operator's attention is said on the page, and an old rate on the overview too.
func TestCurrencies_warnings(t *testing.T) {
	d := open(t)
	d.b.Get("/admin").Wants(200).Hides("Old exchange rates")
	for _, c := range []exchange.Currency{
		{Code: "USD", Step: 100, Less: 1, Offered: true},
		{Code: "JPY", Step: 10},
	} {
		if err := d.Exchange.SaveCurrency(t.Context(), 1, c); err != nil {
			t.Fatal(err)
		}
		if err := d.Exchange.AddRate(t.Context(), exchange.NewRate{
			Currency:  c.Code,
			Rate:      "0.14",
			Confirmed: true,
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.b.Get("/admin/currencies").Wants(200).Hides("Old rates", "No provider takes")
	d.b.Get("/admin").Wants(200).Shows("Old exchange rates 0 Show")
	d.Advance(exchange.StaleAfter + time.Minute)
	b := d.Browser(d.olga.ID)
	b.Get("/admin/currencies").Wants(200).Shows("Old rates: USD", "more than 7 days ago", "Old rate")
	b.Get("/admin").Wants(200).Shows("Old exchange rates 1 Show")
}

// The list says who takes a currency, and warns where nobody does, or where prices end so that they can't be charged.
func TestCurrencies_takers(t *testing.T) {
	t.Parallel()
	p := financeview.CurrenciesPage{
		Base: "CNY",
		List: []exchange.Present{
			{Currency: exchange.Currency{Code: "GBP", Step: 1}},
			{Currency: exchange.Currency{Code: "HUF", Step: 10_000, Offered: true}},
			{Currency: exchange.Currency{Code: "ISK", Step: 10, Offered: true}},
			{Currency: exchange.Currency{Code: "KWD", Step: 5, Offered: true}},
		},
		Takers: map[string][]payment.Taker{
			"HUF": {{Name: "paypal", Multiple: 100, Least: 17_500}},
			"KWD": {{Name: "stripe", Multiple: 10}},
		},
		Untaken: []financeview.UntakenPrices{
			{Price: money.Of(100, "CNY"), Sum: money.Of(14, "ISK"), SKUs: 2}, // which nobody takes at all
			{Price: money.Of(100, "CNY"), Sum: money.Of(45, "KWD"), SKUs: 1},
		},
	}
	var out bytes.Buffer
	if err := financeview.Currencies(p).Render(text.With(t.Context(), text.For(text.En)), &out); err != nil {
		t.Fatal(err)
	}
	body := out.String()
	if strings.Contains(body, "in ISK<") { // it is said already that nobody takes it
		t.Error("prices in a currency without a provider are warned of twice")
	}
	for _, want := range []string{
		"No provider takes ISK<",
		`text-muted">From HUF 175.00<`,
		"One price can’t be paid by itself in KWD<",
		"CN¥1.00 becomes KWD 0.045.",
		`text-muted">Only multiples of HUF 1.00<`,
		`text-error">Only multiples of KWD 0.010<`,
		`text-muted">None takes it<`, // pounds are not offered
		`text-error">None takes it<`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// Published prices that no provider takes are counted by the currency in which it takes none.
func TestCurrencies_published_prices_that_nobody_takes(t *testing.T) {
	d := open(t, payment.Method{
		Currencies: []string{"CNY", "USD", "KWD"},
		Multiples:  map[string]int64{"KWD": 10},
		Least:      map[string]int64{"CNY": 10, "USD": 50},
	})
	for _, price := range []int64{0, 9, 100, 100, 300, 490, 500} {
		d.Video(price, -1)
	}
	if _, err := d.Pool.Exec(t.Context(), `update video_product_spu set status = 'taken_down' where id =
		(select spu_id from video_product_sku where id = $1)`, d.Video(200, -1)); err != nil {
		t.Fatal(err)
	}
	d.b.Get("/admin/currencies").Wants(200).Shows("One price can’t be paid by itself in CNY", "to be rounded: CN¥0.09. Set up a provider")
	for code, rate := range map[string]string{"USD": "0.1", "KWD": "0.042"} {
		d.saveCurrency(code, money.Of(1, code).Decimal(), "", 303)
		d.b.Post("/admin/currencies/rates", url.Values{
			"currency": {code}, "rate": {rate}, "confirmed": {"on"},
		}).Wants(303)
	}
	// In dollars 0.01, twice 0.10, 0.30 and 0.49 are too little; in dinars 0.042, 0.126 and 0.206 are no multiples of 0.010,
	// nor is 0.0038.
	d.b.Get("/admin/currencies").Wants(200).Shows("One price can’t be paid by itself in CNY",
		"5 prices can’t be paid by themselves in USD", "to be rounded: CN¥0.09 becomes $0.01.", "5 prices can’t be paid by themselves in KWD")
}
