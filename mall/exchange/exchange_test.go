package exchange_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db/dbtest"
	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/mall/money"
)

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ at time.Time }

func open(t *testing.T) (*exchange.Exchange, *clock, *pgxpool.Pool) {
	t.Helper()
	c, pool := &clock{start}, dbtest.New(t)
	return exchange.New(exchange.Deps{
		Pool: pool,
		Now:  func() time.Time { return c.at },
		Base: "CNY",
	}), c, pool
}

func offer(t *testing.T, x *exchange.Exchange, code string, step, less int64, rate string) {
	t.Helper()
	c := exchange.Currency{
		Code:    code,
		Step:    step,
		Less:    less,
		Offered: true,
	}
	if err := x.SaveCurrency(t.Context(), 1, c); err != nil {
		t.Fatal(err)
	}
	if err := x.AddRate(t.Context(), exchange.NewRate{
		Currency:  code,
		Rate:      rate,
		Confirmed: true,
	}); err != nil {
		t.Fatal(err)
	}
}

func table(t *testing.T, x *exchange.Exchange) exchange.Table {
	t.Helper()
	list, err := x.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestTable_Price(t *testing.T) {
	t.Parallel()
	x, _, _ := open(t)
	offer(t, x, "USD", 50, 1, "0.14")
	offer(t, x, "JPY", 10, 0, "21.5")
	offer(t, x, "KWD", 5, 0, "0.0428")
	offer(t, x, "EUR", 1, 0, "0.12")
	rates := table(t, x)
	for _, c := range []struct {
		from money.Money
		want money.Money
	}{
		{money.Of(990, "CNY"), money.Of(149, "USD")},          // 1.386
		{money.Of(1, "CNY"), money.Of(49, "USD")},             // nothing is given away
		{money.Of(0, "CNY"), money.Of(0, "USD")},              // what is free stays free
		{money.Of(990, "CNY"), money.Of(210, "JPY")},          // 212.85
		{money.Of(1000, "CNY"), money.Of(220, "JPY")},         // 215, half way: the higher
		{money.Of(990, "CNY"), money.Of(425, "KWD")},          // 0.42372
		{money.Of(149, "USD"), money.Of(1064, "CNY")},         // the base has any price
		{money.Of(1000, "JPY"), money.Of(1990, "KWD")},        // 1.990697…
		{money.Of(19_900, "CNY"), money.Of(2388, "EUR")},      // 23.88
		{money.Of(1_000_000, "KWD"), money.Of(327099, "USD")}, // 3271.028
	} {
		got, err := rates.Price(c.from, c.want.Currency)
		if err != nil || got != c.want {
			t.Errorf("%s: %s %v, want %s", c.from, got, err, c.want)
		}
	}
	if _, err := rates.Price(money.Of(990, "CNY"), "GBP"); !errors.Is(err, exchange.ErrNoRate) {
		t.Errorf("a currency without a rate: %v", err)
	}
	if _, err := (exchange.Table{}).Price(money.Of(990, "CNY"), "USD"); !errors.Is(err, exchange.ErrNoRate) {
		t.Errorf("no table: %v", err)
	}
	if _, err := rates.Price(money.Of(money.MaxSum, "CNY"), "JPY"); err != nil {
		t.Errorf("the largest sum in yen: %v", err)
	}
	if _, err := rates.Convert(money.Of(money.MaxSum, "KWD"), "JPY"); err == nil && money.Digits("KWD") == 3 {
		t.Log("the largest sum fits")
	}
	if _, err := rates.Price(money.Of(money.MaxSum, "USD"), "CNY"); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("a sum beyond the largest: %v", err)
	}
}

// TestTable_Price_keeps_the_order of prices, so that a sale is never dearer than the normal price.
func TestTable_Price_keeps_the_order(t *testing.T) {
	t.Parallel()
	x, _, _ := open(t)
	offer(t, x, "USD", 100, 1, "0.1398")
	rates, last := table(t, x), money.Money{}
	for n := int64(1); n < 20_000; n++ {
		got, err := rates.Price(money.Of(n, "CNY"), "USD")
		if err != nil || got.Amount < last.Amount || got.Amount%100 != 99 {
			t.Fatalf("%d fen: %s after %s, %v", n, got, last, err)
		}
		last = got
	}
}

func TestTable_Convert(t *testing.T) {
	t.Parallel()
	x, _, _ := open(t)
	offer(t, x, "USD", 100, 1, "0.14")
	offer(t, x, "JPY", 10, 0, "21.5")
	rates := table(t, x)
	for _, c := range []struct{ from, want money.Money }{
		{money.Of(990, "CNY"), money.Of(139, "USD")},   // 138.6
		{money.Of(-990, "CNY"), money.Of(-139, "USD")}, // a refund is the mirror of a sale
		{money.Of(25, "CNY"), money.Of(4, "USD")},      // 3.5
		{money.Of(100, "USD"), money.Of(154, "JPY")},   // 153.57…
		{money.Of(7, "CNY"), money.Of(7, "CNY")},
	} {
		if got, err := rates.Convert(c.from, c.want.Currency); err != nil || got != c.want {
			t.Errorf("%s: %s %v, want %s", c.from, got, err, c.want)
		}
	}
}

func TestExchange_rates_begin_by_themselves(t *testing.T) {
	t.Parallel()
	x, now, _ := open(t)
	offer(t, x, "USD", 1, 0, "0.14")
	if err := x.AddRate(t.Context(), exchange.NewRate{
		Currency: "USD",
		Rate:     "0.15",
		From:     start.Add(time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]int64{
		0: 14, 59 * time.Minute: 14, time.Hour: 15, 2 * time.Hour: 15,
	} {
		now.at = start.Add(after)
		if got, _ := table(t, x).Price(money.Of(100, "CNY"), "USD"); got.Amount != want {
			t.Errorf("after %s: %s, want %d", after, got, want)
		}
	}
}

func TestTable_Offered(t *testing.T) {
	t.Parallel()
	x, _, _ := open(t)
	if got := table(t, x).Offered(); got != nil {
		t.Errorf("a shop of one currency offers %v", got)
	}
	if err := x.SaveCurrency(t.Context(), 1, exchange.Currency{Code: "GBP", Step: 1, Offered: true}); err != nil {
		t.Fatal(err)
	}
	if table(t, x).Offers("GBP") {
		t.Error("pounds are offered without a rate")
	}
	offer(t, x, "USD", 1, 0, "0.14")
	if got := table(t, x).Offered(); len(got) != 2 || got[0] != "CNY" || got[1] != "USD" {
		t.Errorf("offered %v", got)
	}
	if err := x.SaveCurrency(t.Context(), 1, exchange.Currency{Code: "USD", Step: 1}); err != nil {
		t.Fatal(err)
	}
	if table(t, x).Offers("USD") {
		t.Error("dollars are offered though they were taken back")
	}
	if _, err := table(t, x).Convert(money.Of(1, "USD"), "CNY"); err != nil {
		t.Errorf("what was sold in dollars can't be converted any more: %v", err)
	}
}

func TestExchange_AddRate_refuses(t *testing.T) {
	t.Parallel()
	x, _, pool := open(t)
	offer(t, x, "USD", 1, 0, "0.14")
	for name, n := range map[string]exchange.NewRate{
		"rate":     {Currency: "USD", Rate: "0"},
		"rate ":    {Currency: "USD", Rate: "-1"},
		"rate  ":   {Currency: "USD", Rate: "1e3"},
		"rate   ":  {Currency: "USD", Rate: "1/3"},
		"rate_":    {Currency: "USD", Rate: "0.1234567890123"},
		"rate__":   {Currency: "USD", Rate: "NaN"},
		"comma":    {Currency: "USD", Rate: "0,141", From: start.Add(time.Hour), Confirmed: true},
		"currency": {Currency: "CNY", Rate: "1"},
		"other":    {Currency: "ZZZ", Rate: "1"},
		"absent":   {Currency: "GBP", Rate: "1"},
		"past":     {Currency: "USD", Rate: "0.14", From: start.Add(-time.Hour)},
		"year":     {Currency: "USD", Rate: "0.14", From: start.AddDate(2, 0, 0)},
		"far":      {Currency: "USD", Rate: "1.4", From: start.Add(time.Hour)},
		"far down": {Currency: "USD", Rate: "0.1", From: start.Add(time.Hour)},
		"taken":    {Currency: "USD", Rate: "0.141", From: start},
	} {
		if err := x.AddRate(t.Context(), n); err == nil || fault.From(err).Kind == fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	var rates int
	if err := pool.QueryRow(t.Context(), "select count(*) from exchange_rate").Scan(&rates); err != nil || rates != 1 {
		t.Errorf("%d rates, %v; a refused one was kept", rates, err)
	}
	if err := x.AddRate(t.Context(), exchange.NewRate{
		Currency:  "USD",
		Rate:      "1.4",
		From:      start.Add(time.Hour),
		Confirmed: true,
	}); err != nil {
		t.Errorf("a rate that was confirmed: %v", err)
	}
}

// The first rate of a currency is compared with nothing, so that somebody has to say that it is meant.
func TestExchange_AddRate_first(t *testing.T) {
	t.Parallel()
	x, _, pool := open(t)
	for _, code := range []string{"USD", "EUR", "JPY"} {
		if err := x.SaveCurrency(t.Context(), 1, exchange.Currency{Code: code, Step: 1}); err != nil {
			t.Fatal(err)
		}
	}
	add := func(code, rate string, from time.Time, confirmed bool) error {
		return x.AddRate(t.Context(), exchange.NewRate{
			Currency:  code,
			Rate:      rate,
			From:      from,
			Confirmed: confirmed,
		})
	}
	later := start.Add(time.Hour)
	err := add("USD", "7.1", later, false)
	if !errors.Is(err, exchange.ErrRateFirst) || fault.From(err).Fields["rate"] != "exchange_rate_first" {
		t.Errorf("the first rate: %v", err)
	}
	for _, rate := range []string{"3,600", "0,141", "1,234,567"} {
		err := add("USD", rate, later, true)
		if !errors.Is(err, exchange.ErrRate) || fault.From(err).Fields["rate"] != "exchange_rate_comma" {
			t.Errorf("%s: %v", rate, err)
		}
	}
	if got := rates(t, pool); len(got) != 0 {
		t.Errorf("kept %v of rates that were refused", got)
	}
	if err := add("USD", "0,14", later, true); err != nil {
		t.Errorf("a first rate that was confirmed: %v", err)
	}
	if err := add("USD", "7.1", start, false); !errors.Is(err, exchange.ErrRateFirst) {
		t.Errorf("a rate before the first: %v", err)
	}
	if err := add("USD", "0.141", later.Add(time.Hour), false); err != nil {
		t.Errorf("a second rate: %v", err)
	}
	file := func(confirmed bool) error {
		_, err := x.AddFile(t.Context(), exchange.File{
			Text:      strings.NewReader("EUR,0.12\nEUR,0.125,2026-12-02\nJPY,21.5\nEUR,1.2,2026-12-03\n"),
			Zone:      time.UTC,
			Confirmed: confirmed,
		})
		return err
	}
	want := map[string]string{"1": "exchange_rate_first", "3": "exchange_rate_first", "4": "exchange_rate_far"}
	if err := file(false); !errors.Is(err, exchange.ErrRates) || !maps.Equal(fault.From(err).Fields, want) {
		t.Errorf("a file with first rates: %v", fault.From(err).Fields)
	}
	if got := fmt.Sprint(rates(t, pool)); got != "[USD 0.14 11-30 13:00 USD 0.141 11-30 14:00]" {
		t.Errorf("kept %s", got)
	}
	if err := file(true); err != nil || len(rates(t, pool)) != 6 {
		t.Errorf("a file that was confirmed: %v", err)
	}
}

func TestExchange_AddCurrency(t *testing.T) {
	t.Parallel()
	x, _, _ := open(t)
	c := exchange.Currency{
		Code:    "USD",
		Step:    100,
		Less:    1,
		Offered: true,
	}
	if err := x.AddCurrency(t.Context(), 1, c); err != nil {
		t.Fatal(err)
	}
	if err := x.AddCurrency(t.Context(), 1, exchange.Currency{Code: "USD", Step: 1}); !errors.Is(err,
		exchange.ErrCurrencyExists) {
		t.Errorf("a currency that exists: %v", err)
	}
	if list, err := x.Currencies(t.Context()); err != nil || len(list) != 1 || list[0] != c {
		t.Errorf("it became %v, %v", list, err)
	}
}

func TestTable_WithRate(t *testing.T) {
	t.Parallel()
	x, _, _ := open(t)
	offer(t, x, "USD", 1, 0, "0.14")
	was := table(t, x)
	for rate, want := range map[string]int64{"7.1": 7029, "": 139, "0": 139, "x": 139} {
		if got, err := was.WithRate("USD", rate).Price(money.Of(990, "CNY"), "USD"); err != nil || got.Amount != want {
			t.Errorf("%q: %s %v, want %d", rate, got, err, want)
		}
	}
	if got, err := was.Price(money.Of(990, "CNY"), "USD"); err != nil || got.Amount != 139 {
		t.Errorf("the table itself became %s %v", got, err)
	}
}

func TestExchange_RemoveRate(t *testing.T) {
	t.Parallel()
	x, now, _ := open(t)
	offer(t, x, "USD", 1, 0, "0.14")
	next := exchange.NewRate{
		Currency: "USD",
		Rate:     "0.15",
		From:     start.Add(time.Hour),
	}
	if err := x.AddRate(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	rates, err := x.Rates(t.Context(), 10)
	if err != nil || len(rates) != 2 || rates[0].Rate != "0.15" {
		t.Fatalf("rates %+v %v", rates, err)
	}
	if err := x.RemoveRate(t.Context(), 1, rates[1].ID); !errors.Is(err, exchange.ErrRateNotFound) {
		t.Errorf("a rate that has begun was removed: %v", err)
	}
	if err := x.RemoveRate(t.Context(), 1, rates[0].ID); err != nil {
		t.Fatal(err)
	}
	now.at = start.Add(2 * time.Hour)
	if got, _ := table(t, x).Price(money.Of(100, "CNY"), "USD"); got.Amount != 14 {
		t.Errorf("after the removed rate would have begun: %s", got)
	}
}
