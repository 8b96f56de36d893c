package offers

import (
	"strconv"
	"strings"
	"time"
)

// typed is how a browser sends a moment of a datetime-local field.
const typed = "2006-01-02T15:04"

func moment(s string, zone *time.Location) time.Time {
	for _, layout := range []string{typed, "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), zone); err == nil {
			return t
		}
	}
	return time.Time{}
}

// number reads a whole number of up to nine digits; -1, which every rule refuses, when it is none.
func number(s string) int64 {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if err != nil || n > 999_999_999 {
		return -1
	}
	return int64(n)
}

// minor reads a sum as people type it, 19 or 19.90 or 19,9, in minor units; -1 when it is none.
func minor(s string) int64 {
	whole, part, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(s), ",", "."), ".")
	if len(whole) > 7 || len(part) > 2 || whole+part == "" {
		return -1
	}
	n, err := strconv.ParseUint("0"+whole+(part + "00")[:2], 10, 32)
	if err != nil {
		return -1
	}
	return int64(n)
}

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
	s := strconv.FormatInt(amount, 10)
	for len(s) < 3 {
		s = "0" + s
	}
	return s[:len(s)-2] + "." + s[len(s)-2:]
}

// count writes a number; nothing for 0.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
