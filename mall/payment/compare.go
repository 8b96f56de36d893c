package payment

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// statementPatience bounds the call for one provider's statement, since a person waits for the page.
const statementPatience = 5 * time.Second

// Comparison compares our books with those of a provider in one currency.
type Comparison struct {
	Provider string
	Held     money.Money // captures less refunds, over all time
	Moved    money.Money // captures less refunds, on one UTC day
	Stated   money.Money // payments less refunds of that day, according to the provider's statement
	Silent   bool        // the provider gave no statement
}

// Compare compares, for every provider, the captures less the refunds with the provider's own statement, for the UTC
// day that contains day. It is no error if a provider does not answer in time: its Comparison is then Silent.
func (p *Payments) Compare(ctx context.Context, day time.Time) ([]Comparison, error) {
	since := day.UTC().Truncate(24 * time.Hour)
	held, err := p.q.Held(ctx, p.pool)
	if err != nil {
		return nil, fmt.Errorf("sums that providers hold: %w", err)
	}
	moved, err := p.q.MovedBetween(ctx, p.pool, dbsqlc.MovedBetweenParams{Since: since, Until: since.AddDate(0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("sums moved on %s: %w", since.Format(time.DateOnly), err)
	}
	list := make([]Comparison, len(held))
	stated := map[string]map[string]int64{} // by provider and currency
	for n, h := range held {
		if _, asked := stated[h.Provider]; !asked {
			stated[h.Provider] = p.stated(ctx, h.Provider, since)
		}
		sums := stated[h.Provider]
		list[n] = Comparison{
			Provider: h.Provider,
			Held:     money.Of(h.Amount, h.Currency),
			Moved:    money.Of(0, h.Currency),
			Stated:   money.Of(sums[h.Currency], h.Currency),
			Silent:   sums == nil,
		}
		for _, m := range moved {
			if m.Provider == h.Provider && m.Currency == h.Currency {
				list[n].Moved.Amount = m.Amount
			}
		}
	}
	return list, nil
}

// stated sums a provider's statement of a day by currency. It returns nil if there is no usable statement.
func (p *Payments) stated(ctx context.Context, name string, day time.Time) map[string]int64 {
	provider, err := p.Provider(name)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, statementPatience)
	defer cancel()
	lines, err := provider.Statement(ctx, day)
	if err != nil {
		return nil
	}
	sums := map[string]int64{}
	for _, l := range lines {
		if !l.Amount.Payable() {
			return nil // a statement with such a line proves nothing
		}
		amount := l.Amount.Amount
		if l.Kind == StatementRefund {
			amount = -amount
		}
		sums[l.Amount.Currency] += amount
	}
	return sums
}
