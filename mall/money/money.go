// Package money owns sums of money in whole minor units of one ISO 4217 currency.
// It knows neither how a language writes them nor who owes them.
package money

import (
	"errors"
	"fmt"
	"math"
)

// ErrCurrency says that two sums have different currencies.
var ErrCurrency = errors.New("money: currencies differ")

// MaxSum is larger than the total of any order, in minor units: ten thousand million of a currency with two decimals. A
// larger sum from outside is refused on arrival, so that additions never leave the range of an int64.
const MaxSum = 1_000_000_000_000

// ErrOverflow says that a sum left the range of int64 minor units.
var ErrOverflow = errors.New("money: sum out of range")

// Money is a sum in minor units (fen, cents) with its ISO 4217 code. The zero value is a sum of zero in no currency.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Of returns a sum in minor units.
func Of(amount int64, currency string) Money { return Money{amount, currency} }

// Add returns m + o. If one of them is the zero value, it returns the other. Errors: ErrCurrency, ErrOverflow.
func (m Money) Add(o Money) (Money, error) {
	if m == (Money{}) {
		return o, nil
	}
	if o == (Money{}) {
		return m, nil
	}
	if m.Currency != o.Currency {
		return Money{}, fmt.Errorf("%w: %s and %s", ErrCurrency, m.Currency, o.Currency)
	}
	sum := m.Amount + o.Amount
	if (o.Amount > 0 && sum < m.Amount) || (o.Amount < 0 && sum > m.Amount) {
		return Money{}, ErrOverflow
	}
	return Money{sum, m.Currency}, nil
}

// Sub returns m - o. Errors: ErrCurrency, ErrOverflow.
func (m Money) Sub(o Money) (Money, error) {
	if o.Amount == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return m.Add(Money{-o.Amount, o.Currency})
}

// Times returns m * n for a count n >= 0. Errors: ErrOverflow.
func (m Money) Times(n int) (Money, error) {
	if n < 0 || (m.Amount != 0 && int64(n) > math.MaxInt64/abs(m.Amount)) {
		return Money{}, ErrOverflow
	}
	return Money{m.Amount * int64(n), m.Currency}, nil
}

// Payable reports whether a payment or a refund may have this sum: above zero, and at most MaxSum.
func (m Money) Payable() bool { return m.Amount > 0 && m.Amount <= MaxSum }

// IsZero reports whether the sum is zero, in any currency.
func (m Money) IsZero() bool { return m.Amount == 0 }

// String returns a form for logs, such as "990 CNY". Pages write sums in the reader's language.
func (m Money) String() string { return fmt.Sprintf("%d %s", m.Amount, m.Currency) }

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
