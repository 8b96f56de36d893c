package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ProviderFee is what a provider agreed to keep of a payment: a share of the sum in basis points, and a fixed part in
// minor units.
type ProviderFee struct {
	BasisPoints int
	Fixed       int64
}

// ProviderFees are the agreed fees by the provider's name.
type ProviderFees map[string]ProviderFee

// String writes the fees as parseProviderFees reads them: alipay=0.6%,stripe=2.9%+30.
func (f ProviderFees) String() string {
	var list []string
	for name, fee := range f {
		s := name + "=" + FeeRate(fee.BasisPoints).String()
		if fee.Fixed != 0 {
			s += "+" + strconv.FormatInt(fee.Fixed, 10)
		}
		list = append(list, s)
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

// maxFixedFee bounds the fixed part, in minor units.
const maxFixedFee = 100_000

func parseProviderFees(v string) (ProviderFees, error) {
	fees := ProviderFees{}
	for part := range strings.SplitSeq(v, ",") {
		if v == "" {
			break
		}
		name, fee, ok := strings.Cut(strings.TrimSpace(part), "=")
		share, fixed, more := strings.Cut(fee, "+")
		rate, err := parseFee(share)
		if _, twice := fees[name]; !ok || err != nil || name == "" || twice {
			return nil, fmt.Errorf("%q is not like stripe=2.9%%+30", part)
		}
		one := ProviderFee{BasisPoints: int(rate)}
		if more {
			one.Fixed, err = strconv.ParseInt(fixed, 10, 64)
			if err != nil || one.Fixed < 0 || one.Fixed > maxFixedFee {
				return nil, fmt.Errorf("%q has no fixed part from 0 to %d", part, maxFixedFee)
			}
		}
		fees[name] = one
	}
	return fees, nil
}
