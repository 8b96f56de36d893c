package alipay

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// The most characters of a subject and of a refund's reason, and the most bytes of a number.
const (
	maxSubject = 256
	maxReason  = 256
	maxNumber  = 64
)

// maxAmount is what one charge may be over, in fen: 100 million yuan.
const maxAmount = 100_000_000_00

// forbidden replaces what Alipay allows in no subject by the wide forms of the same characters.
var forbidden = strings.NewReplacer("/", "／", "=", "＝", "&", "＆")

// words makes a text that Alipay takes, of at most limit characters: the forbidden characters are replaced, and what is
// invisible, is no UTF-8 or has no place in the two-byte characters that its systems keep (emoji) is dropped.
func words(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case r == utf8.RuneError || r > 0xFFFF || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(forbidden.Replace(s)), " ")
	for i := range s {
		if limit == 0 {
			return strings.TrimSpace(s[:i])
		}
		limit--
	}
	return s
}

// isIdentifier reports whether s may be a number that a request carries: letters, digits and underscores.
func isIdentifier(s string) bool {
	return isWord(strings.ReplaceAll(s, "_", "")) && len(s) <= maxNumber
}

// isWord reports whether s is ASCII letters and digits, and not empty.
func isWord(s string) bool {
	for i := range len(s) {
		if !('0' <= s[i] && s[i] <= '9' || 'A' <= s[i] && s[i] <= 'Z' || 'a' <= s[i] && s[i] <= 'z') {
			return false
		}
	}
	return s != ""
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isPlain reports whether s may be a number of Alipay's or of another shop's: at most 64 visible ASCII characters, and
// not empty.
func isPlain(s string) bool { return payment.IsPlain(s, maxNumber) }

// yuan parses a sum such as 88.88, as answers, notices and statements write it. It reports whether the sum is one, with
// at most ten digits before the point, so that it is below money.MaxSum.
func yuan(s string) (money.Money, bool) {
	fen := money.ParseDecimal(s, Currency, 10)
	if strings.Contains(s, ",") || fen < 0 {
		return money.Money{}, false
	}
	return money.Of(fen, Currency), true
}
