package money_test

import (
	"testing"

	"videomall/mall/money"
)

func TestParseDecimal_reads_what_Decimal_writes(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]int64{
		"19": 1900, "19.9": 1990, "19,90": 1990, "0.05": 5, ".5": 50, "7.": 700,
		"1234567.89": 123456789,
		"":           -1, ".": -1, "12345678": -1, "1.234": -1, "-1": -1, "+1": -1, "1 000": -1, " 1": -1, "1.2.3": -1,
		"1e3": -1,
		"٣":   -1,
	} {
		if got := money.ParseDecimal(typed, 7); got != want {
			t.Errorf("%q is read as %d, want %d", typed, got, want)
		}
	}
	for _, amount := range []int64{0, 5, 50, 99, 100, 1990, 123456789} {
		if got := money.ParseDecimal(money.Decimal(amount), 7); got != amount {
			t.Errorf("%d is written as %q, which is read as %d", amount, money.Decimal(amount), got)
		}
	}
	for amount, want := range map[int64]string{-1990: "-19.90", -5: "-0.05", 0: "0.00"} {
		if got := money.Decimal(amount); got != want {
			t.Errorf("%d is written as %q, want %q", amount, got, want)
		}
	}
}
