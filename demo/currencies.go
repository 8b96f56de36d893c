package demo

import (
	"context"
	"fmt"

	"videomall/mall/account"
	"videomall/mall/exchange"
)

// currencies are offered besides the one of the prices, with the rates that they had about when this was written. No
// price of the demo becomes less than what a provider takes, such as 0.50 EUR at Stripe.
var currencies = []struct {
	exchange.Currency
	rate string // units for one yuan
}{
	{exchange.Currency{Code: "EUR", Step: 50, Offered: true}, "0.1215"},
	{exchange.Currency{Code: "JPY", Step: 10, Offered: true}, "21.9"},
	{exchange.Currency{Code: "USD", Step: 50, Offered: true}, "0.1411"},
}

// currencies offers the currencies of the demo in a mall that has none.
func (s *seeder) currencies(ctx context.Context) error {
	there, err := s.mall.Exchange.Currencies(ctx)
	if err != nil || len(there) > 0 {
		return err
	}
	operator, err := s.mall.Accounts.ByEmail(ctx, emailOf(account.RoleOperator))
	if err != nil {
		return err
	}
	var rates []exchange.NewRate
	for _, c := range currencies {
		if err := s.mall.Exchange.SaveCurrency(ctx, operator.ID, c.Currency); err != nil {
			return fmt.Errorf("currency %s: %w", c.Code, err)
		}
		rates = append(rates, exchange.NewRate{
			Currency:  c.Code,
			Rate:      c.rate,
			Source:    "demo",
			Confirmed: true,
			ActorID:   operator.ID,
		})
	}
	return s.mall.Exchange.AddRates(ctx, rates)
}
