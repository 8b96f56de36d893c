package ledger

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/calendar"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// Conversion is what shares that cleared on a day were converted from and to at one rate, less what refunds have taken
// of them since. Rate is how many units of To one unit of From is worth, as a decimal of ten significant digits.
type Conversion struct {
	Day      time.Time
	From, To money.Money
	Rate     string
}

// ConversionsOf lists the conversions of a creator's shares on the last days of a zone, up to today, the last first.
func (l *Ledger) ConversionsOf(ctx context.Context, creatorID int64, z calendar.Zone, days int,
) ([]Conversion, error) {
	today := z.DayOf(l.now())
	first := today.AddDate(0, 0, 1-days)
	starts := z.Starts(first, today)
	rows, err := l.q.ConvertedByDay(ctx, l.deps.Pool, dbsqlc.ConvertedByDayParams{
		CreatorID: creatorID,
		Since:     starts[0],
		Starts:    starts,
	})
	if err != nil {
		return nil, fmt.Errorf("conversions of creator %d: %w", creatorID, err)
	}
	out := make([]Conversion, len(rows))
	for n, r := range rows {
		out[n] = Conversion{
			Day:  first.AddDate(0, 0, int(r.Day)-1),
			From: money.Of(r.Share, r.Currency),
			To:   money.Of(r.Settled, r.SettledCurrency),
			Rate: r.Rate,
		}
	}
	return out, nil
}

// ConvertedTo returns the average rate at which shares of a creator were converted to a currency in a time, weighed by
// the shares, for each currency that they were sold in: minor units for one minor unit.
func (l *Ledger) ConvertedTo(ctx context.Context, creatorID int64, currency string, since, until time.Time,
) (map[string]*big.Rat, error) {
	rows, err := l.q.ConvertedBetween(ctx, l.deps.Pool, dbsqlc.ConvertedBetweenParams{
		CreatorID: creatorID,
		Since:     since,
		Until:     until,
	})
	if err != nil {
		return nil, fmt.Errorf("conversions of creator %d to %s: %w", creatorID, currency, err)
	}
	averages, shares := map[string]*big.Rat{}, map[string]*big.Rat{}
	for _, r := range rows {
		rate, ok := new(big.Rat).SetString(r.Rate)
		if r.SettledCurrency != currency || r.Share <= 0 || !ok {
			continue
		}
		if shares[r.Currency] == nil {
			averages[r.Currency], shares[r.Currency] = new(big.Rat), new(big.Rat)
		}
		share := new(big.Rat).SetInt64(r.Share)
		shares[r.Currency].Add(shares[r.Currency], share)
		averages[r.Currency].Add(averages[r.Currency], share.Mul(share, rate))
	}
	for sold, sum := range averages {
		sum.Quo(sum, shares[sold])
		sum.Mul(sum, money.Minors(currency))
		sum.Quo(sum, money.Minors(sold))
	}
	return averages, nil
}

// ConvertedLine is what was converted during a month at one rate. It is a line of the books of both currencies. Back
// says that refunds took it from what was converted before, less what came back since they failed.
type ConvertedLine struct {
	From, To money.Money
	Rate     string // as in Conversion
	Back     bool
}

// In returns what the line adds to the book of a currency.
func (c ConvertedLine) In(currency string) int64 {
	sum := c.To.Amount
	if currency == c.From.Currency {
		sum = -c.From.Amount
	}
	if c.Back {
		sum = -sum
	}
	return sum
}

// Exchanged sums the conversions.
func (b Book) Exchanged() (sum int64) {
	for _, c := range b.Converted {
		sum += c.In(b.Currency)
	}
	return sum
}

// convertedTx sets the lines of conversions in the books of both currencies.
func (l *Ledger) convertedTx(ctx context.Context, tx pgx.Tx, creatorID int64, since, until time.Time,
	in func(string) *Book,
) error {
	set := func(r dbsqlc.ConvertedBetweenRow, back bool) {
		c := ConvertedLine{
			From: money.Of(r.Share, r.Currency),
			To:   money.Of(r.Settled, r.SettledCurrency),
			Rate: r.Rate,
			Back: back,
		}
		if c.From.IsZero() && c.To.IsZero() {
			return
		}
		for _, currency := range []string{c.From.Currency, c.To.Currency} {
			b := in(currency)
			b.Converted = append(b.Converted, c)
		}
	}
	rows, err := l.q.ConvertedBetween(ctx, tx, dbsqlc.ConvertedBetweenParams{
		CreatorID: creatorID,
		Since:     since,
		Until:     until,
	})
	if err != nil {
		return err
	}
	for _, r := range rows {
		set(r, false)
	}
	backs, err := l.q.ConvertedBackBetween(ctx, tx, dbsqlc.ConvertedBackBetweenParams{
		CreatorID: creatorID,
		Since:     since,
		Until:     until,
	})
	if err != nil {
		return err
	}
	for _, r := range backs {
		set(dbsqlc.ConvertedBetweenRow(r), true)
	}
	return nil
}
