package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/exchange/internal/dbsqlc"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/textnorm"
)

var (
	// rateForm is a decimal of at most 9 digits before the point and 12 after it.
	rateForm = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,12})?$`)
	// unclear is a number whose comma may stand before decimals or before thousands.
	unclear = regexp.MustCompile(`,[0-9]{3}$`)
)

// farAhead bounds how long before it begins a rate can be entered, so that a mistyped year is refused.
const farAhead = 366 * 24 * time.Hour

// secondClick is how soon after a rate the same one is taken for a form that was sent twice.
const secondClick = time.Minute

// NewRate is a rate to be added. Confirmed says that a rate is meant that is far from the one before, or that none was
// before.
type NewRate struct {
	Currency  string
	Rate      string    // units of Currency for one of the base, with a point or a comma before the decimals
	From      time.Time // zero: now
	Source    string
	Confirmed bool
	ActorID   int64
}

// AddRate adds a rate that begins now or later. The one before it ends then. Errors: ErrRate with its fields,
// ErrRateFirst, ErrRateFar, ErrRateTaken.
func (x *Exchange) AddRate(ctx context.Context, n NewRate) error {
	refused, err := x.addRates(ctx, []NewRate{n})
	if err != nil {
		return err
	}
	return refused[0]
}

// MaxRates is how many rates can be added at once.
const MaxRates = 500

// AddRates adds all of up to MaxRates rates, or none. A rate is compared with the one before it, which may be another of
// the list. Errors: ErrRates, whose fields name each rate that is refused by its place in the list and its own field:
// "0.rate", "12.from".
func (x *Exchange) AddRates(ctx context.Context, list []NewRate) error {
	if len(list) > MaxRates {
		return ErrRates.With("list", "exchange_lines_most")
	}
	refused, err := x.addRates(ctx, list)
	if err != nil || len(refused) == 0 {
		return err
	}
	wrong := ErrRates
	for n, why := range refused {
		for field, slug := range fault.From(why).Fields {
			wrong = wrong.With(strconv.Itoa(n)+"."+field, slug)
		}
	}
	return wrong
}

// errRefused takes back what was written before a rate was refused.
var errRefused = errors.New("exchange: a rate was refused")

// addRates writes all rates or none, and returns why which of them are refused, by their places in the list.
func (x *Exchange) addRates(ctx context.Context, list []NewRate) (refused map[int]error, err error) {
	now, refused := x.deps.Now(), map[int]error{}
	rates, order := make([]NewRate, len(list)), make([]int, len(list))
	for n := range list {
		order[n] = n
		if rates[n], err = checked(list[n], x.deps.Base, now); err != nil {
			refused[n] = err
		}
	}
	// Those of a currency in the order in which they begin, so that each is compared with the one before it; and
	// currencies in one order, in which they are locked.
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(strings.Compare(rates[a].Currency, rates[b].Currency), rates[a].From.Compare(rates[b].From))
	})
	defer x.recent.Forget()
	err = db.InTx(ctx, x.deps.Pool, func(tx pgx.Tx) error {
		for _, n := range order {
			if refused[n] != nil {
				continue
			}
			err := x.addTx(ctx, tx, rates[n], now)
			if err != nil && fault.From(err).Kind == fault.Internal {
				return err
			}
			if err != nil {
				refused[n] = err
			}
		}
		if len(refused) > 0 {
			return errRefused
		}
		return nil
	})
	if errors.Is(err, errRefused) {
		return refused, nil
	}
	return nil, err
}

// addTx adds one rate. The currency is locked first, so that no other rate of it can begin at the same moment. A rate
// that has to be confirmed is written before it is refused, so that the next of a list is compared with it.
func (x *Exchange) addTx(ctx context.Context, tx pgx.Tx, n NewRate, now time.Time) error {
	if _, err := x.q.LockCurrency(ctx, tx, n.Currency); errors.Is(err, pgx.ErrNoRows) {
		return ErrRate.With("currency", "exchange_currency_unknown")
	} else if err != nil {
		return fmt.Errorf("lock currency %s: %w", n.Currency, err)
	}
	var unsure error
	before, err := x.q.RateAt(ctx, tx, dbsqlc.RateAtParams{Base: x.deps.Base, Currency: n.Currency, At: n.From})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if !n.Confirmed {
			unsure = ErrRateFirst.With("rate", ErrRateFirst.Slug).Because("%s", n.Rate)
		}
	case err != nil:
		return fmt.Errorf("rate of %s before %s: %w", n.Currency, n.From, err)
	case before.ValidFrom.Equal(n.From), n.From.Sub(before.ValidFrom) < secondClick && same(before.Rate, n.Rate):
		return ErrRateTaken.With("from", ErrRateTaken.Slug)
	case !n.Confirmed && far(before.Rate, n.Rate):
		unsure = ErrRateFar.With("rate", ErrRateFar.Slug).Because("%s after %s", n.Rate, before.Rate)
	}
	id, err := x.q.InsertRate(ctx, tx, dbsqlc.InsertRateParams{
		Currency:  n.Currency,
		Base:      x.deps.Base,
		Rate:      n.Rate,
		Source:    n.Source,
		ValidFrom: n.From,
		CreatedBy: n.ActorID,
		CreatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("add a rate of %s: %w", n.Currency, err)
	}
	if unsure != nil {
		return unsure
	}
	return x.auditTx(ctx, tx, n.ActorID, "exchange.rate_add", subject(n.Currency), map[string]any{
		"rate": id, "base": x.deps.Base, "value": n.Rate, "from": n.From, "source": n.Source,
	})
}

// checked returns a rate with its moment, and with a point before the decimals. Errors: ErrRate with its fields.
func checked(n NewRate, base string, now time.Time) (NewRate, error) {
	n.Source = textnorm.Name(n.Source)
	if n.From.IsZero() || n.From.Before(now) && now.Sub(n.From) < time.Minute {
		n.From = now // a form that was open for some seconds means now
	}
	n.From = n.From.Truncate(time.Microsecond)
	wrong := ErrRate
	refuse := func(field, slug string) { wrong = wrong.With(field, slug) }
	if !money.IsCurrency(n.Currency) || n.Currency == base {
		refuse("currency", "exchange_code")
	}
	if rate, ok := parseRate(Point(n.Rate)); unclear.MatchString(n.Rate) {
		refuse("rate", "exchange_rate_comma")
	} else if !ok || rate.Sign() <= 0 {
		refuse("rate", "exchange_rate_form")
	}
	n.Rate = Point(n.Rate)
	if utf8.RuneCountInString(n.Source) > MaxSource {
		refuse("source", "exchange_source")
	}
	if n.From.Before(now.Truncate(time.Microsecond)) || n.From.After(now.Add(farAhead)) {
		refuse("from", "exchange_rate_day")
	}
	if len(wrong.Fields) > 0 {
		return n, wrong
	}
	return n, nil
}

// Point returns a rate with a point before its decimals.
func Point(rate string) string { return strings.ReplaceAll(rate, ",", ".") }

func parseRate(s string) (*big.Rat, bool) {
	if !rateForm.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func same(a, b string) bool {
	x, _ := parseRate(a)
	y, _ := parseRate(b)
	return x != nil && y != nil && x.Cmp(y) == 0
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
