package money

import (
	"strconv"
	"strings"
)

// Decimal writes minor units as people type them: 19.90, or -19.90 below zero.
func Decimal(amount int64) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(amount, 10), "-")
	for len(digits) < 3 {
		digits = "0" + digits
	}
	s := digits[:len(digits)-2] + "." + digits[len(digits)-2:]
	if negative {
		return "-" + s
	}
	return s
}

// ParseDecimal reads a sum as people type it, 19 or 19.90 or 19,9, in minor units, of at most digits before the point;
// -1, which every rule of prices refuses, when it is none.
func ParseDecimal(s string, digits int) int64 {
	whole, part, _ := strings.Cut(strings.ReplaceAll(s, ",", "."), ".")
	if len(whole) > digits || len(part) > 2 || whole+part == "" {
		return -1
	}
	n, err := strconv.ParseUint("0"+whole+(part + "00")[:2], 10, 63)
	if err != nil {
		return -1
	}
	return int64(n)
}
