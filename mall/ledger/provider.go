package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
)

// The kinds of postings by which a provider's account follows the provider's own statement.
const (
	KindProviderFee = "provider_fee" // what a provider kept on one of its days
	KindSettlement  = "settlement"   // what came in or left on such a day besides sales, refunds and disputes
)

// The accounts of such postings.
const (
	ProviderFees = "provider_fees" // what providers kept, an expense
	Settlements  = "settlements"   // what providers paid out to the bank, and what they corrected
)

// DayAtProvider is what a provider's statement of one day says besides sales, refunds and disputes: the fees that it
// kept, and what came in (below zero: left). Each currency occurs at most once in either.
type DayAtProvider struct {
	Provider string
	Day      string // as the provider counts days: "2026-03-20"
	Fees     []money.Money
	Settled  []money.Money
}

// DayAtProviderTx books a day's fees and settlements within the caller's transaction, once for each provider and day,
// so that the provider's account holds what the provider says it holds.
func (l *Ledger) DayAtProviderTx(ctx context.Context, tx pgx.Tx, d DayAtProvider) error {
	fees := Posting{Kind: KindProviderFee, Reference: d.Provider + "/" + d.Day}
	for _, fee := range d.Fees {
		fees.Lines = append(fees.Lines, Line{Channel + d.Provider, neg(fee)}, Line{ProviderFees, fee})
	}
	settled := Posting{Kind: KindSettlement, Reference: d.Provider + "/" + d.Day}
	for _, sum := range d.Settled {
		settled.Lines = append(settled.Lines, Line{Channel + d.Provider, sum}, Line{Settlements, neg(sum)})
	}
	for _, p := range []Posting{fees, settled} {
		if len(p.Lines) == 0 {
			continue
		}
		if _, err := l.PostTx(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

// ProviderDays sums, by account and currency, what DayAtProviderTx booked on the accounts of providers.
func (l *Ledger) ProviderDays(ctx context.Context) ([]Balance, error) {
	rows, err := l.q.ProviderDays(ctx, l.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("fees and settlements of providers: %w", err)
	}
	out := make([]Balance, len(rows))
	for n, r := range rows {
		out[n] = Balance{r.Account, money.Of(r.Amount, r.Currency)}
	}
	return out, nil
}
