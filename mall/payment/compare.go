package payment

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// statementPatience bounds the question for one provider's statement, while a person waits for the page.
const statementPatience = 5 * time.Second

// Comparison is what a provider has of ours in one currency, by our books and by its own.
type Comparison struct {
	Provider string
	Held     money.Money // captures less what came back of them, over all time
	Moved    money.Money // the same of one day of UTC
	Stated   money.Money // that day by the provider's statement
	Silent   bool        // the provider gave no statement
}

// Compare sets what every provider took less what it gave back beside the provider's own statement of the day of UTC
// that a moment lies in. A provider that does not answer in time is silent, and no error.
func (p *Payments) Compare(ctx context.Context, day time.Time) ([]Comparison, error) {
	since := day.UTC().Truncate(24 * time.Hour)
	held, err := p.q.Held(ctx, p.pool)
	if err != nil {
		return nil, fmt.Errorf("what providers hold: %w", err)
	}
	moved, err := p.q.MovedBetween(ctx, p.pool, dbsqlc.MovedBetweenParams{Since: since, Until: since.AddDate(0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("what moved on %s: %w", since.Format(time.DateOnly), err)
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

// stated sums a provider's statement of a day by currency; nil when there is none to be had.
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
