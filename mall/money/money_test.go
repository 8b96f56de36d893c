package money_test

import (
	"errors"
	"math"
	"testing"

	"videomall/mall/money"
)

func TestMoney_Payable(t *testing.T) {
	t.Parallel()
	for amount, want := range map[int64]bool{
		1: true, money.MaxSum: true, 0: false, -1: false, money.MaxSum + 1: false,
		math.MaxInt64: false, math.MinInt64: false,
	} {
		if got := money.Of(amount, "CNY").Payable(); got != want {
			t.Errorf("%d: %v", amount, got)
		}
	}
}

func TestMoney_Add_currency_and_range(t *testing.T) {
	t.Parallel()
	cny := func(n int64) money.Money { return money.Of(n, "CNY") }
	if got, err := cny(990).Add(cny(10)); err != nil || got != cny(1000) {
		t.Fatalf("990 + 10 = %v, %v", got, err)
	}
	if got, err := cny(990).Sub(cny(1000)); err != nil || got != cny(-10) {
		t.Fatalf("990 - 1000 = %v, %v", got, err)
	}
	if got, err := (money.Money{}).Add(cny(5)); err != nil || got != cny(5) {
		t.Fatalf("0 + 5 = %v, %v", got, err)
	}
	if got, err := cny(330).Times(3); err != nil || got != cny(990) {
		t.Fatalf("330 * 3 = %v, %v", got, err)
	}
	if _, err := cny(1).Add(money.Of(1, "USD")); !errors.Is(err, money.ErrCurrency) {
		t.Fatalf("CNY + USD: %v", err)
	}
	for name, f := range map[string]func() (money.Money, error){
		"add up":      func() (money.Money, error) { return cny(math.MaxInt64).Add(cny(1)) },
		"add down":    func() (money.Money, error) { return cny(math.MinInt64).Add(cny(-1)) },
		"sub lowest":  func() (money.Money, error) { return cny(0).Sub(cny(math.MinInt64)) },
		"times large": func() (money.Money, error) { return cny(math.MaxInt64 / 2).Times(3) },
		"times minus": func() (money.Money, error) { return cny(5).Times(-1) },
	} {
		if got, err := f(); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
