package exchange

import (
	"context"
	"time"
)

// StaleAfter is the age above which the rate of an offered currency wants attention. The large currencies move by about
// one percent against each other in a week, which is as much as rounding to shop prices takes or gives anyway; beyond
// that the shop begins to sell dearer or cheaper than it means to.
const StaleAfter = 7 * 24 * time.Hour

// Present is a currency with the rate that holds now and the one that follows, nil where there is none.
type Present struct {
	Currency
	Rate *Rate
	Next *Rate
}

// Age is how long ago the present rate began; 0 without one.
func (p Present) Age(now time.Time) time.Duration {
	if p.Rate == nil {
		return 0
	}
	return max(now.Sub(p.Rate.From), 0)
}

// Stale reports whether viewers may choose a currency whose rate is older than StaleAfter.
func (p Present) Stale(now time.Time) bool { return p.Offered && p.Age(now) > StaleAfter }

// Present lists the currencies besides the base, by code, with their rates as the database has them now.
func (x *Exchange) Present(ctx context.Context) ([]Present, error) {
	now := x.deps.Now()
	k, err := x.read(ctx, x.deps.Pool, now)
	if err != nil {
		return nil, err
	}
	list := make([]Present, len(k.currencies))
	for n, c := range k.currencies {
		list[n].Currency = c
		for _, r := range k.rates { // those of a currency in the order in which they begin
			switch {
			case r.Currency != c.Code:
			case !r.From.After(now):
				list[n].Rate = &r
			case list[n].Next == nil:
				list[n].Next = &r
			}
		}
	}
	return list, nil
}

// Ages returns how old the present rates of the offered currencies are, by currency.
func (x *Exchange) Ages(ctx context.Context) (map[string]time.Duration, error) {
	list, err := x.Present(ctx)
	if err != nil {
		return nil, err
	}
	ages, now := map[string]time.Duration{}, x.deps.Now()
	for _, p := range list {
		if p.Offered && p.Rate != nil {
			ages[p.Code] = p.Age(now)
		}
	}
	return ages, nil
}

// TableOf is the Table of what Present has returned.
func (x *Exchange) TableOf(list []Present) Table {
	var k known
	for _, p := range list {
		k.currencies = append(k.currencies, p.Currency)
		if p.Rate != nil {
			k.rates = append(k.rates, *p.Rate)
		}
	}
	return tableOf(x.deps.Base, k, x.deps.Now())
}
