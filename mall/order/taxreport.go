package order

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/tax"
)

// TaxSum is what was sold to a country at one rate in a time, and refunded in it, in minor units of a currency. Sold and
// Refunded are without tax. What was refunded may have been sold before.
type TaxSum struct {
	Country     string // where the buyers were; empty if that was unknown
	Kind        tax.Kind
	BasisPoints int // 0 unless Kind is tax.Standard
	Currency    string
	Sold        int64
	Tax         int64
	Refunded    int64
	TaxRefunded int64
}

// Owed is the tax that the shop owes the country for the time. It is below zero if more was refunded than sold.
func (s TaxSum) Owed() int64 { return s.Tax - s.TaxRefunded }

// TaxSums sums orders by country, rate and currency, from one moment to another. A sale counts when it was paid; a
// refund counts when it was recorded, and against that when it failed, as in the ledger. It leaves out orders from times
// without tax rates.
func (s *Orders) TaxSums(ctx context.Context, since, until time.Time) ([]TaxSum, error) {
	rows, err := s.q.TaxSums(ctx, s.deps.Pool, dbsqlc.TaxSumsParams{Since: since, Until: until})
	if err != nil {
		return nil, fmt.Errorf("taxes from %s to %s: %w", since, until, err)
	}
	sums := make([]TaxSum, len(rows))
	for n, r := range rows {
		sums[n] = TaxSum{
			Country:     r.Country,
			Kind:        tax.Kind(r.Kind),
			BasisPoints: int(r.Rate),
			Currency:    r.Currency,
			Sold:        r.Amount,
			Tax:         r.Tax,
			Refunded:    r.Back,
			TaxRefunded: r.TaxBack,
		}
	}
	return sums, nil
}
