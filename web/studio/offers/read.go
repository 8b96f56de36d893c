package offers

import (
	"strconv"
	"strings"

	"videomall/mall/money"
	"videomall/web/formvalue"
)

// number reads a whole number with what stands around it.
func number(s string) int64 { return formvalue.Number(strings.TrimSpace(s)) }

// minor reads a sum of up to seven digits before the point, in minor units.
func minor(s string) int64 { return money.ParseDecimal(strings.TrimSpace(s), 7) }

// optional is 0 for a sum that was left empty.
func optional(s string) int64 {
	if strings.TrimSpace(s) == "" {
		return 0
	}
	return minor(s)
}

// majors writes minor units as people type them: 19.90; nothing for none.
func majors(amount int64) string {
	if amount == 0 {
		return ""
	}
	return money.Decimal(amount)
}

// count writes a number; nothing for 0.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
