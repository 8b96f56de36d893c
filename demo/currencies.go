package demo

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/account"
	"videomall/mall/exchange"
)

// currencies are offered besides the one of the prices, with the rates that they had about when this was written. No
// price of the demo becomes less than what a provider takes, such as 0.50 EUR at Stripe.
var currencies = []struct {
	exchange.Currency
	before, rate string // units for one yuan, when the history began and now
}{
	{exchange.Currency{Code: "EUR", Step: 50, Offered: true}, "0.1201", "0.1215"},
	{exchange.Currency{Code: "JPY", Step: 10, Offered: true}, "21.2", "21.9"},
	{exchange.Currency{Code: "USD", Step: 50, Offered: true}, "0.1392", "0.1411"},
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
	var clock time.Time
	audited, _ := s.at(&clock)
	rates := exchange.New(exchange.Deps{
		Pool:  s.pool,
		Now:   func() time.Time { return clock },
		Base:  currency,
		Audit: audited,
	})
	for _, begins := range []struct {
		at   time.Time
		rate func(int) string
	}{
		{s.now.AddDate(0, 0, -historyDays-1), func(n int) string { return currencies[n].before }},
		{s.now, func(n int) string { return currencies[n].rate }},
	} {
		clock = begins.at
		var list []exchange.NewRate
		for n, c := range currencies {
			if err := rates.SaveCurrency(ctx, operator.ID, c.Currency); err != nil {
				return fmt.Errorf("currency %s: %w", c.Code, err)
			}
			list = append(list, exchange.NewRate{
				Currency:  c.Code,
				Rate:      begins.rate(n),
				Source:    "demo",
				Confirmed: true,
				ActorID:   operator.ID,
			})
		}
		if err := rates.AddRates(ctx, list); err != nil {
			return fmt.Errorf("rates: %w", err)
		}
	}
	return nil
}
