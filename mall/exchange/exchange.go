// Package exchange owns the currencies that the shop offers besides its own, their dated exchange rates, and the
// arithmetic by which a price in one currency becomes a price in another. It knows codes, rates and sums; it knows
// neither what is sold nor who pays.
//
// Rates are decimals, and sums are whole minor units; nothing here is a floating-point number.
package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/exchange/internal/dbsqlc"
	"videomall/mall/fault"
	"videomall/mall/memo"
)

// Querier is a pool or a transaction.
type Querier = dbsqlc.DBTX

// memory is how long a process prices by the rates that it has read. A rate that was entered to begin at once may be
// used this much later by other processes. What was shown is charged in any case, or the order is refused.
const memory = 3 * time.Second

// MaxSource is the length of a rate's source, in characters.
const MaxSource = 60

// MaxStep is the largest step between shop prices, in minor units.
const MaxStep = 1_000_000

// ErrNoRate says that no rate holds between two currencies.
var ErrNoRate = errors.New("exchange: no rate")

// The faults that callers tell apart. ErrCurrency has the fields code, step and less; ErrRate has currency, rate, source
// and from.
var (
	ErrCurrency = fault.New(fault.Invalid, "exchange_currency_invalid", "Some fields need another look.")
	ErrRate     = fault.New(fault.Invalid, "exchange_rate_invalid", "Some fields need another look.")
	// ErrCurrencyExists says that a currency to be added is there. Saving it would change it.
	ErrCurrencyExists = fault.New(fault.Conflict, "exchange_currency_exists", "This currency exists already.")
	// ErrRateFirst wants a second look at the first rate of a currency, since there is none to compare it with.
	ErrRateFirst = fault.New(fault.Conflict, "exchange_rate_first",
		"This is the first rate of this currency. Check what one unit of the base is worth, and confirm it if it is right.")
	// ErrRateFar wants a second look at a rate that is far from the one before.
	ErrRateFar = fault.New(fault.Conflict, "exchange_rate_far",
		"This rate is more than a fifth away from the one before. Confirm it if it is right.")
	ErrRateTaken = fault.New(fault.Conflict, "exchange_rate_taken", "A rate of this currency begins at that moment.")
	// ErrRates says which of several rates are refused; none was added.
	ErrRates        = fault.New(fault.Invalid, "exchange_rates_invalid", "No rate was added. Some lines need another look.")
	ErrRateNotFound = fault.New(fault.NotFound, "exchange_rate_not_found", "There is no such rate that has not begun yet.")
)

// Currency is a currency besides the base. Its shop prices are multiples of Step less Less, in minor units: 100 and 1
// make 9.99, 10 and 0 make 9.90, 1 and 0 any price.
type Currency struct {
	Code    string
	Step    int64 // 1 to MaxStep
	Less    int64 // 0 to Step-1
	Offered bool  // viewers may choose it, once it has a rate
}

// Rate is how many units of Currency one unit of the base is worth, from a moment until the next rate begins.
type Rate struct {
	ID       int64
	Currency string
	Rate     string // a decimal above 0, such as 0.1398
	Source   string
	From     time.Time
	ActorID  int64 // who entered it
}

// AuditFunc records an action of staff in the transaction of the action.
type AuditFunc = func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error

// Deps are the dependencies of Exchange.
type Deps struct {
	Pool  *pgxpool.Pool
	Now   func() time.Time
	Base  string    // the currency of rates: the one in which creators set their prices
	Audit AuditFunc // nil records nothing
}

// Exchange reads and changes currencies and rates. It is safe for concurrent use.
type Exchange struct {
	deps   Deps
	q      *dbsqlc.Queries
	recent *memo.Memo[known]
}

// known is what is kept in memory.
type known struct {
	currencies []Currency
	rates      []Rate // that hold now or later
}

// New returns the Exchange of a database.
func New(d Deps) *Exchange {
	return &Exchange{
		deps:   d,
		q:      dbsqlc.New(),
		recent: memo.New[known](memory),
	}
}

// Base returns the currency that rates are counted in.
func (x *Exchange) Base() string { return x.deps.Base }

// Table returns the rates that hold now.
func (x *Exchange) Table(ctx context.Context) (Table, error) {
	return x.TableTx(ctx, x.deps.Pool, x.deps.Now())
}

// TableTx is Table at a moment, which is about now. It reads rates once in a few seconds, by q, so that a caller with a
// transaction needs no second connection.
func (x *Exchange) TableTx(ctx context.Context, q Querier, at time.Time) (Table, error) {
	k, err := x.recent.Get(at, func() (known, error) { return x.read(ctx, q, at) })
	if err != nil {
		return Table{}, err
	}
	return tableOf(x.deps.Base, k, at), nil
}

func (x *Exchange) read(ctx context.Context, q Querier, at time.Time) (k known, err error) {
	if k.currencies, err = x.currencies(ctx, q); err != nil {
		return known{}, err
	}
	if len(k.currencies) == 0 {
		return known{}, nil
	}
	rows, err := x.q.RatesFrom(ctx, q, dbsqlc.RatesFromParams{Base: x.deps.Base, At: at})
	if err != nil {
		return known{}, fmt.Errorf("exchange rates: %w", err)
	}
	for _, r := range rows {
		k.rates = append(k.rates, rateOf(dbsqlc.RecentRatesRow(r)))
	}
	return k, nil
}

// Currencies lists the currencies besides the base, offered or not, by code.
func (x *Exchange) Currencies(ctx context.Context) ([]Currency, error) {
	return x.currencies(ctx, x.deps.Pool)
}

func (x *Exchange) currencies(ctx context.Context, q Querier) ([]Currency, error) {
	rows, err := x.q.Currencies(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("currencies: %w", err)
	}
	list := make([]Currency, len(rows))
	for n, r := range rows {
		list[n] = Currency{
			Code:    r.Code,
			Step:    r.PriceStep,
			Less:    r.PriceLess,
			Offered: r.Offered,
		}
	}
	return list, nil
}

// Rates lists up to most rates of all currencies, the last to begin first.
func (x *Exchange) Rates(ctx context.Context, most int) ([]Rate, error) {
	rows, err := x.q.RecentRates(ctx, x.deps.Pool, dbsqlc.RecentRatesParams{Base: x.deps.Base, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("recent exchange rates: %w", err)
	}
	list := make([]Rate, len(rows))
	for n, r := range rows {
		list[n] = rateOf(r)
	}
	return list, nil
}

func rateOf(r dbsqlc.RecentRatesRow) Rate {
	return Rate{
		ID:       r.ID,
		Currency: r.Currency,
		Rate:     r.Rate,
		Source:   r.Source,
		From:     r.ValidFrom,
		ActorID:  r.CreatedBy,
	}
}

func (x *Exchange) auditTx(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error {
	if x.deps.Audit == nil {
		return nil
	}
	return x.deps.Audit(ctx, tx, actorID, verb, subject, detail)
}
