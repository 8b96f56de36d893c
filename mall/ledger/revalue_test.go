package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/money"
)

func (h *house) revalues(z calendar.Zone) { h.Helper(); h.ok(h.books.Revalue(h.ctx, z)) }

func TestLedger_Revalue(t *testing.T) {
	h, x := rated(t, map[string]string{"USD": "0.1"})
	shanghai, _ := calendar.Find("Asia/Shanghai")
	h.revalues(shanghai) // nothing was converted yet
	h.settles("USD")
	h.sells(part("a/1", 10_000))
	h.advance(8 * day)
	h.clears() // 85 yuan are 8.50 dollars, on March 28 at 20:00 in Shanghai
	h.rate(x, "USD", "0.125")
	h.revalues(shanghai) // that day is not over
	h.holdsIn("exchange_result", "CNY", 0)

	h.advance(4*time.Hour + time.Minute)
	h.rate(x, "USD", "0.5") // the next day's, and so is what a bank exchanges then
	h.ok(h.books.RecordExchange(h.ctx, shanghai, ledger.BankExchange{
		Sold:      cny(10_000),
		Bought:    money.Of(1000, "USD"),
		Reference: "FX-1",
		Day:       shanghai.DayOf(h.now()),
		ActorID:   olga,
	}, "k"))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := h.books.Revalue(h.ctx, shanghai); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.holdsIn("exchange_result", "CNY", -1700) // the dollars are worth 68
	h.holdsIn("exchange", "CNY", -8500+10_000+1700)
	h.advance(3 * day)   // nobody was there for two days
	h.revalues(shanghai) // 15 yuan, less the 1.50 dollars that are owed
	h.holdsIn("exchange_result", "CNY", 1500-300)
	h.advance(day)
	h.revalues(shanghai) // the rate is the same
	h.zero()
	list, err := h.books.Revaluations(h.ctx, 10)
	h.ok(err)
	want := []ledger.Revaluation{{"2026-03-31", cny(-2900)}, {"2026-03-28", cny(1700)}}
	if fmt.Sprint(list) != fmt.Sprint(want) {
		t.Errorf("revaluations: %v, want %v", list, want)
	}
}

func TestLedger_RecordExchange(t *testing.T) {
	h, _ := rated(t, map[string]string{"USD": "0.1"})
	good := ledger.BankExchange{
		Sold:      cny(10_000),
		Bought:    money.Of(950, "USD"),
		Reference: "FX-1",
		Day:       calendar.UTC.DayOf(h.now()),
		ActorID:   olga,
	}
	for field, spoil := range map[string]func(*ledger.BankExchange){
		"sold":            func(e *ledger.BankExchange) { e.Sold.Amount = 0 },
		"bought":          func(e *ledger.BankExchange) { e.Bought.Amount = money.MaxSum + 1 },
		"sold_currency":   func(e *ledger.BankExchange) { e.Sold.Currency = "EUR" },
		"bought_currency": func(e *ledger.BankExchange) { e.Bought.Currency = "CNY" },
		"reference":       func(e *ledger.BankExchange) { e.Reference = " " },
		"day":             func(e *ledger.BankExchange) { e.Day = e.Day.AddDate(0, 0, 1) },
	} {
		e := good
		spoil(&e)
		err := h.books.RecordExchange(h.ctx, calendar.UTC, e, "k")
		if f := fault.From(err).Fields; !errors.Is(err, ledger.ErrExchangeInvalid) || len(f) != 1 || f[field] == "" {
			t.Errorf("%s: got %v with %v", field, err, f)
		}
	}
	if err := h.books.RecordExchange(h.ctx, calendar.UTC, good, ""); !errors.Is(err, ledger.ErrKeyMissing) {
		t.Errorf("without a key: %v", err)
	}
	var wg sync.WaitGroup
	for range 4 { // clicks
		wg.Go(func() {
			if err := h.books.RecordExchange(h.ctx, calendar.UTC, good, "k"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.holdsIn("exchange", "CNY", 10_000)
	h.holdsIn("exchanged", "CNY", -10_000)
	h.holdsIn("exchange", "USD", -950)
	h.holdsIn("exchanged", "USD", 950)
	other := good
	other.ActorID = otto
	err := h.books.RecordExchange(h.ctx, calendar.UTC, other, "k")
	if !errors.Is(err, ledger.ErrExchangeInvalid) || fault.From(err).Fields["reference"] != "bank_exchange_taken" {
		t.Errorf("the same line of the bank, by another operator: %v", err)
	}
	h.advance(day)
	h.revalues(calendar.UTC)
	h.holdsIn("exchange_result", "CNY", 500) // what the bank kept
	h.zero()
}
