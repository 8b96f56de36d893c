package paypal

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"videomall/mall/money"
)

// errAmount says that a sum can't be expressed in the units of the other side.
var errAmount = errors.New("paypal: amount")

// digits lists the currencies in which PayPal takes payments, with the digits after the point that it permits. The
// forint and the Taiwan dollar have two in ISO 4217, but none at PayPal. The yuan is not paid across borders. BRL and MYR
// are taken by accounts of their countries alone: PayPal refuses others.
var digits = func() map[string]int {
	all := map[string]int{"HUF": 0, "JPY": 0, "TWD": 0}
	for code := range strings.FieldsSeq(`AUD BRL CAD CHF CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD`) {
		all[code] = 2
	}
	return all
}()

// Currencies returns the ISO 4217 codes of the currencies in which PayPal takes payments, sorted.
func Currencies() []string { return slices.Sorted(maps.Keys(digits)) }

// multiples returns, by currency, what sums of ours must be a multiple of where PayPal can't take every sum.
func multiples() map[string]int64 {
	all := map[string]int64{}
	for code, n := range digits {
		for ; n < money.Digits(code); n++ {
			all[code] = max(all[code], 1) * 10
		}
	}
	return all
}

// amount is a sum as PayPal writes it, such as "12.90" of "USD".
type amount struct {
	CurrencyCode string `json:"currency_code"`
	Value        string `json:"value"`
}

// ToPayPal returns a sum of ours, which must be above zero, as PayPal writes it. A sum that PayPal would have to round is
// refused: whoever pays must pay what was shown.
func ToPayPal(m money.Money) (value, currency string, err error) {
	to, known := digits[m.Currency]
	if !known {
		return "", "", fmt.Errorf("%w: %.10q is no currency that PayPal takes", errAmount, m.Currency)
	}
	if !m.Payable() {
		return "", "", fmt.Errorf("%w: %s can't be paid", errAmount, m)
	}
	value = m.Decimal()
	if whole, part, _ := strings.Cut(value, "."); len(part) > to {
		if strings.Trim(part[to:], "0") != "" {
			return "", "", fmt.Errorf("%w: %s can't be paid at PayPal without rounding", errAmount, m)
		}
		value = strings.TrimSuffix(whole+"."+part[:to], ".")
	}
	return value, m.Currency, nil
}

// amountOf is ToPayPal for a request.
func amountOf(m money.Money) (amount, error) {
	value, currency, err := ToPayPal(m)
	return amount{CurrencyCode: currency, Value: value}, err
}

var valueShape = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,3})?$`)

// FromPayPal returns a sum that PayPal names, which must be above zero, in our minor units.
func FromPayPal(value, currency string) (money.Money, error) {
	m, err := signedFromPayPal(value, currency)
	if err == nil && !m.Payable() {
		err = fmt.Errorf("%w: %.40q %.10q is no sum of a payment", errAmount, value, currency)
	}
	return m, err
}

// signedFromPayPal returns a sum of any sign, such as that of a fee. PayPal's reports write zeros after the point of
// currencies that have none there.
func signedFromPayPal(value, currency string) (money.Money, error) {
	if _, known := digits[currency]; !known {
		return money.Money{}, fmt.Errorf("%w: currency %.10q", errAmount, currency)
	}
	if !valueShape.MatchString(value) {
		return money.Money{}, fmt.Errorf("%w: %.40q is no number", errAmount, value)
	}
	unsigned, negative := strings.CutPrefix(value, "-")
	if strings.Contains(unsigned, ".") {
		unsigned = strings.TrimRight(unsigned, "0")
	}
	minor := money.ParseDecimal(unsigned, currency, 15)
	if minor < 0 {
		return money.Money{}, fmt.Errorf("%w: %s %s has a fraction of the smallest unit", errAmount, value, currency)
	}
	if negative {
		minor = -minor
	}
	return money.Of(minor, currency), nil
}

// money returns a sum of an answer.
func (a amount) money() (money.Money, error) { return FromPayPal(a.Value, a.CurrencyCode) }
