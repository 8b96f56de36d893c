package insight

import (
	"math"
	"math/big"
	"slices"
	"strings"
)

// factorPlaces is how many decimals the database gets of a factor, to rank by.
const factorPlaces = 30

// Values says what sums are worth in one currency.
type Values struct {
	Currency string
	// Factors is what a minor unit of other currencies is worth, in minor units of Currency. Sums in a currency without a
	// factor are left out.
	Factors map[string]*big.Rat
}

// Of returns what sales in several currencies are worth together: orders, units and refunds are counted, and sums are
// converted and rounded once, half a minor unit upwards.
func (v Values) Of(list []Sold) Sold {
	total := Sold{Currency: v.Currency}
	gross, refunded := new(big.Rat), new(big.Rat)
	for _, s := range list {
		total.Orders, total.Units, total.Refunds = total.Orders+s.Orders, total.Units+s.Units, total.Refunds+s.Refunds
		v.add(gross, s.Gross, s.Currency)
		v.add(refunded, s.Refunded, s.Currency)
	}
	total.Gross, total.Refunded = rounded(gross), rounded(refunded)
	return total
}

// lack reports whether Of leaves out a sum of the list.
func (v Values) lack(list []Sold) bool {
	return slices.ContainsFunc(list, func(s Sold) bool {
		return v.factor(s.Currency) == nil && (s.Gross != 0 || s.Refunded != 0)
	})
}

// add adds what an amount is worth.
func (v Values) add(sum *big.Rat, amount int64, currency string) {
	if factor := v.factor(currency); factor != nil {
		worth := new(big.Rat).SetInt64(amount)
		sum.Add(sum, worth.Mul(worth, factor))
	}
}

// factor returns nil for a currency without one.
func (v Values) factor(currency string) *big.Rat {
	if currency == v.Currency {
		return big.NewRat(1, 1)
	}
	return v.Factors[currency]
}

// columns returns the currencies that have a factor, and the factors as decimals.
func (v Values) columns() (currencies, factors []string) {
	currencies = []string{v.Currency}
	for c := range v.Factors {
		if c != v.Currency {
			currencies = append(currencies, c)
		}
	}
	slices.SortFunc(currencies[1:], strings.Compare)
	for _, c := range currencies {
		factors = append(factors, v.factor(c).FloatString(factorPlaces))
	}
	return currencies, factors
}

// rounded returns a sum that is not below zero in whole minor units, the largest if it is larger.
func rounded(sum *big.Rat) int64 {
	n := new(big.Int).Lsh(sum.Num(), 1)
	n.Add(n, sum.Denom())
	n.Quo(n, new(big.Int).Lsh(sum.Denom(), 1))
	if !n.IsInt64() {
		return math.MaxInt64
	}
	return n.Int64()
}
