package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/calendar"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/locale"
)

// Statement says what happened to a creator's money in one month of a zone, with one Book for each currency.
type Statement struct {
	CreatorID int64
	Zone      calendar.Zone
	Month     time.Time // its first day
	Open      bool      // whether the month is not over
	Books     []Book
}

// Book is a statement in one currency; amounts are minor units. Opening and Closing are what the mall owed the creator
// according to the accounts, available, held or reserved. There is no statement unless
// Closing = Opening + Net of all videos − Paid + Adjusted + Exchanged.
type Book struct {
	Currency    string
	Opening     int64
	Videos      []VideoLine
	Payouts     []PaidLine
	Adjustments []AdjustedLine
	Converted   []ConvertedLine
	Closing     int64
}

// VideoLine sums up the sales and refunds of one video during the month, both including the mall's fee. A refund that
// failed later is subtracted from the refunds of the month in which it failed.
type VideoLine struct {
	Subject int64
	Title   locale.Text
	Units   int
	Sales   int64
	Fee     int64
	Refunds int64
	FeeBack int64
}

// Net is what the creator earned with the video.
func (v VideoLine) Net() int64 { return v.Sales - v.Fee - v.Refunds + v.FeeBack }

// PaidLine is a payout that was paid, or with an amount below zero one that the bank returned.
type PaidLine struct {
	PayoutID int64
	At       time.Time
	Amount   int64
}

// AdjustedLine is an adjustment by an operator.
type AdjustedLine struct {
	At     time.Time
	Reason string
	Amount int64
}

// Total sums the videos.
func (b Book) Total() (t VideoLine) {
	for _, v := range b.Videos {
		t.Units = t.Units + v.Units
		t.Sales = t.Sales + v.Sales
		t.Fee = t.Fee + v.Fee
		t.Refunds = t.Refunds + v.Refunds
		t.FeeBack = t.FeeBack + v.FeeBack
	}
	return t
}

// Paid sums the payouts.
func (b Book) Paid() (sum int64) {
	for _, p := range b.Payouts {
		sum += p.Amount
	}
	return sum
}

// Adjusted sums the adjustments.
func (b Book) Adjusted() (sum int64) {
	for _, a := range b.Adjustments {
		sum += a.Amount
	}
	return sum
}

// Since is the first moment of the month.
func (s Statement) Since() time.Time { return s.Zone.Start(s.Month) }

// Until is the first moment after the month.
func (s Statement) Until() time.Time { return s.Zone.Start(s.Month.AddDate(0, 1, 0)) }

// Months lists the months of a zone for which a creator has a statement, the last first.
func (l *Ledger) Months(ctx context.Context, creatorID int64, z calendar.Zone) ([]time.Time, error) {
	first, err := l.firstMonth(ctx, creatorID, z)
	if errors.Is(err, ErrNoStatement) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var months []time.Time
	for m := z.MonthOf(l.now()); !m.Before(first); m = m.AddDate(0, -1, 0) {
		months = append(months, m)
	}
	return months, nil
}

func (l *Ledger) firstMonth(ctx context.Context, creatorID int64, z calendar.Zone) (time.Time, error) {
	at, err := l.q.FirstMoment(ctx, l.deps.Pool, creatorID)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, ErrNoStatement.Because("creator %d never earned anything", creatorID)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("first month of creator %d: %w", creatorID, err)
	}
	return z.MonthOf(at), nil
}

// Statement draws up a creator's statement for a month of a zone, which is named by its first day. The statement is
// provisional while the month is not over. It is drawn up anew each time, so that after a change of the zone all months
// are those of the new zone and still add up to the balance. Errors: ErrNoStatement for a future month, or a month
// before the creator's first.
func (l *Ledger) Statement(ctx context.Context, creatorID int64, z calendar.Zone,
	month time.Time,
) (s Statement, err error) {
	first, err := l.firstMonth(ctx, creatorID, z)
	if err != nil {
		return Statement{}, err
	}
	s = Statement{
		CreatorID: creatorID,
		Zone:      z,
		Month:     month,
	}
	now := l.now()
	if s.Month.Before(first) || s.Month.After(z.MonthOf(now)) {
		return Statement{}, ErrNoStatement.Because("creator %d, %s of %s", creatorID, s.Month, z.Name())
	}
	s.Open = s.Until().After(now)
	// Read one snapshot, so that a posting made meanwhile is in all of the numbers or in none.
	err = pgx.BeginTxFunc(ctx, l.deps.Pool, pgx.TxOptions{
		IsoLevel:   pgx.RepeatableRead,
		AccessMode: pgx.ReadOnly,
	}, func(tx pgx.Tx) error {
		s.Books, err = l.booksTx(ctx, tx, creatorID, s.Since(), s.Until())
		return err
	})
	if err != nil {
		return Statement{}, fmt.Errorf("statement of creator %d, %s: %w", creatorID, s.Month.Format("2006-01"), err)
	}
	return s, nil
}

func (l *Ledger) booksTx(ctx context.Context, tx pgx.Tx, creatorID int64, since, until time.Time) ([]Book, error) {
	books := map[string]*Book{}
	in := func(currency string) *Book {
		if books[currency] == nil {
			books[currency] = &Book{Currency: currency}
		}
		return books[currency]
	}
	opening, err := l.q.OwedBefore(ctx, tx, dbsqlc.OwedBeforeParams{Accounts: owed(creatorID), Until: since})
	if err != nil {
		return nil, err
	}
	closing, err := l.q.OwedBefore(ctx, tx, dbsqlc.OwedBeforeParams{Accounts: owed(creatorID), Until: until})
	if err != nil {
		return nil, err
	}
	for _, r := range opening {
		in(r.Currency).Opening = -r.Amount
	}
	for _, r := range closing {
		in(r.Currency).Closing = -r.Amount
	}
	if err := l.videosTx(ctx, tx, creatorID, since, until, in); err != nil {
		return nil, err
	}
	if err := l.convertedTx(ctx, tx, creatorID, since, until, in); err != nil {
		return nil, err
	}
	paid, err := l.q.PaidBetween(ctx, tx, dbsqlc.PaidBetweenParams{
		CreatorID: creatorID,
		Since:     since,
		Until:     until,
	})
	if err != nil {
		return nil, err
	}
	for _, r := range paid {
		amount := r.Amount
		if State(r.ToState) == Failed {
			amount = -amount
		}
		b := in(r.Currency)
		b.Payouts = append(b.Payouts, PaidLine{r.ID, r.At, amount})
	}
	adjusted, err := l.q.AdjustmentsBetween(ctx, tx, dbsqlc.AdjustmentsBetweenParams{
		CreatorID: creatorID,
		Since:     since,
		Until:     until,
	})
	if err != nil {
		return nil, err
	}
	for _, r := range adjusted {
		b := in(r.Currency)
		b.Adjustments = append(b.Adjustments, AdjustedLine{r.At, r.Reason, r.Amount})
	}
	var out []Book
	for _, b := range books {
		if sum := b.Opening + b.Total().Net() - b.Paid() + b.Adjusted() + b.Exchanged(); sum != b.Closing {
			return nil, fmt.Errorf("%s: its lines come to %d, its accounts to %d", b.Currency, sum, b.Closing)
		}
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b Book) int { return cmp.Compare(a.Currency, b.Currency) })
	return out, nil
}

// videosTx sets the lines of the videos, with their sales and refunds, those that sold most first.
func (l *Ledger) videosTx(ctx context.Context, tx pgx.Tx, creatorID int64, since, until time.Time,
	in func(string) *Book,
) error {
	sales, err := l.q.SalesBySubject(ctx, tx, dbsqlc.SalesBySubjectParams{
		CreatorID: creatorID,
		Since:     since,
		Until:     until,
	})
	if err != nil {
		return err
	}
	for _, r := range sales {
		b := in(r.Currency)
		b.Videos = append(b.Videos, VideoLine{
			Subject: r.Subject,
			Title:   locale.Text{Zh: r.TitleZh, En: r.TitleEn},
			Units:   int(r.Units),
			Sales:   r.Amount,
			Fee:     r.Fee,
		})
	}
	refunds, err := l.q.RefundsBySubject(ctx, tx, dbsqlc.RefundsBySubjectParams{
		CreatorID: creatorID,
		Since:     since,
		Until:     until,
	})
	if err != nil {
		return err
	}
	for _, r := range refunds {
		b := in(r.Currency)
		n := slices.IndexFunc(b.Videos, func(v VideoLine) bool { return v.Subject == r.Subject })
		if n < 0 {
			n = len(b.Videos)
			b.Videos = append(b.Videos, VideoLine{
				Subject: r.Subject,
				Title:   locale.Text{Zh: r.TitleZh, En: r.TitleEn},
			})
		}
		b.Videos[n].Refunds, b.Videos[n].FeeBack = r.Amount-r.AmountUndone, r.Fee-r.FeeUndone
	}
	return nil
}
