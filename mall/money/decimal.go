package money

import (
	"strconv"
	"strings"
)

// Decimal writes minor units, 0 or more, as people type them: 19.90.
func Decimal(amount int64) string {
	s := strconv.FormatInt(amount, 10)
	for len(s) < 3 {
		s = "0" + s
	}
	return s[:len(s)-2] + "." + s[len(s)-2:]
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
