package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"videomall/mall/money"
)

// ProviderFee is what a provider agreed to keep of a payment: a share of the sum in basis points, and a fixed part by
// currency, in its minor units. Without any fixed part the fee is the share alone.
type ProviderFee struct {
	BasisPoints int
	Fixed       map[string]int64
}

// ProviderFees are the agreed fees by the provider's name.
type ProviderFees map[string]ProviderFee

// String writes the fees as parseProviderFees reads them: alipay=0.6%,stripe=2.9%+0.25 EUR+0.30 USD.
func (f ProviderFees) String() string {
	var list []string
	for name, fee := range f {
		s := name + "=" + FeeRate(fee.BasisPoints).String()
		for _, code := range slices.Sorted(maps.Keys(fee.Fixed)) {
			s += "+" + money.Of(fee.Fixed[code], code).Decimal() + " " + code
		}
		list = append(list, s)
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

// maxFixedFee bounds the fixed part, in minor units.
const maxFixedFee = 100_000

// oldFixedFee is how fixed parts were written when they had no currency.
var oldFixedFee = regexp.MustCompile(`^[0-9]+$`)

func parseProviderFees(v string) (ProviderFees, error) {
	fees := ProviderFees{}
	for part := range strings.SplitSeq(v, ",") {
		if v == "" {
			break
		}
		name, fee, ok := strings.Cut(strings.TrimSpace(part), "=")
		parts := strings.Split(fee, "+")
		rate, err := parseFee(strings.TrimSpace(parts[0]))
		if _, twice := fees[name]; !ok || err != nil || name == "" || twice {
			return nil, fmt.Errorf("%q is not like stripe=2.9%%+0.30 USD", part)
		}
		one := ProviderFee{BasisPoints: int(rate)}
		for _, fixed := range parts[1:] {
			sum, err := parseFixedFee(fixed)
			if err != nil {
				return nil, fmt.Errorf("%q %w", part, err)
			}
			if _, twice := one.Fixed[sum.Currency]; twice {
				return nil, fmt.Errorf("%q has two fixed parts in %s", part, sum.Currency)
			}
			if one.Fixed == nil {
				one.Fixed = map[string]int64{}
			}
			one.Fixed[sum.Currency] = sum.Amount
		}
		fees[name] = one
	}
	return fees, nil
}

// parseFixedFee reads a fixed part, such as "0.30 USD". The error continues a sentence about where it stands.
func parseFixedFee(s string) (money.Money, error) {
	number, code, _ := strings.Cut(strings.TrimSpace(s), " ")
	code = strings.TrimSpace(code)
	if code == "" && oldFixedFee.MatchString(number) {
		return money.Money{}, errors.New("has a fixed part without its currency: instead of minor units such as +30 " +
			"write a sum with its code, such as stripe=2.9%+0.30 USD")
	}
	if !money.IsCurrency(code) {
		return money.Money{}, errors.New("has a fixed part that is not like 0.30 USD")
	}
	amount := money.ParseDecimal(number, code, 6)
	if amount < 0 || amount > maxFixedFee {
		return money.Money{}, fmt.Errorf("has no fixed part from 0 to %s with %d decimals",
			money.Of(maxFixedFee, code).Decimal(), money.Digits(code))
	}
	return money.Of(amount, code), nil
}
