package exchange

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"time"

	"videomall/mall/money"
)

// Table holds the rates of one moment. The zero Table knows no rate: it leaves sums as they are, and refuses others.
type Table struct {
	base       string
	currencies []Currency
	rates      map[string]*big.Rat // units of a currency for one of the base
}

func tableOf(base string, k known, at time.Time) Table {
	t := Table{
		base:       base,
		currencies: k.currencies,
		rates:      make(map[string]*big.Rat, len(k.rates)+1),
	}
	t.rates[base] = big.NewRat(1, 1)
	for _, r := range k.rates { // those of a currency in the order in which they begin
		if rate, ok := new(big.Rat).SetString(r.Rate); ok && !r.From.After(at) {
			t.rates[r.Currency] = rate
		}
	}
	return t
}

// WithRate returns the table with another rate of a currency, which it need not know otherwise. It is the same table if
// the rate is none.
func (t Table) WithRate(code, rate string) Table {
	r, ok := parseRate(rate)
	if !ok || r.Sign() <= 0 {
		return t
	}
	t.rates = maps.Clone(t.rates)
	t.rates[code] = r
	return t
}

// Offered lists the codes that viewers may choose: the base first, then those that are offered and have a rate, by code.
// It is empty if there is nothing to choose.
func (t Table) Offered() []string {
	var codes []string
	for _, c := range t.currencies {
		if c.Offered && c.Code != t.base && t.rates[c.Code] != nil {
			codes = append(codes, c.Code)
		}
	}
	if codes == nil {
		return nil
	}
	return append([]string{t.base}, codes...)
}

// Offers reports whether viewers may choose a currency.
func (t Table) Offers(code string) bool {
	return slices.Contains(t.Offered(), code)
}

// Version names what the table knows. Tables with the same version convert alike and offer the same currencies.
func (t Table) Version() string {
	h := fnv.New64a()
	for _, c := range t.currencies {
		fmt.Fprintf(h, "%s %d %d %t %v\n", c.Code, c.Step, c.Less, c.Offered, t.rates[c.Code])
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// Convert returns a sum in another currency, half a minor unit rounded away from zero. Errors: ErrNoRate if one of both
// currencies has no rate, money.ErrOverflow.
func (t Table) Convert(m money.Money, to string) (money.Money, error) {
	if m.Currency == to {
		return m, nil
	}
	sum, err := t.exact(m, to)
	if err != nil {
		return money.Money{}, err
	}
	return rounded(sum, to)
}

// Price returns a price in another currency as a shop writes it: the nearest that its step allows, the higher of two. A
// dearer price never becomes a cheaper one. What costs nothing costs nothing, and what costs something still does.
// Errors: as Convert.
func (t Table) Price(m money.Money, to string) (money.Money, error) {
	if m.Currency == to || m.IsZero() {
		return money.Of(m.Amount, to), nil
	}
	sum, err := t.exact(m, to)
	if err != nil {
		return money.Money{}, err
	}
	step, less := t.stepOf(to)
	// The nearest k*step - less: k is (sum + less) / step, rounded.
	k := new(big.Rat).Quo(sum.Add(sum, big.NewRat(less, 1)), big.NewRat(step, 1))
	steps, err := rounded(k, to)
	if err != nil {
		return money.Money{}, err
	}
	return inRange(max(steps.Amount, 1)*step-less, to)
}

func (t Table) stepOf(code string) (step, less int64) {
	for _, c := range t.currencies {
		if c.Code == code {
			return c.Step, c.Less
		}
	}
	return 1, 0
}

// exact returns a sum in minor units of another currency, not rounded.
func (t Table) exact(m money.Money, to string) (*big.Rat, error) {
	from, into := t.rates[m.Currency], t.rates[to]
	if from == nil || into == nil {
		return nil, fmt.Errorf("%w from %s to %s", ErrNoRate, m.Currency, to)
	}
	sum := new(big.Rat).SetInt64(m.Amount)
	sum.Mul(sum, into)
	sum.Quo(sum, from)
	sum.Mul(sum, money.Minors(to))
	return sum.Quo(sum, money.Minors(m.Currency)), nil
}

// rounded returns a sum in whole minor units, a half rounded away from zero.
func rounded(sum *big.Rat, currency string) (money.Money, error) {
	whole := whole(sum)
	if !whole.IsInt64() {
		return money.Money{}, money.ErrOverflow
	}
	return inRange(whole.Int64(), currency)
}

// whole returns the nearest whole number, a half rounded away from zero.
func whole(sum *big.Rat) *big.Int {
	two := new(big.Int).Lsh(sum.Num(), 1)
	if sum.Sign() < 0 {
		two.Sub(two, sum.Denom())
	} else {
		two.Add(two, sum.Denom())
	}
	return two.Quo(two, new(big.Int).Lsh(sum.Denom(), 1)) // toward zero
}

// inRange refuses sums that no order can have, so that sums of them stay in range too.
func inRange(amount int64, currency string) (money.Money, error) {
	if amount > money.MaxSum || amount < -money.MaxSum {
		return money.Money{}, money.ErrOverflow
	}
	return money.Of(amount, currency), nil
}
