package exchange_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/mall/money"
)

// rates returns what is kept, by currency and moment.
func rates(t *testing.T, pool *pgxpool.Pool) (list []string) {
	t.Helper()
	rows, err := pool.Query(t.Context(), `select currency || ' ' || trim_scale(rate) || ' ' ||
		to_char(valid_from at time zone 'UTC', 'MM-DD HH24:MI') from exchange_rate order by currency, valid_from`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func TestExchange_AddFile(t *testing.T) {
	t.Parallel()
	x, _, pool := open(t)
	offer(t, x, "USD", 100, 1, "0.14")
	offer(t, x, "JPY", 10, 0, "21.5")
	add := func(text string, confirmed bool) (int, error) {
		return x.AddFile(t.Context(), exchange.File{
			Text:      strings.NewReader(text),
			Zone:      time.FixedZone("", 8*3600),
			Source:    "ECB",
			Confirmed: confirmed,
		})
	}
	for text, want := range map[string]string{
		"":                       "file exchange_lines_none",
		"currency,rate\n":        "file exchange_lines_none",
		"usd,0.141,2026-12-01\n": "",
		"USD,0.141,2026-12-02\nUSD;0.142\nGBP,1,2026-12-02": "2 exchange_line",
		"USD,0.141,2026-12-02\nGBP,1,2026-12-02\nEURO,1\nUSD,x,2026-12-02T10:00\nJPY,22,2026-11-29\nJPY,22,soon": "" +
			"2 exchange_currency_unknown 3 exchange_code 4 exchange_rate_form 5 exchange_rate_day 6 exchange_rate_day",
		"USD,0.141,2026-12-02\nJPY,22,2026-12-02\nUSD,0.142,2026-12-02T00:00+08:00": "3 exchange_rate_taken",
		"\ufeffcurrency,rate,from\n\nJPY,22,2026-12-02\nUSD,\"0.1":                  "4 exchange_line",
		"JPY,30,2026-12-02\nUSD,0.141,2026-12-03":                                   "1 exchange_rate_far",
		strings.Repeat("JPY,22\n", exchange.MaxRates+1):                             "file exchange_lines_most",
		strings.Repeat("JPY\n", exchange.MaxRates+1):                                "file exchange_lines_most",
	} {
		before := rates(t, pool)
		_, err := add(text, false)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		wrong := fault.From(err).Fields
		parts, told := strings.Fields(want), map[string]string{}
		for n := 0; n < len(parts); n += 2 {
			told[parts[n]] = parts[n+1]
		}
		if !errors.Is(err, exchange.ErrRates) || !maps.Equal(wrong, told) {
			t.Errorf("%.80q: %v %v, want %s", text, err, wrong, want)
		}
		if after := rates(t, pool); len(after) != len(before) {
			t.Errorf("%.80q: something of it was kept: %v", text, after)
		}
	}
	// Lines in any order: each is compared with the one before it.
	n, err := add("Currency,Rate,From\r\nJPY , 30.1 ,2026-12-05 09:00\r\n"+
		"JPY,25.5,2026-12-04T09:00\r\nJPY,22,2026-11-30\r\n", false)
	if n != 0 || fault.From(err).Fields["4"] != "exchange_rate_taken" { // it began with the mall
		t.Errorf("%d %v", n, err)
	}
	n, err = add("JPY , 30.1 ,2026-12-05 09:00\nJPY,25.5,2026-12-04T09:00\n", false)
	if n != 2 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if n, err = add("JPY,99,2026-12-06", true); n != 1 || err != nil {
		t.Errorf("confirmed: %d %v", n, err)
	}
	want := "[JPY 21.5 11-30 12:00 JPY 25.5 12-04 01:00 JPY 30.1 12-05 01:00 JPY 99 12-05 16:00 " +
		"USD 0.14 11-30 12:00 USD 0.141 11-30 16:00]"
	if got := fmt.Sprint(rates(t, pool)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestExchange_AddFile_today_is_now(t *testing.T) {
	t.Parallel()
	x, now, pool := open(t)
	offer(t, x, "USD", 100, 1, "0.14")
	now.at = start.Add(time.Hour)
	if _, err := x.AddFile(t.Context(), exchange.File{
		Text: strings.NewReader("USD,0.141,2026-11-30"),
		Zone: time.UTC,
	}); err != nil {
		t.Fatal(err)
	}
	if got := rates(t, pool); len(got) != 2 || got[1] != "USD 0.141 11-30 13:00" {
		t.Errorf("%v", got)
	}
}

// Two lists of the same rates at once: one of them is added, whole.
func TestExchange_AddRates_at_once(t *testing.T) {
	t.Parallel()
	x, _, pool := open(t)
	offer(t, x, "USD", 100, 1, "0.14")
	offer(t, x, "JPY", 10, 0, "21.5")
	at := start.Add(time.Hour)
	list := []exchange.NewRate{{Currency: "USD", Rate: "0.141", From: at}, {Currency: "JPY", Rate: "22", From: at}}
	done := make(chan error)
	for n := range 8 {
		go func() {
			if n%2 == 0 {
				done <- x.AddRates(t.Context(), list)
				return
			}
			done <- x.AddRates(t.Context(), []exchange.NewRate{list[1], list[0]})
		}()
	}
	added := 0
	for range 8 {
		switch err := <-done; {
		case err == nil:
			added++
		case !errors.Is(err, exchange.ErrRates) || fault.From(err).Fields["0.from"] != "exchange_rate_taken":
			t.Errorf("%v %v", err, fault.From(err).Fields)
		}
	}
	if got := rates(t, pool); added != 1 || len(got) != 4 {
		t.Errorf("%d added: %v", added, got)
	}
}

func TestExchange_Present(t *testing.T) {
	t.Parallel()
	x, now, _ := open(t)
	offer(t, x, "USD", 100, 1, "0.14")
	offer(t, x, "JPY", 10, 0, "21.5")
	for code, offered := range map[string]bool{"GBP": true, "JPY": false} {
		if err := x.SaveCurrency(t.Context(), 1, exchange.Currency{Code: code, Step: 10, Offered: offered}); err != nil {
			t.Fatal(err)
		}
	}
	for n, rate := range []string{"0.141", "0.142"} {
		if err := x.AddRate(t.Context(), exchange.NewRate{
			Currency: "USD",
			Rate:     rate,
			From:     start.Add(time.Duration(n+1) * 24 * time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
	}
	for after, want := range map[time.Duration]string{
		0:                                    "GBP - - false, JPY 21.5 - false, USD 0.14 0.141 false",
		24 * time.Hour:                       "GBP - - false, JPY 21.5 - false, USD 0.141 0.142 false",
		2*24*time.Hour + exchange.StaleAfter: "GBP - - false, JPY 21.5 - false, USD 0.142 - false",
		2*24*time.Hour + exchange.StaleAfter + time.Second: "GBP - - false, JPY 21.5 - false, USD 0.142 - true",
	} {
		now.at = start.Add(after)
		list, err := x.Present(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range list {
			present, next := "-", "-"
			if p.Rate != nil {
				present = p.Rate.Rate
			}
			if p.Next != nil {
				next = p.Next.Rate
			}
			got = append(got, fmt.Sprint(p.Code, " ", present, " ", next, " ", p.Stale(now.at)))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("after %s: %v, want %s", after, got, want)
		}
		if ages, err := x.Ages(t.Context()); err != nil || len(ages) != 1 || ages["USD"] > after {
			t.Errorf("after %s: ages %v, %v", after, ages, err)
		}
		if sum, err := x.TableOf(list).Price(money.Of(990, "CNY"), "JPY"); err != nil || sum != money.Of(210, "JPY") {
			t.Errorf("9.90 is %s, %v", sum, err)
		}
	}
}
