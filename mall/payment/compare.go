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
	Day      time.Time   // the beginning of the day, in the zone of the provider's statements
	Moved    money.Money // captures less refunds, on that day
	Stated   money.Money // payments less refunds of that day, according to the provider's statement
	Silent   bool        // the provider gave no statement
}

// Compare compares, for every provider, the captures less the refunds with the provider's own statement, for the
// provider's day that contains at. It is no error if a provider does not answer in time: its Comparison is then Silent.
func (p *Payments) Compare(ctx context.Context, at time.Time) ([]Comparison, error) {
	held, err := p.q.Held(ctx, p.pool)
	if err != nil {
		return nil, fmt.Errorf("sums that providers hold: %w", err)
	}
	list := make([]Comparison, len(held))
	days := map[string]providerDay{}
	for n, h := range held {
		day, known := days[h.Provider]
		if !known {
			if day, err = p.dayOf(ctx, h.Provider, at); err != nil {
				return nil, err
			}
			days[h.Provider] = day
		}
		list[n] = Comparison{
			Provider: h.Provider,
			Held:     money.Of(h.Amount, h.Currency),
			Day:      day.begins,
			Moved:    money.Of(day.moved[h.Currency], h.Currency),
			Stated:   money.Of(day.stated[h.Currency], h.Currency),
			Silent:   day.stated == nil,
		}
	}
	return list, nil
}

// providerDay is a day of a provider by currency, in our books and in its statement, which is nil if there is none.
type providerDay struct {
	begins        time.Time
	moved, stated map[string]int64
}

func (p *Payments) dayOf(ctx context.Context, name string, at time.Time) (providerDay, error) {
	zone := time.UTC
	provider, unknown := p.Provider(name)
	if unknown == nil {
		zone = provider.Zone()
	}
	year, month, date := at.In(zone).Date()
	day := providerDay{time.Date(year, month, date, 0, 0, 0, 0, zone), map[string]int64{}, nil}
	moved, err := p.q.MovedBetween(ctx, p.pool, dbsqlc.MovedBetweenParams{
		Provider: name,
		Since:    day.begins,
		Until:    day.begins.AddDate(0, 0, 1),
	})
	if err != nil {
		return day, fmt.Errorf("sums of %s moved on %s: %w", name, day.begins.Format(time.DateOnly), err)
	}
	for _, m := range moved {
		day.moved[m.Currency] = m.Amount
	}
	if unknown == nil {
		day.stated = stated(ctx, provider, at)
	}
	return day, nil
}

// stated sums a provider's statement of a day by currency. It returns nil if there is no usable statement.
func stated(ctx context.Context, provider Provider, day time.Time) map[string]int64 {
	ctx, cancel := context.WithTimeout(ctx, statementPatience)
	defer cancel()
	sums := map[string]int64{}
	for l, err := range provider.Statement(ctx, day) {
		if err != nil {
			return nil
		}
		if l.Foreign || l.Kind == StatementCredit || l.Kind == StatementDebit {
			continue // a payout to the bank may have any sum
		}
		if !l.Amount.Payable() {
			return nil // a statement with such a line proves nothing
		}
		switch l.Kind {
		case StatementPayment, StatementRefundReturned, StatementDisputeWon:
			sums[l.Amount.Currency] += l.Amount.Amount
		case StatementRefund, StatementDispute:
			sums[l.Amount.Currency] -= l.Amount.Amount
		}
	}
	return sums
}
