package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// ErrExchangeInvalid has the fields sold, sold_currency, bought, bought_currency, reference and day.
var ErrExchangeInvalid = fault.New(fault.Invalid, "bank_exchange_invalid", "Some fields need another look.")

// exchangeDays is how many days ago money may have been exchanged, so that a mistyped year is refused.
const exchangeDays = 366

// BankExchange is money that the mall exchanged at a bank. Reference is the bank's, once a day.
type BankExchange struct {
	Sold      money.Money
	Bought    money.Money
	Reference string
	Day       time.Time // as calendar.Zone counts days
	ActorID   int64     // who recorded it
	At        time.Time // when
}

// RecordExchange books that money was exchanged at a bank, once for each key of an operator: the sums leave Position for
// Exchanged, and the next revaluation has the difference between the bank's rate and the day's. What was recorded
// wrongly is undone by recording it the other way round. Days are those of a zone. Errors: ErrExchangeInvalid with its
// fields, ErrKeyMissing.
func (l *Ledger) RecordExchange(ctx context.Context, z calendar.Zone, e BankExchange, key string) error {
	if key == "" || len(key) > 200 {
		return ErrKeyMissing
	}
	e.Reference, e.At = strings.TrimSpace(e.Reference), l.now()
	err := db.InTx(ctx, l.deps.Pool, func(tx pgx.Tx) error {
		if err := l.checkExchangeTx(ctx, tx, z, e); err != nil {
			return err
		}
		return l.recordExchangeTx(ctx, tx, e, key)
	})
	if db.IsUnique(err, "ledger_exchange_reference") {
		return ErrExchangeInvalid.Because("%w", err).With("reference", "bank_exchange_taken")
	}
	return err
}

func (l *Ledger) checkExchangeTx(ctx context.Context, tx pgx.Tx, z calendar.Zone, e BankExchange) error {
	table, err := l.tableTx(ctx, tx, e.At)
	if err != nil {
		return err
	}
	found := ErrExchangeInvalid
	for field, sum := range map[string]money.Money{"sold": e.Sold, "bought": e.Bought} {
		if !sum.Payable() {
			found = found.With(field, "amount_invalid")
		}
		if !slices.Contains(table.Rated(), sum.Currency) {
			found = found.With(field+"_currency", "settlement_unknown")
		}
	}
	if e.Sold.Currency == e.Bought.Currency {
		found = found.With("bought_currency", "bank_exchange_same")
	}
	if !sound(e.Reference, 1) {
		found = found.With("reference", "bank_reference_missing")
	}
	if today := z.DayOf(e.At); e.Day.After(today) || e.Day.Before(today.AddDate(0, 0, -exchangeDays)) {
		found = found.With("day", "bank_exchange_day")
	}
	if len(found.Fields) > 0 {
		return found
	}
	return nil
}

func (l *Ledger) recordExchangeTx(ctx context.Context, tx pgx.Tx, e BankExchange, key string) error {
	id, err := l.postTx(ctx, tx, Posting{KindBankExchange, strconv.FormatInt(e.ActorID, 10) + "/" + key, []Line{
		{Exchanged, neg(e.Sold)},
		{Position, e.Sold},
		{Exchanged, e.Bought},
		{Position, neg(e.Bought)},
	}}, e.At)
	if err != nil || id == 0 {
		return err
	}
	if err := l.q.InsertExchange(ctx, tx, dbsqlc.InsertExchangeParams{
		PostingID:      id,
		Sold:           e.Sold.Amount,
		SoldCurrency:   e.Sold.Currency,
		Bought:         e.Bought.Amount,
		BoughtCurrency: e.Bought.Currency,
		Reference:      e.Reference,
		Day:            e.Day,
		ActorID:        e.ActorID,
		At:             e.At,
	}); err != nil {
		return fmt.Errorf("record the exchange %s: %w", e.Reference, err)
	}
	return l.auditTx(ctx, tx, e.ActorID, "ledger.exchanged", "exchange:"+strconv.FormatInt(id, 10), map[string]any{
		"sold":          e.Sold,
		"bought":        e.Bought,
		"bankReference": e.Reference,
		"day":           e.Day.Format(time.DateOnly),
	})
}

// Exchanges lists the last exchanges at banks that were recorded, at most most, the latest first.
func (l *Ledger) Exchanges(ctx context.Context, most int) ([]BankExchange, error) {
	rows, err := l.q.RecentExchanges(ctx, l.deps.Pool, int32(most))
	if err != nil {
		return nil, fmt.Errorf("recent exchanges at banks: %w", err)
	}
	list := make([]BankExchange, len(rows))
	for n, r := range rows {
		list[n] = BankExchange{
			Sold:      money.Of(r.Sold, r.SoldCurrency),
			Bought:    money.Of(r.Bought, r.BoughtCurrency),
			Reference: r.Reference,
			Day:       r.Day,
			ActorID:   r.ActorID,
			At:        r.At,
		}
	}
	return list, nil
}
