package money

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// usualDigits are the decimal digits of a code that is no currency.
const usualDigits = 2

// IsCurrency reports whether a code is a currency of ISO 4217.
func IsCurrency(code string) bool { return code != "" && currency.IsValid(code) }

// Digits returns how many decimal digits the minor unit of a currency has: 2 for CNY, 0 for JPY, 3 for KWD; 2 for a code
// that is no currency. It is the only source of them: golang.org/x/text/currency gives the digits in which prices are
// rounded, which are fewer for HUF, IDR, COP and IQD.
func Digits(code string) int {
	if digits, known := currency.GetDigits(code); known {
		return int(digits)
	}
	return usualDigits
}

// Minors returns how many minor units a unit of a currency has: 100 for CNY, 1 for JPY.
func Minors(code string) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(Digits(code))), nil))
}

// Decimal writes a sum with a point and with all digits of its currency, as forms and files hold it: 19.90, or 1990 in
// JPY.
func (m Money) Decimal() string {
	s, negative := strings.CutPrefix(strconv.FormatInt(m.Amount, 10), "-")
	if digits := Digits(m.Currency); digits > 0 {
		s = strings.Repeat("0", max(0, digits+1-len(s))) + s
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	if negative {
		return "-" + s
	}
	return s
}

// ParseDecimal reads a sum as people type it, 19 or 19.90 or 19,9, in minor units of a currency. At most the given number
// of digits may precede the point, and at most those of the currency follow it. It returns -1 when s is no such sum.
func ParseDecimal(s, currency string, before int) int64 {
	whole, part, _ := strings.Cut(strings.ReplaceAll(s, ",", "."), ".")
	digits := Digits(currency)
	if len(whole) > before || len(part) > digits || whole+part == "" {
		return -1
	}
	n, err := strconv.ParseUint("0"+whole+part+strings.Repeat("0", digits-len(part)), 10, 63)
	if err != nil {
		return -1
	}
	return int64(n)
}
