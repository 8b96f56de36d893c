package config

import (
	"errors"
	"strconv"
	"strings"
)

// FeeRate is a share of a price in basis points: 1500 is 15 %.
type FeeRate int

// String writes the rate as parseFee reads it: 15%, 12.5%.
func (f FeeRate) String() string {
	s := strconv.FormatFloat(float64(f)/100, 'f', -1, 64)
	return s + "%"
}

// parseFee reads a percentage with up to two decimals. The percent sign may be left out.
func parseFee(v string) (FeeRate, error) {
	whole, decimals, _ := strings.Cut(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "%")), ".")
	if len(decimals) > 2 {
		return 0, errors.New("say percent with up to two decimals, such as 12.5%")
	}
	n, err := strconv.ParseUint(whole+(decimals + "00")[:2], 10, 16)
	if err != nil || whole == "" || n > 10000 {
		return 0, errors.New("say percent from 0% to 100%, such as 15%")
	}
	return FeeRate(n), nil
}
