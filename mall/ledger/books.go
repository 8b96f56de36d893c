package ledger

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// Balances lists every account with what it holds, by name and currency.
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

// Family is what accounts of one kind hold together.
type Family struct {
	Name     string // an account's name, up to the colon unless it is a channel
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

// Imbalances sums all accounts, a currency each. Anything but zero means that the books are broken.
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

// Recent lists up to most postings, the newest first, those before an id unless that is 0.
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
