package exchange_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"videomall/mall/exchange"
	"videomall/mall/money"
)

func TestTable_Rate(t *testing.T) {
	t.Parallel()
	x, _, _ := open(t)
	offer(t, x, "USD", 1, 0, "0.14")
	offer(t, x, "JPY", 1, 0, "21.5")
	offer(t, x, "VND", 1, 0, "3660")
	rates := table(t, x)
	for _, c := range []struct{ from, to, want string }{
		{"CNY", "USD", "0.14"},
		{"USD", "CNY", "7.142857143"},
		{"USD", "JPY", "153.5714286"},
		{"CNY", "VND", "3660"},
		{"VND", "USD", "0.00003825136612"},
		{"JPY", "JPY", "1"},
	} {
		if got, err := rates.Rate(c.from, c.to); err != nil || got != c.want {
			t.Errorf("%s to %s: got %s, %v, want %s", c.from, c.to, got, err, c.want)
		}
	}
	if _, err := rates.Rate("CNY", "EUR"); !errors.Is(err, exchange.ErrNoRate) {
		t.Errorf("without a rate: %v", err)
	}
	if got := fmt.Sprint(rates.Rated(), exchange.Table{}.Rated()); got != "[CNY JPY USD VND] []" {
		t.Errorf("rated: %s", got)
	}
}

// The sum is rounded, not each part of it, and may be above that of any order.
func TestTable_Total(t *testing.T) {
	t.Parallel()
	x, _, _ := open(t)
	offer(t, x, "USD", 1, 0, "0.14")
	offer(t, x, "KWD", 1, 0, "0.0428")
	rates := table(t, x)
	for _, c := range []struct {
		sums []money.Money
		want int64
	}{
		{nil, 0},
		{[]money.Money{money.Of(1, "KWD"), money.Of(1, "KWD"), money.Of(1, "KWD")}, 7}, // 2.336… each
		{[]money.Money{money.Of(14, "USD"), money.Of(-100, "CNY")}, 0},
		{[]money.Money{money.Of(-7, "USD")}, -50},
		{[]money.Money{money.Of(7*money.MaxSum, "USD")}, 50 * money.MaxSum},
	} {
		if got, err := rates.Total(c.sums, "CNY"); err != nil || got != money.Of(c.want, "CNY") {
			t.Errorf("%v: got %v, %v, want %d", c.sums, got, err, c.want)
		}
	}
	if _, err := rates.Total([]money.Money{money.Of(1<<62, "USD")}, "CNY"); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("beyond 64 bits: %v", err)
	}
	if _, err := rates.Total([]money.Money{money.Of(1, "EUR")}, "CNY"); !errors.Is(err, exchange.ErrNoRate) {
		t.Errorf("without a rate: %v", err)
	}
}

func TestExchange_TableAt(t *testing.T) {
	t.Parallel()
	x, c, pool := open(t)
	offer(t, x, "USD", 1, 0, "0.14")
	c.at = start.Add(24 * time.Hour)
	offer(t, x, "USD", 1, 0, "0.15")
	for at, want := range map[time.Time]string{
		start: "0.14",
		start.Add(24*time.Hour - time.Microsecond): "0.14",
		start.Add(24 * time.Hour):                  "0.15",
		start.Add(100 * 24 * time.Hour):            "0.15",
	} {
		rates, err := x.TableAt(t.Context(), pool, at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rates.Rate("CNY", "USD"); err != nil || got != want {
			t.Errorf("at %s: got %s, %v, want %s", at, got, err, want)
		}
	}
	early, err := x.TableAt(t.Context(), pool, start.Add(-time.Microsecond))
	if err != nil || len(early.Rated()) != 1 {
		t.Errorf("before the first rate: %v, %v", early.Rated(), err)
	}
}
