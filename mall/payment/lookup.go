package payment

import (
	"context"
	"fmt"
	"strings"

	"videomall/db"
	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// Known is a number of money's way as a search finds it. Kind is "attempt", "capture", "refund" or "channel_refund";
// Reference is the payer's, empty for money that nobody asked for.
type Known struct {
	Kind, Number, Reference, Provider, Status string
	Amount                                    money.Money
}

// Bounds of what is looked for.
const (
	minLookup = 4
	maxLookup = 200
)

// Lookup finds attempts and refunds by our own numbers in full, and captures and refunds by how the provider's numbers
// begin; up to most of each.
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
