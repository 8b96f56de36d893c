package webtest

import "videomall/mall/exchange"

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
