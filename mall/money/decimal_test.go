package money_test

import (
	"testing"

	"videomall/mall/money"
)

func TestParseDecimal_reads_what_Decimal_writes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency, typed string
		want            int64
	}{
		{"CNY", "19", 1900},
		{"CNY", "19.9", 1990},
		{"CNY", "19,90", 1990},
		{"CNY", "0.05", 5},
		{"CNY", ".5", 50},
		{"CNY", "7.", 700},
		{"CNY", "1234567.89", 123456789},
		{"CNY", "", -1},
		{"CNY", ".", -1},
		{"CNY", "12345678", -1},
		{"CNY", "1.234", -1},
		{"CNY", "-1", -1},
		{"CNY", "+1", -1},
		{"CNY", "1 000", -1},
		{"CNY", " 1", -1},
		{"CNY", "1.2.3", -1},
		{"CNY", "1e3", -1},
		{"CNY", "٣", -1},
		{"JPY", "1990", 1990},
		{"JPY", "1990.", 1990},
		{"JPY", "19.9", -1},
		{"JPY", ".", -1},
		{"KWD", "1.234", 1234},
		{"KWD", "1.2", 1200},
		{"KWD", "1.2345", -1},
	} {
		if got := money.ParseDecimal(c.typed, c.currency, 7); got != c.want {
			t.Errorf("%q in %s: got %d, want %d", c.typed, c.currency, got, c.want)
		}
	}
	for _, currency := range []string{"CNY", "JPY", "KWD", ""} {
		for _, amount := range []int64{0, 5, 50, 99, 100, 1990, 1234567} {
			written := money.Of(amount, currency).Decimal()
			if got := money.ParseDecimal(written, currency, 7); got != amount {
				t.Errorf("%d in %q is written as %q, which is read as %d", amount, currency, written, got)
			}
		}
	}
}

func TestMoney_Decimal(t *testing.T) {
	t.Parallel()
	for m, want := range map[money.Money]string{
		money.Of(-1990, "CNY"): "-19.90",
		money.Of(-5, "CNY"):    "-0.05",
		money.Of(0, "CNY"):     "0.00",
		money.Of(-5, "JPY"):    "-5",
		money.Of(0, "JPY"):     "0",
		money.Of(-5, "KWD"):    "-0.005",
		money.Of(5, ""):        "0.05",
	} {
		if got := m.Decimal(); got != want {
			t.Errorf("%s: got %q, want %q", m, got, want)
		}
	}
}

// TestDigits compares with ISO 4217. golang.org/x/text/currency gives 0 for the last four.
func TestDigits(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{
		"CNY": 2, "USD": 2, "JPY": 0, "KRW": 0, "KWD": 3, "XYZ": 2, "": 2,
		"HUF": 2, "IDR": 2, "COP": 2, "IQD": 3,
	} {
		if got := money.Digits(code); got != want {
			t.Errorf("%s: got %d digits, want %d", code, got, want)
		}
	}
}

func TestIsCurrency(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"CNY": true, "JPY": true, "KWD": true, "": false, "XXX": false, "cny": false, "CNYX": false, "C1Y": false,
	} {
		if got := money.IsCurrency(code); got != want {
			t.Errorf("%q: got %v", code, got)
		}
	}
}
