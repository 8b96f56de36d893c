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

// ParseDecimal parses a sum as people type it, such as 19, 19.90 or 19,9, and returns it in minor units. It allows at
// most so many digits before the point. It returns -1, which every rule of prices refuses, if s is no such sum.
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
