package earnings_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/exchange"
	"videomall/mall/ledger"
	"videomall/web/webtest"
)

// rate gives a currency a rate from now on.
func (s *studio) rate(t *testing.T, code, rate string) {
	t.Helper()
	if err := s.rates.SaveCurrency(t.Context(), s.olga.ID, exchange.Currency{Code: code, Step: 1}); err != nil {
		t.Fatal(err)
	}
	if err := s.rates.AddRate(t.Context(), exchange.NewRate{
		Currency:  code,
		Rate:      rate,
		Confirmed: true,
	}); err != nil {
		t.Fatal(err)
	}
}

func TestEarnings_settlement(t *testing.T) {
	s := open(t)
	s.creator.Get("/studio/earnings").Wants(200).Hides("Settlement currency") // there is nothing to choose
	s.rate(t, "USD", "0.14")
	form := s.creator.Get("/studio/earnings").Wants(200).Shows("Settlement currency").Form("/studio/earnings/settlement")
	form.Set("settlement", "EUR")
	s.creator.Post("/studio/earnings/settlement", form).Wants(422).Shows("Choose a currency from the list")
	form.Set("settlement", "USD")
	s.creator.Post("/studio/earnings/settlement", form).Wants(303)
	if a := s.creator.Get("/studio/earnings").Wants(200).Form("/studio/earnings/settlement"); a.Get("settlement") != "USD" {
		t.Errorf("the page has %q", a.Get("settlement"))
	}
	s.sold(t, 20000)
	s.clears(t)
	if err := s.books.SetDestination(t.Context(), s.carl.ID, ledger.Destination{
		Name:    "Carl",
		Account: "12345678",
	}); err != nil {
		t.Fatal(err)
	}
	page := s.creator.Get("/studio/earnings").Wants(200).
		Shows("Converted shares", "CN¥170.00", "1 CNY = 0.14 USD", "$23.80", "$1.40 to $23.80")
	ask := page.Form("/studio/earnings/payouts")
	ask.Set("amount", "1.39")
	s.creator.Post("/studio/earnings/payouts", ask).Wants(422).Shows("below the least sum")
	ask.Set("amount", "23.80")
	s.creator.Post("/studio/earnings/payouts", ask).Wants(303)
	s.operator.Get("/admin/payouts/1").Wants(200).Shows("$23.80", "CN¥170.00", "1 CNY = 0.14 USD")

	month := "/studio/earnings/statements/" + s.Now().UTC().Format("2006-01")
	s.creator.Get(month).Wants(200).Shows("-CN¥170.00",
		"Shares converted: CN¥170.00 to $23.80, 1 CNY = 0.14 USD")
	csv := s.creator.Get(month + "/csv").Wants(200).Body
	for _, line := range []string{",-170.00", ",23.80", "1 CNY = 0.14 USD"} {
		if !strings.Contains(csv, line) {
			t.Errorf("the CSV lacks %s: %s", line, csv)
		}
	}
	s.creator.Get(month + "/pdf").Wants(200)
	s.creator.Lang = "zh-CN"
	s.creator.Get("/studio/earnings").Wants(200).Shows("结算币种", "已换算的分成")
}

func TestBooks_exchange(t *testing.T) {
	s := open(t)
	const at = "/admin/books/exchange"
	s.creator.Get(at).Wants(404)
	s.operator.Get(at).Wants(200).Shows("Nothing has been converted yet", "at least one currency needs a rate")
	s.rate(t, "USD", "0.14")
	form := s.operator.Get(at).Wants(200).Form(at)
	form.Set("sold", "1000")
	form.Set("sold_currency", "CNY")
	form.Set("bought", "a lot")
	form.Set("bought_currency", "CNY")
	form.Set("day", "2199-01-01")
	s.operator.Post(at, form).Wants(422).Shows("Write a sum such as", "Choose a currency other than the one that was sold.", "Write the bank’s reference",
		"Choose a day within the last year")
	if n := webtest.Query[int64](s.Mall, "select count(*) from ledger_posting")[0]; n != 0 {
		t.Fatalf("a refused form booked %d postings", n)
	}
	form.Set("bought", "138.50")
	form.Set("bought_currency", "USD")
	form.Set("reference", "FX-7")
	form.Set("day", s.Now().Format(time.DateOnly))
	for range 2 { // the second click is the same exchange
		s.operator.Post(at, form).Wants(303)
	}
	s.operator.Get(at).Wants(200).Shows("The exchange is booked.", "FX-7", "CN¥1,000.00", "$138.50", "olga",
		"bought (above zero) and sold at banks")
	form.Set("key", "another")
	s.operator.Post(at, form).Wants(422).Shows("recorded for that day already")
	if n := webtest.Query[int64](s.Mall, "select count(*) from ledger_exchange")[0]; n != 1 {
		t.Errorf("exchanges: got %d, want 1", n)
	}
	s.Advance(24 * time.Hour)
	if err := s.books.Revalue(t.Context(), s.Taxes.Shop().Zone); err != nil {
		t.Fatal(err)
	}
	s.operator = s.Browser(s.olga.ID)
	s.operator.Get(at).Wants(200).Shows("Revaluations", "-CN¥10.71") // 138.50 dollars are worth 989.29
	s.operator.Get("/admin/books").Wants(200).Shows("The books are whole", "exchange_result").Hides("broken")
	s.operator.Post(at, url.Values{"sold": {"1"}}).Wants(422).Shows("A request needs a key")
	s.operator.Lang = "zh-CN"
	s.operator.Get(at).Wants(200).Shows("登记银行换汇", "每日估值")
}
