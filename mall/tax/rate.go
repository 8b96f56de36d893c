package tax

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/tax/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// Querier is a pool or a transaction.
type Querier = dbsqlc.DBTX

// memory is how long a process charges by the rates that it has read. A rate that was entered to begin at once may be
// charged this much later by other processes. What was shown is charged in any case, or the order is refused.
const memory = 3 * time.Second

// currentRates returns the rates that hold at a moment or later. It reads them once in a few seconds, by q, so that
// a caller with a transaction needs no second connection.
func (t *Taxes) currentRates(ctx context.Context, q Querier, at time.Time) ([]Rate, error) {
	return t.rates.Get(at, func() ([]Rate, error) {
		rows, err := t.q.RatesFrom(ctx, q, at)
		if err != nil {
			return nil, fmt.Errorf("tax rates: %w", err)
		}
		rates := make([]Rate, len(rows))
		for n, r := range rows {
			rates[n] = rateOf(dbsqlc.RatesRow(r))
		}
		return rates, nil
	})
}

// Rates lists all rates there are and were, by country and time.
func (t *Taxes) Rates(ctx context.Context) ([]Rate, error) {
	rows, err := t.q.Rates(ctx, t.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("all tax rates: %w", err)
	}
	rates := make([]Rate, len(rows))
	for n, r := range rows {
		rates[n] = rateOf(r)
	}
	return rates, nil
}

// NewRate is a rate to be added. The rate of the country that holds at From ends then.
type NewRate struct {
	Country     string
	Name        string
	BasisPoints int // -1 for an entry that is no rate
	From        time.Time
	ActorID     int64 // the operator
}

// AddRate adds a rate that begins today or later. Errors: ErrRate with its fields, ErrRateOverlap if a rate of the
// country begins at From or later.
func (t *Taxes) AddRate(ctx context.Context, n NewRate) error {
	n, err := t.checked(n)
	if err != nil {
		return err
	}
	defer t.rates.Forget()
	err = db.InTx(ctx, t.deps.Pool, func(tx pgx.Tx) error {
		rows, err := t.q.LockRates(ctx, tx, n.Country)
		if err != nil {
			return fmt.Errorf("lock the tax rates of %s: %w", n.Country, err)
		}
		for _, row := range rows {
			switch r := rateOf(dbsqlc.RatesRow(row)); {
			case !r.From.Before(n.From):
				return ErrRateOverlap.Because("rate %d of %s begins at %s", r.ID, r.Country, r.From)
			case r.holds(n.From):
				if err := t.q.EndRate(ctx, tx, dbsqlc.EndRateParams{ID: r.ID, Until: &n.From}); err != nil {
					return fmt.Errorf("end tax rate %d: %w", r.ID, err)
				}
			}
		}
		id, err := t.q.InsertRate(ctx, tx, dbsqlc.InsertRateParams{
			Country:     n.Country,
			Name:        n.Name,
			BasisPoints: int32(n.BasisPoints),
			ValidFrom:   n.From,
			CreatedAt:   t.deps.Now(),
		})
		if err != nil {
			return fmt.Errorf("add a tax rate of %s: %w", n.Country, err)
		}
		return t.auditTx(ctx, tx, n.ActorID, "tax.rate_add", subject(n.Country), map[string]any{
			"rate": id, "name": n.Name, "basisPoints": n.BasisPoints, "from": n.From,
		})
	})
	if db.IsExclusion(err, "tax_rate_no_overlap") {
		return ErrRateOverlap.Because("%w", err)
	}
	return err
}

func (t *Taxes) checked(n NewRate) (NewRate, error) {
	n.Name = textnorm.Name(n.Name)
	n.From = n.From.Truncate(time.Microsecond)
	wrong, bad := ErrRate, false
	refuse := func(field, slug string) { wrong, bad = wrong.With(field, slug), true }
	if !IsCountry(n.Country) {
		refuse("country", "tax_country_unknown")
	}
	if length := utf8.RuneCountInString(n.Name); length < 1 || length > MaxName || !readable(n.Name) {
		refuse("name", "tax_name_invalid")
	}
	if n.BasisPoints < 1 || n.BasisPoints > MaxBasisPoints {
		refuse("rate", "tax_rate_range")
	}
	zone, now := t.deps.Shop.Zone, t.deps.Now()
	if n.From.IsZero() || n.From.Before(zone.Start(zone.DayOf(now))) || n.From.After(now.AddDate(10, 0, 0)) {
		refuse("from", "tax_rate_day")
	}
	if bad {
		return n, wrong
	}
	return n, nil
}

// EndRate ends a rate at a moment, or now if that is past. A rate that would not have begun by then never holds: it is
// removed, and the one that it would have ended goes on. Errors: ErrRateNotFound, ErrRateEnded.
func (t *Taxes) EndRate(ctx context.Context, actorID, id int64, until time.Time) error {
	defer t.rates.Forget()
	return db.InTx(ctx, t.deps.Pool, func(tx pgx.Tx) error {
		row, err := t.q.LockRate(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrRateNotFound.Because("rate %d", id)
		}
		if err != nil {
			return fmt.Errorf("lock tax rate %d: %w", id, err)
		}
		r, now := rateOf(dbsqlc.RatesRow(row)), t.deps.Now()
		if until.Before(now) {
			until = now
		}
		until = until.Truncate(time.Microsecond)
		if r.Until != nil && !until.Before(*r.Until) {
			return ErrRateEnded.Because("rate %d ends at %s", id, r.Until)
		}
		detail := map[string]any{"rate": id, "name": r.Name, "basisPoints": r.BasisPoints, "until": until}
		if until.After(r.From) {
			err = t.q.EndRate(ctx, tx, dbsqlc.EndRateParams{ID: id, Until: &until})
		} else {
			err = t.removeTx(ctx, tx, r)
		}
		if err != nil {
			return fmt.Errorf("end tax rate %d: %w", id, err)
		}
		return t.auditTx(ctx, tx, actorID, "tax.rate_end", subject(r.Country), detail)
	})
}

// removeTx removes a rate that has not begun, and lets the one before it go on to its end.
func (t *Taxes) removeTx(ctx context.Context, tx pgx.Tx, r Rate) error {
	rows, err := t.q.LockRates(ctx, tx, r.Country)
	if err != nil {
		return err
	}
	if err := t.q.DeleteRate(ctx, tx, r.ID); err != nil {
		return err
	}
	before := slices.IndexFunc(rows, func(row dbsqlc.LockRatesRow) bool {
		return row.ValidUntil != nil && row.ValidUntil.Equal(r.From)
	})
	if before < 0 {
		return nil
	}
	return t.q.EndRate(ctx, tx, dbsqlc.EndRateParams{ID: rows[before].ID, Until: r.Until})
}

func subject(country string) string { return "tax:" + country }

func rateOf(r dbsqlc.RatesRow) Rate {
	return Rate{
		ID:          r.ID,
		Country:     r.Country,
		Name:        r.Name,
		BasisPoints: int(r.BasisPoints),
		From:        r.ValidFrom,
		Until:       r.ValidUntil,
	}
}

// readable says that a text has no control characters besides line breaks, and is valid UTF-8.
func readable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f })
}
