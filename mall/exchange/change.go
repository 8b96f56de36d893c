package exchange

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/exchange/internal/dbsqlc"
	"videomall/mall/money"
	"videomall/mall/textnorm"
)

// rateForm is a decimal of at most 9 digits before the point and 12 after it.
var rateForm = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,12})?$`)

// farAhead bounds how long before it begins a rate can be entered, so that a mistyped year is refused.
const farAhead = 366 * 24 * time.Hour

// SaveCurrency adds a currency or changes how its prices end and whether it is offered. Prices change at once; orders
// stay as they are. Errors: ErrCurrency with its fields.
func (x *Exchange) SaveCurrency(ctx context.Context, actorID int64, c Currency) error {
	wrong, bad := ErrCurrency, false
	refuse := func(field, slug string) { wrong, bad = wrong.With(field, slug), true }
	if !money.IsCurrency(c.Code) || c.Code == x.deps.Base {
		refuse("code", "exchange_code")
	}
	if c.Step < 1 || c.Step > MaxStep {
		refuse("step", "exchange_step")
	} else if c.Less < 0 || c.Less >= c.Step {
		refuse("less", "exchange_less")
	}
	if bad {
		return wrong
	}
	defer x.recent.Forget()
	return db.InTx(ctx, x.deps.Pool, func(tx pgx.Tx) error {
		if err := x.q.SaveCurrency(ctx, tx, dbsqlc.SaveCurrencyParams{
			Code:      c.Code,
			PriceStep: c.Step,
			PriceLess: c.Less,
			Offered:   c.Offered,
			At:        x.deps.Now(),
		}); err != nil {
			return fmt.Errorf("save currency %s: %w", c.Code, err)
		}
		return x.auditTx(ctx, tx, actorID, "exchange.currency_save", subject(c.Code), map[string]any{
			"step": c.Step, "less": c.Less, "offered": c.Offered,
		})
	})
}

// NewRate is a rate to be added. Confirmed says that a rate far from the one before is meant.
type NewRate struct {
	Currency  string
	Rate      string    // units of Currency for one of the base
	From      time.Time // zero: now
	Source    string
	Confirmed bool
	ActorID   int64
}

// AddRate adds a rate that begins now or later. The one before it ends then. Errors: ErrRate with its fields,
// ErrRateFar, ErrRateTaken.
func (x *Exchange) AddRate(ctx context.Context, n NewRate) error {
	n, err := x.checked(n)
	if err != nil {
		return err
	}
	defer x.recent.Forget()
	err = db.InTx(ctx, x.deps.Pool, func(tx pgx.Tx) error {
		if _, err := x.q.LockCurrency(ctx, tx, n.Currency); errors.Is(err, pgx.ErrNoRows) {
			return ErrRate.With("currency", "exchange_currency_unknown")
		} else if err != nil {
			return fmt.Errorf("lock currency %s: %w", n.Currency, err)
		}
		before, err := x.q.RateAt(ctx, tx, dbsqlc.RateAtParams{Base: x.deps.Base, Currency: n.Currency, At: n.From})
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("rate of %s before %s: %w", n.Currency, n.From, err)
		}
		if err == nil && !n.Confirmed && far(before, n.Rate) {
			return ErrRateFar.With("rate", ErrRateFar.Slug).Because("%s after %s", n.Rate, before)
		}
		id, err := x.q.InsertRate(ctx, tx, dbsqlc.InsertRateParams{
			Currency:  n.Currency,
			Base:      x.deps.Base,
			Rate:      n.Rate,
			Source:    n.Source,
			ValidFrom: n.From,
			CreatedBy: n.ActorID,
			CreatedAt: x.deps.Now(),
		})
		if err != nil {
			return fmt.Errorf("add a rate of %s: %w", n.Currency, err)
		}
		return x.auditTx(ctx, tx, n.ActorID, "exchange.rate_add", subject(n.Currency), map[string]any{
			"rate": id, "base": x.deps.Base, "value": n.Rate, "from": n.From, "source": n.Source,
		})
	})
	if db.IsUnique(err, "exchange_rate_from") {
		return ErrRateTaken.With("from", ErrRateTaken.Slug).Because("%w", err)
	}
	return err
}

func (x *Exchange) checked(n NewRate) (NewRate, error) {
	n.Source = textnorm.Name(n.Source)
	now := x.deps.Now()
	if n.From.IsZero() || n.From.Before(now) && now.Sub(n.From) < time.Minute {
		n.From = now // a form that was open for some seconds means now
	}
	n.From = n.From.Truncate(time.Microsecond)
	wrong, bad := ErrRate, false
	refuse := func(field, slug string) { wrong, bad = wrong.With(field, slug), true }
	if !money.IsCurrency(n.Currency) || n.Currency == x.deps.Base {
		refuse("currency", "exchange_code")
	}
	if rate, ok := parseRate(n.Rate); !ok || rate.Sign() <= 0 {
		refuse("rate", "exchange_rate_form")
	}
	if utf8.RuneCountInString(n.Source) > MaxSource {
		refuse("source", "exchange_source")
	}
	if n.From.Before(now.Truncate(time.Microsecond)) || n.From.After(now.Add(farAhead)) {
		refuse("from", "exchange_rate_day")
	}
	if bad {
		return n, wrong
	}
	return n, nil
}

func parseRate(s string) (*big.Rat, bool) {
	if !rateForm.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// far reports whether a rate differs from the one before by more than a fifth of it.
func far(before, after string) bool {
	b, _ := parseRate(before)
	a, _ := parseRate(after)
	if a == nil || b == nil {
		return false
	}
	change := new(big.Rat).Sub(a, b)
	return change.Abs(change).Cmp(b.Quo(b, big.NewRat(5, 1))) > 0
}

// RemoveRate removes a rate that has not begun yet. Errors: ErrRateNotFound.
func (x *Exchange) RemoveRate(ctx context.Context, actorID, id int64) error {
	defer x.recent.Forget()
	return db.InTx(ctx, x.deps.Pool, func(tx pgx.Tx) error {
		r, err := x.q.DeleteFutureRate(ctx, tx, dbsqlc.DeleteFutureRateParams{ID: id, At: x.deps.Now()})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrRateNotFound.Because("rate %d", id)
		}
		if err != nil {
			return fmt.Errorf("remove rate %d: %w", id, err)
		}
		return x.auditTx(ctx, tx, actorID, "exchange.rate_remove", subject(r.Currency), map[string]any{
			"rate": id, "value": r.Rate, "from": r.ValidFrom,
		})
	})
}

func subject(code string) string { return "currency:" + code }
