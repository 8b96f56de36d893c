package payment

import (
	"context"
	"fmt"
	"strings"

	"videomall/db"
	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// Known is a number that a search found. Kind is "attempt", "capture", "refund" or "channel_refund". Reference is what
// the payment is for; it is empty for money that nobody asked for.
type Known struct {
	Kind, Number, Reference, Provider, Status string
	Amount                                    money.Money
}

// Bounds of the length of a query.
const (
	minLookup = 4
	maxLookup = 200
)

// Lookup finds attempts and refunds whose number is q, and captures and refunds whose number at the provider begins
// with q; at most most of each.
func (p *Payments) Lookup(ctx context.Context, q string, most int) ([]Known, error) {
	q = strings.TrimSpace(q)
	if len(q) < minLookup || len(q) > maxLookup || !db.Storable(q) {
		return nil, nil
	}
	begins, ends := db.Prefix(q)
	rows, err := p.q.LookupReferences(ctx, p.pool, dbsqlc.LookupReferencesParams{
		Q:      q,
		Begins: begins,
		Ends:   ends,
		Most:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("look payments up: %w", err)
	}
	found := make([]Known, len(rows))
	for n, r := range rows {
		found[n] = Known{r.Kind, r.Number, r.Reference, r.Provider, r.Status, money.Of(r.Amount, r.Currency)}
	}
	return found, nil
}
