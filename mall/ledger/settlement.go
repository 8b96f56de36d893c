package ledger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/exchange"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// Settlement is the currency in which a creator settles.
type Settlement struct {
	Currency string   // empty: each share stays in the currency of its sale
	Choices  []string // the base currency first; empty if there is no other one with a rate
}

// SetSettlement sets the currency in which a creator settles, or none for "". What clears from now on is converted to
// it at the rate of the day on which it clears, if both currencies have one then; what has cleared stays as it is. An
// available balance that is below zero, in whatever currency, is filled first. Errors: ErrPayoutInvalid with the field
// "settlement" for a currency without a rate.
func (l *Ledger) SetSettlement(ctx context.Context, creatorID int64, currency string) error {
	return db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		table, err := l.tableTx(ctx, tx, l.now())
		if err != nil {
			return err
		}
		if currency != "" && !slices.Contains(table.Rated(), currency) {
			return ErrPayoutInvalid.With("settlement", "settlement_unknown")
		}
		payee, err := l.lockPayeeTx(ctx, tx, creatorID)
		if err != nil {
			return err
		}
		if was := payee.SettlementCurrency; was != nil && *was == currency || was == nil && currency == "" {
			return nil
		}
		if err := l.q.SetSettlement(ctx, tx, dbsqlc.SetSettlementParams{
			CreatorID: creatorID,
			Currency:  currency,
		}); err != nil {
			return fmt.Errorf("store the settlement currency of creator %d: %w", creatorID, err)
		}
		return nil
	})
}

// SettlementOf reads the currency in which a creator settles, and those that may be chosen.
func (l *Ledger) SettlementOf(ctx context.Context, creatorID int64) (s Settlement, err error) {
	payee, err := l.q.Payee(ctx, l.deps.Pool, creatorID)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Settlement{}, fmt.Errorf("payee %d: %w", creatorID, err)
	}
	if payee.SettlementCurrency != nil {
		s.Currency = *payee.SettlementCurrency
	}
	rated, err := l.Currencies(ctx)
	if len(rated) > 1 {
		s.Choices = rated
	}
	return s, err
}

// Currencies lists the currencies that sums can be converted to, the base first; none if the books never convert.
func (l *Ledger) Currencies(ctx context.Context) ([]string, error) {
	table, err := l.tableTx(ctx, l.deps.Pool, l.now())
	return table.Rated(), err
}

// LeastPayouts returns the smallest payout in the currency of each account, in minor units.
func (l *Ledger) LeastPayouts(ctx context.Context, accounts []Account) (map[string]int64, error) {
	table, err := l.tableTx(ctx, l.deps.Pool, l.now())
	if err != nil {
		return nil, err
	}
	least := make(map[string]int64, len(accounts))
	for _, a := range accounts {
		least[a.Currency] = l.least(table, a.Currency)
	}
	return least, nil
}

// least returns Terms.MinPayout in a currency, and its number as it stands if there is no rate.
func (l *Ledger) least(table exchange.Table, currency string) int64 {
	least := l.deps.Terms.MinPayout
	converted, err := table.Convert(money.Of(least, table.Base()), currency)
	switch {
	case err == nil:
		least = converted.Amount
	case !noRate(err):
		least = math.MaxInt64
	}
	return max(least, 1)
}

// worth returns what a sum is worth in the base currency, in minor units, and its number as it stands if there is no
// rate.
func worth(table exchange.Table, sum money.Money) int64 {
	total, err := table.Total([]money.Money{sum}, table.Base())
	switch {
	case err == nil:
		return total.Amount
	case noRate(err):
		return sum.Amount
	}
	return math.MaxInt64
}
