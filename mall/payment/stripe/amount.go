package stripe

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"videomall/mall/money"
)

// errAmount says that a sum can't be expressed in the units of the other side.
var errAmount = errors.New("stripe: amount")

// unit is how Stripe counts a currency: in the digits of its amounts, and in what every amount must be a multiple of.
type unit struct {
	digits int
	step   int64
}

// Most currencies are counted in hundredths.
var hundredths = unit{digits: 2, step: 1}

// units lists the currencies in which Stripe takes payments. Where Stripe counts otherwise than ISO 4217, the row says
// why. HUF and TWD are whole numbers in payouts only; their payments have hundredths.
var units = func() map[string]unit {
	all := map[string]unit{}
	for code := range strings.FieldsSeq(`
		AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC
		CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD
		KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
		PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST
		XCD XCG YER ZAR ZMW`) {
		all[code] = hundredths
	}
	for code := range strings.FieldsSeq(`BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF`) {
		all[code] = unit{digits: 0, step: 1}
	}
	// In ISO 4217 the ariary has two digits, which name fifths; Stripe counts whole ones.
	all["MGA"] = unit{digits: 0, step: 1}
	// They have no smaller unit any more, but Stripe still counts hundredths, which must be 00.
	all["ISK"] = unit{digits: 2, step: 100}
	all["UGX"] = unit{digits: 2, step: 100}
	// Card networks count these in hundredths, so the last of three digits must be 0.
	for code := range strings.FieldsSeq(`BHD JOD KWD OMR TND`) {
		all[code] = unit{digits: 3, step: 10}
	}
	return all
}()

// Currencies returns the ISO 4217 codes of the currencies in which Stripe takes payments, sorted.
func Currencies() []string { return slices.Sorted(maps.Keys(units)) }

// multiples returns, by currency, what sums of ours must be a multiple of where Stripe can't take every sum.
func multiples() map[string]int64 {
	all := map[string]int64{}
	for code, u := range units {
		for sum := int64(1); ; sum *= 10 {
			if amount, exact := rescale(sum, money.Digits(code), u.digits); exact && amount%u.step == 0 {
				if sum > 1 {
					all[code] = sum
				}
				break
			}
		}
	}
	return all
}

// least is the smallest sum that Stripe charges, in minor units, as its table "Minimum and maximum charge amounts" at
// https://docs.stripe.com/currencies lists it. Stripe compares the sum in the currency in which the account is settled:
// where it converts, it may refuse a sum that is slightly above these. It publishes none for currencies that are not
// listed, among them CNY.
var least = map[string]int64{
	"AED": 2_00, "AUD": 50, "BGN": 1_00, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 15_00, "DKK": 2_50, "EUR": 50, "GBP": 30,
	"HKD": 4_00, "HUF": 175_00, "INR": 50, "JPY": 50, "MXN": 10_00, "MYR": 2_00, "NOK": 3_00, "NZD": 50, "PLN": 2_00,
	"RON": 2_00, "SEK": 3_00, "SGD": 50, "THB": 10_00, "USD": 50,
}

// ToStripe returns a sum of ours, which must be above zero, in the units in which Stripe counts its currency, and the
// currency's name there. A sum that Stripe would have to round is refused: whoever pays must pay what was shown.
func ToStripe(m money.Money) (amount int64, currency string, err error) {
	u, known := units[m.Currency]
	if !known {
		return 0, "", fmt.Errorf("%w: %.10q is no currency that Stripe takes", errAmount, m.Currency)
	}
	if !m.Payable() {
		return 0, "", fmt.Errorf("%w: %s can't be paid", errAmount, m)
	}
	amount, exact := rescale(m.Amount, money.Digits(m.Currency), u.digits)
	if !exact || amount%u.step != 0 {
		return 0, "", fmt.Errorf("%w: %s can't be paid at Stripe without rounding", errAmount, m)
	}
	return amount, strings.ToLower(m.Currency), nil
}

// FromStripe returns a sum that Stripe names, which must be above zero, in our minor units.
func FromStripe(amount int64, currency string) (money.Money, error) {
	m, err := signedFromStripe(amount, currency)
	if err == nil && !m.Payable() {
		err = fmt.Errorf("%w: %d %.10q is no sum of a payment", errAmount, amount, currency)
	}
	return m, err
}

// signedFromStripe returns a sum of any sign, such as that of a payout, which may be larger than any payment.
func signedFromStripe(amount int64, currency string) (money.Money, error) {
	code := strings.ToUpper(currency)
	u, known := units[code]
	if !known || currency != strings.ToLower(currency) {
		return money.Money{}, fmt.Errorf("%w: currency %.10q", errAmount, currency)
	}
	if amount > money.MaxSum*100 || amount < -money.MaxSum*100 {
		return money.Money{}, fmt.Errorf("%w: %d is out of range", errAmount, amount)
	}
	minor, exact := rescale(amount, u.digits, money.Digits(code))
	if !exact {
		return money.Money{}, fmt.Errorf("%w: %d %s has a fraction of the smallest unit", errAmount, amount, code)
	}
	return money.Of(minor, code), nil
}

// rescale moves the point of a sum that is at most a hundred times money.MaxSum.
func rescale(amount int64, from, to int) (rescaled int64, exact bool) {
	for ; from < to; from++ {
		amount *= 10
	}
	for ; from > to; from-- {
		if amount%10 != 0 {
			return 0, false
		}
		amount /= 10
	}
	return amount, true
}
