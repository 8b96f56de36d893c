package webtest

import (
	"context"
	"math/big"

	"videomall/mall/exchange"
	"videomall/mall/insight"
)

// Offer lets viewers choose a currency at a rate to the yuan. Prices are multiples of step less less, in minor units.
func (m *Mall) Offer(code, rate string, step, less int64) {
	m.t.Helper()
	m.must(m.Exchange.SaveCurrency(m.t.Context(), 1, exchange.Currency{
		Code:    code,
		Step:    step,
		Less:    less,
		Offered: true,
	}))
	m.Rate(code, rate)
}

// Rate gives a currency another rate from now on.
func (m *Mall) Rate(code, rate string) {
	m.t.Helper()
	m.must(m.Exchange.AddRate(m.t.Context(), exchange.NewRate{
		Currency:  code,
		Rate:      rate,
		Confirmed: true,
	}))
}

// Withdraw lets nobody choose a currency any more.
func (m *Mall) Withdraw(code string) {
	m.t.Helper()
	m.must(m.Exchange.SaveCurrency(m.t.Context(), 1, exchange.Currency{Code: code, Step: 1}))
}

// Values says what sales are worth in yuan, at the rates of now.
func (m *Mall) Values(ctx context.Context, _ int64, _ insight.Range) (insight.Values, error) {
	table, err := m.Exchange.Table(ctx)
	v := insight.Values{Currency: table.Base(), Factors: map[string]*big.Rat{}}
	for _, currency := range table.Rated() {
		factor, e := table.Factor(currency, v.Currency)
		m.must(e)
		v.Factors[currency] = factor
	}
	return v, err
}
