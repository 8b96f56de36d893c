package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/calendar"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// Account is a creator's account in one currency, in minor units. Available is below zero if refunds have taken back
// money that was paid out before; the next shares that clear fill it.
type Account struct {
	Currency  string
	Available int64
	Held      int64 // not cleared yet
	Reserved  int64 // in payouts that were requested and are not paid yet
	PaidOut   int64 // the sum of all payouts
}

// Owed is the sum that the mall owes the creator: available, held or reserved.
func (a Account) Owed() int64 { return a.Available + a.Held + a.Reserved }

// AccountsOf reads a creator's accounts, one for each currency. A creator who never earned anything has none.
func (l *Ledger) AccountsOf(ctx context.Context, creatorID int64) ([]Account, error) {
	return l.accountsTx(ctx, l.deps.Pool, creatorID)
}

func (l *Ledger) accountsTx(ctx context.Context, q dbsqlc.DBTX, creatorID int64) ([]Account, error) {
	rows, err := l.q.BalancesOf(ctx, q, owed(creatorID))
	if err != nil {
		return nil, fmt.Errorf("accounts of creator %d: %w", creatorID, err)
	}
	paid, err := l.q.PaidOut(ctx, q, creatorID)
	if err != nil {
		return nil, fmt.Errorf("payouts of creator %d: %w", creatorID, err)
	}
	var list []Account
	in := func(currency string) *Account {
		n := slices.IndexFunc(list, func(a Account) bool { return a.Currency == currency })
		if n < 0 {
			list, n = append(list, Account{Currency: currency}), len(list)
		}
		return &list[n]
	}
	for _, r := range rows {
		a := in(r.Currency)
		switch {
		case strings.HasPrefix(r.Account, Held):
			a.Held = -r.Amount
		case strings.HasPrefix(r.Account, Available):
			a.Available = -r.Amount
		default:
			a.Reserved = -r.Amount
		}
	}
	for _, r := range paid {
		in(r.Currency).PaidOut = r.Amount
	}
	slices.SortFunc(list, func(a, b Account) int { return strings.Compare(a.Currency, b.Currency) })
	return list, nil
}

// FreeTx returns the sum of a creator's held and available money in each currency, in minor units, which no payout has
// reserved. It keeps payouts from reserving it until the transaction ends.
func (l *Ledger) FreeTx(ctx context.Context, tx pgx.Tx, creatorID int64) (map[string]int64, error) {
	if _, err := l.lockPayeeTx(ctx, tx, creatorID); err != nil {
		return nil, err
	}
	accounts, err := l.accountsTx(ctx, tx, creatorID)
	if err != nil {
		return nil, err
	}
	free := make(map[string]int64, len(accounts))
	for _, a := range accounts {
		free[a.Currency] = a.Available + a.Held
	}
	return free, nil
}

// Clearing is the sum that becomes available on a day.
type Clearing struct {
	Day    time.Time
	Amount money.Money
}

// ClearingOf lists the days of a zone on which a creator's held money clears, the next day first.
func (l *Ledger) ClearingOf(ctx context.Context, creatorID int64, z calendar.Zone) ([]Clearing, error) {
	span, err := l.q.HeldSpan(ctx, l.deps.Pool, creatorID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("span of the held earnings of creator %d: %w", creatorID, err)
	}
	first := z.DayOf(span.First)
	rows, err := l.q.Held(ctx, l.deps.Pool, dbsqlc.HeldParams{
		CreatorID: creatorID,
		Starts:    z.Starts(first, z.DayOf(span.Last)),
	})
	if err != nil {
		return nil, fmt.Errorf("held earnings of creator %d: %w", creatorID, err)
	}
	out := make([]Clearing, len(rows))
	for i, r := range rows {
		out[i] = Clearing{first.AddDate(0, 0, int(r.Day)-1), money.Of(r.Share, r.Currency)}
	}
	return out, nil
}

// Day sums up what a creator sold on a day, in minor units. Back is what was refunded of these same sales since.
type Day struct {
	Day      time.Time
	Currency string
	Units    int
	Amount   int64
	Fee      int64
	Back     int64
	FeeBack  int64
}

// Share is the creator's share of the day's sales, less refunds.
func (d Day) Share() int64 { return d.Amount - d.Fee - d.Back + d.FeeBack }

// DaysOf lists a creator's sales on the last days of a zone, up to today, the last day first.
func (l *Ledger) DaysOf(ctx context.Context, creatorID int64, z calendar.Zone, days int) ([]Day, error) {
	today := z.DayOf(l.now())
	first := today.AddDate(0, 0, 1-days)
	starts := z.Starts(first, today)
	rows, err := l.q.SalesByDay(ctx, l.deps.Pool, dbsqlc.SalesByDayParams{
		CreatorID: creatorID,
		Since:     starts[0],
		Starts:    starts,
	})
	if err != nil {
		return nil, fmt.Errorf("sales of creator %d: %w", creatorID, err)
	}
	out := make([]Day, len(rows))
	for i, r := range rows {
		out[i] = Day{
			Day:      first.AddDate(0, 0, int(r.Day)-1),
			Currency: r.Currency,
			Units:    int(r.Units),
			Amount:   r.Amount,
			Fee:      r.Fee,
			Back:     r.AmountBack,
			FeeBack:  r.FeeBack,
		}
	}
	return out, nil
}
