// Package formvalue reads what people and addresses send as text: ids, versions, whole numbers, prices, moments, rows.
// What can't be read becomes a value that every rule refuses, so that each field is judged in one place, by the
// business. It also writes values as forms show them.
package formvalue

import (
	"strconv"
	"strings"
	"time"

	"videomall/mall/locale"
	"videomall/mall/money"
)

// Moment is how a browser sends a moment of a datetime-local field.
const Moment = "2006-01-02T15:04"

// Text reads a text in each language of the mall, from fields such as title_en and title_zh.
func Text(field func(name string) string, name string) locale.Text {
	return locale.Make(func(l locale.Lang) string { return field(name + "_" + l.Code()) })
}

// ID reads an id of an address or a form; 0, which finds nothing and begins a list, when it is none.
func ID(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Version reads the version that a page showed; -1, which matches none, when it is none.
func Version(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// Number reads a whole number of up to nine digits; -1 when it is none.
func Number(s string) int64 {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if err != nil || n > 999_999_999 {
		return -1
	}
	return int64(n)
}

// OptionalNumber is Number, but 0 when nothing was typed.
func OptionalNumber(s string) int64 {
	if strings.TrimSpace(s) == "" {
		return 0
	}
	return Number(s)
}

// Price reads a sum as people type it, 19 or 19.90 or 19,9, of up to seven digits before the point, in minor units of a
// currency; -1 when it is none.
func Price(s, currency string) int64 { return money.ParseDecimal(strings.TrimSpace(s), currency, 7) }

// OptionalPrice is Price, but 0 when nothing was typed.
func OptionalPrice(s, currency string) int64 {
	if strings.TrimSpace(s) == "" {
		return 0
	}
	return Price(s, currency)
}

// FormatNumber writes a number for a form, and nothing for 0.
func FormatNumber[T int | int64](n T) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// FormatPrice writes a sum as people type it, 19.90, and nothing for 0.
func FormatPrice(amount int64, currency string) string {
	if amount == 0 {
		return ""
	}
	return money.Of(amount, currency).Decimal()
}

// At reads a moment in the reader's zone; the zero time when it is none.
func At(s string, zone *time.Location) time.Time {
	for _, layout := range []string{Moment, "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), zone); err == nil {
			return t
		}
	}
	return time.Time{}
}
