package exchange

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"videomall/mall/money"
)

// digits is how many significant digits a rate is written with, for people to read.
const digits = 10

// TableAt returns the rates that held at a moment, which may be long ago. It reads them anew each time.
func (x *Exchange) TableAt(ctx context.Context, q Querier, at time.Time) (Table, error) {
	k, err := x.read(ctx, q, at)
	if err != nil {
		return Table{}, err
	}
	return tableOf(x.deps.Base, k, at), nil
}

// Base returns the currency that the rates are counted in; empty for the zero Table.
func (t Table) Base() string { return t.base }

// Rated lists the codes of all currencies that sums can be converted to, whether viewers may choose them or not: the
// base first, then those that have a rate, by code. The zero Table has none.
func (t Table) Rated() []string {
	if t.rates == nil {
		return nil
	}
	var codes []string
	for code := range t.rates {
		if code != t.base {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return append([]string{t.base}, codes...)
}

// Rate returns how many units of a currency one unit of another is worth, as a decimal of ten significant digits such
// as 0.1398. Errors: ErrNoRate.
func (t Table) Rate(from, to string) (string, error) {
	a, b := t.rates[from], t.rates[to]
	if a == nil || b == nil {
		return "", fmt.Errorf("%w from %s to %s", ErrNoRate, from, to)
	}
	rate := new(big.Rat).Quo(b, a)
	places := digits
	for whole := new(big.Int).Quo(rate.Num(), rate.Denom()); whole.Sign() > 0 && places > 0; places-- {
		whole.Quo(whole, big.NewInt(10))
	}
	for scaled, one := new(big.Rat).Set(rate), big.NewRat(1, 10); scaled.Cmp(one) < 0; places++ {
		scaled.Mul(scaled, big.NewRat(10, 1))
	}
	s := rate.FloatString(places)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s, nil
}

// Factor returns how many minor units of a currency one minor unit of another is worth. Errors: ErrNoRate.
func (t Table) Factor(from, to string) (*big.Rat, error) { return t.exact(money.Of(1, from), to) }

// Total returns what sums are worth together in a currency, rounded once, half a minor unit away from zero. Unlike a
// price it may be any sum that an int64 holds. Errors: ErrNoRate, money.ErrOverflow.
func (t Table) Total(sums []money.Money, to string) (money.Money, error) {
	total := new(big.Rat)
	for _, m := range sums {
		worth, err := t.exact(m, to)
		if err != nil {
			return money.Money{}, err
		}
		total.Add(total, worth)
	}
	whole := whole(total)
	if !whole.IsInt64() {
		return money.Money{}, money.ErrOverflow
	}
	return money.Of(whole.Int64(), to), nil
}
