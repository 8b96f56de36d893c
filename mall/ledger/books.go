package ledger

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// Balances lists the balance of every account, by name and currency.
func (l *Ledger) Balances(ctx context.Context) ([]Balance, error) {
	rows, err := l.q.Balances(ctx, l.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("balances: %w", err)
	}
	out := make([]Balance, len(rows))
	for i, r := range rows {
		out[i] = Balance{r.Account, money.Of(r.Amount, r.Currency)}
	}
	return out, nil
}

// Family is the sum of all accounts of one kind.
type Family struct {
	Name     string // the name of the accounts: up to the colon, or the whole name of a channel's account
	Accounts int
	Amount   money.Money
}

// Families sums the books by the kind of their accounts.
func (l *Ledger) Families(ctx context.Context) ([]Family, error) {
	rows, err := l.q.Families(ctx, l.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("sum the accounts: %w", err)
	}
	out := make([]Family, len(rows))
	for i, r := range rows {
		out[i] = Family{r.Family, int(r.Accounts), money.Of(r.Amount, r.Currency)}
	}
	return out, nil
}

// Imbalances sums all accounts, for each currency. If a sum is not zero, the books are wrong.
func (l *Ledger) Imbalances(ctx context.Context) ([]money.Money, error) {
	rows, err := l.q.Imbalances(ctx, l.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("sum the books: %w", err)
	}
	out := make([]money.Money, len(rows))
	for i, r := range rows {
		out[i] = money.Of(r.Amount, r.Currency)
	}
	return out, nil
}

// Booked is a posting with its number and time.
type Booked struct {
	ID int64
	At time.Time
	Posting
}

// Recent lists at most most postings, the newest first, starting after the one with the id before, or with the newest
// if that is 0.
func (l *Ledger) Recent(ctx context.Context, before int64, most int) ([]Booked, error) {
	rows, err := l.q.RecentPostings(ctx, l.deps.Pool, dbsqlc.RecentPostingsParams{Before: before, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("recent postings: %w", err)
	}
	out, at, ids := make([]Booked, len(rows)), map[int64]int{}, make([]int64, len(rows))
	for i, r := range rows {
		out[i] = Booked{
			ID:      r.ID,
			At:      r.At,
			Posting: Posting{Kind: r.Kind, Reference: r.Reference},
		}
		at[r.ID], ids[i] = i, r.ID
	}
	lines, err := l.q.LinesOfPostings(ctx, l.deps.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("lines of recent postings: %w", err)
	}
	for _, line := range lines {
		b := &out[at[line.PostingID]]
		b.Lines = append(b.Lines, Line{line.Account, money.Of(line.Amount, line.Currency)})
	}
	return out, nil
}
