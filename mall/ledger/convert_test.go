package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/calendar"
	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/test/invariant"
)

const day = 24 * time.Hour

// rated opens books that convert, with a currency for each rate.
func rated(t *testing.T, rates map[string]string) (*house, *exchange.Exchange) {
	t.Helper()
	h := open(t)
	x := exchange.New(exchange.Deps{
		Pool: h.pool,
		Now:  h.now,
		Base: "CNY",
	})
	for code, rate := range rates {
		h.ok(x.SaveCurrency(h.ctx, olga, exchange.Currency{Code: code, Step: 1}))
		h.rate(x, code, rate)
	}
	h.deps.Exchange = x
	h.terms(func(*ledger.Terms) {})
	return h, x
}

func (h *house) rate(x *exchange.Exchange, code, rate string) {
	h.Helper()
	h.ok(x.AddRate(h.ctx, exchange.NewRate{
		Currency:  code,
		Rate:      rate,
		Confirmed: true,
		ActorID:   olga,
	}))
}

func (h *house) settles(currency string) {
	h.Helper()
	h.ok(h.books.SetSettlement(h.ctx, cara, currency))
}

// holdsIn fails unless an account has the wanted balance in a currency, with the sign of the books.
func (h *house) holdsIn(account, currency string, want int64) {
	h.Helper()
	balances, err := h.books.Balances(h.ctx)
	h.ok(err)
	var got int64
	for _, b := range balances {
		if b.Account == account && b.Amount.Currency == currency {
			got = b.Amount.Amount
		}
	}
	if got != want {
		h.Errorf("%s holds %d %s, want %d", account, got, currency, want)
	}
}

// statement draws the statement of the present month, whose lines have to come to its balances.
func (h *house) statement() ledger.Statement {
	h.Helper()
	s, err := h.books.Statement(h.ctx, cara, calendar.UTC, calendar.UTC.MonthOf(h.now()))
	h.ok(err)
	return s
}

func TestLedger_Clear_converts(t *testing.T) {
	h, x := rated(t, map[string]string{"USD": "0.14"})
	h.sells(part("a/1", 1000), part("a/2", 3)) // shares of 850 and 3
	h.advance(8 * day)
	h.settles("USD")
	h.clears()
	h.holdsIn("creator_held:7", "CNY", 0)
	h.holdsIn("creator_available:7", "CNY", 0)
	h.holdsIn("creator_available:7", "USD", -119) // 1.19, and 0.0042
	h.holdsIn("exchange", "CNY", -853)
	h.holdsIn("exchange", "USD", 119)

	h.rate(x, "USD", "0.5")
	h.sells(part("b/1", 2000))
	h.advance(8 * day)
	h.clears()
	h.holdsIn("creator_available:7", "USD", -119-850) // by the rate of the day on which it clears
	list, err := h.books.ConversionsOf(h.ctx, cara, calendar.UTC, 30)
	h.ok(err)
	if len(list) != 2 || list[0].From != cny(1700) || list[0].To != money.Of(850, "USD") || list[0].Rate != "0.5" ||
		list[1].From != cny(853) || list[1].Rate != "0.14" {
		t.Errorf("conversions: %+v", list)
	}
	h.settles("")
	h.sells(part("c/1", 1000))
	h.advance(8 * day)
	h.clears()
	h.holdsIn("creator_available:7", "CNY", -850)
	h.zero()
	if s := h.statement(); len(s.Books) != 2 {
		t.Errorf("statement: %+v", s)
	}
}

func TestLedger_Clear_never_chosen(t *testing.T) {
	h, _ := rated(t, map[string]string{"USD": "0.14"})
	h.sells(part("a/1", 1000))
	h.advance(8 * day)
	h.clears()
	h.holdsIn("creator_available:7", "CNY", -850)
	h.holdsIn("exchange", "CNY", 0)
}

// A creator who was paid out before a refund owes in that currency. A new settlement currency must not leave that unpaid.
func TestLedger_Clear_fills_what_is_below_zero_first(t *testing.T) {
	h, _ := rated(t, map[string]string{"USD": "0.1", "EUR": "0.2"})
	h.sells(part("a/1", 2000))
	h.advance(8 * day)
	h.clears()
	h.pays(1700)
	h.refunds("R1", "a/1", 1000) // 850 of the share
	h.settles("USD")
	h.sells(part("b/1", 500), part("b/2", 1000), part("b/3", 1000)) // 425, 850, 850
	h.advance(8 * day)
	h.clears()
	h.holdsIn("creator_available:7", "CNY", 850-425-850) // what is over stays as it is
	h.holdsIn("creator_available:7", "USD", -85)

	// Now dollars are owed, and the creator has left them.
	h.ok(h.books.SetDestination(h.ctx, cara, ledger.Destination{Name: "Cara Chen", Account: "6222 0000 1234"}))
	h.terms(func(t *ledger.Terms) { t.MinPayout = 1 })
	p, err := h.books.RequestPayout(h.ctx, cara, money.Of(85, "USD"), "dollars")
	h.ok(err)
	h.ok(h.books.ApprovePayout(h.ctx, olga, p.ID, 0, ""))
	h.refunds("R2", "b/3", 1000)
	h.holdsIn("creator_available:7", "USD", 85)
	h.settles("EUR")
	h.sells(part("c/1", 500), part("c/2", 1000), part("c/3", 1000))
	h.advance(8 * day)
	h.clears()
	h.holdsIn("creator_available:7", "USD", 85-43-85)
	h.holdsIn("creator_available:7", "EUR", -170)
	h.zero()
	h.statement()
}

func TestLedger_RefundTx_takes_back_what_a_share_became(t *testing.T) {
	h, x := rated(t, map[string]string{"USD": "0.14"})
	h.settles("USD")
	h.sells(part("a/1", 1000)) // 850: 119 cents
	h.advance(8 * day)
	h.clears()
	h.rate(x, "USD", "0.28") // what is taken back stays the same
	h.refunds("R1", "a/1", 333)
	h.holdsIn("creator_available:7", "USD", -79) // 283 of 850
	h.holdsIn("exchange", "USD", 79)
	h.holdsIn("exchange", "CNY", -567)
	h.holdsIn("refunding", "CNY", -333)
	h.statement()
	h.refunds("R2", "a/1", 333)
	h.fails("R1")
	h.holdsIn("exchange", "CNY", -567)
	h.refunds("R3", "a/1", 333)
	h.refunds("R4", "a/1", 334)
	h.holdsIn("creator_available:7", "USD", 0)
	h.holdsIn("exchange", "USD", 0)
	h.holdsIn("exchange", "CNY", 0)
	for _, no := range []string{"R2", "R3", "R4"} {
		h.fails(no)
	}
	h.holdsIn("creator_available:7", "USD", -119)
	h.holdsIn("exchange", "CNY", -850)
	h.zero()
	h.statement()
}

// The refund took from held money, which was converted before the refund failed.
func TestLedger_RefundFailedTx_after_conversion(t *testing.T) {
	h, x := rated(t, map[string]string{"USD": "0.14"})
	h.settles("USD")
	h.sells(part("a/1", 1000), part("a/2", 1000))
	h.refunds("R1", "a/1", 999)
	h.refunds("R2", "a/2", 400)
	h.refunds("R3", "a/2", 600)
	h.advance(8 * day)
	h.clears()
	h.holdsIn("creator_available:7", "USD", 0)
	h.rate(x, "USD", "1")
	h.fails("R2")
	h.holdsIn("creator_available:7", "USD", -48) // 340 of 850: 47.6 of 119 cents
	h.statement()
	h.fails("R1")
	h.fails("R3")
	h.holdsIn("creator_available:7", "USD", -2*119)
	h.holdsIn("creator_held:7", "CNY", 0)
	h.holdsIn("creator_available:7", "CNY", 0)
	h.zero()
	h.statement()
}

func TestLedger_SetSettlement(t *testing.T) {
	h, _ := rated(t, map[string]string{"USD": "0.14"})
	for _, code := range []string{"EUR", "usd", "X"} {
		err := h.books.SetSettlement(h.ctx, cara, code)
		if !errors.Is(err, ledger.ErrPayoutInvalid) || fault.From(err).Fields["settlement"] != "settlement_unknown" {
			t.Errorf("%s: got %v", code, err)
		}
	}
	h.settles("CNY")
	s, err := h.books.SettlementOf(h.ctx, cara)
	h.ok(err)
	if s.Currency != "CNY" || fmt.Sprint(s.Choices) != "[CNY USD]" {
		t.Errorf("settlement: %+v", s)
	}
	// It moves no money, so that payouts need not wait.
	if _, _, changed, err := h.books.DestinationChanged(h.ctx, cara); changed || err != nil {
		t.Errorf("the destination changed: %v %v", changed, err)
	}
}

// The terms are sums in the base currency, whatever the currency of a payout.
func TestLedger_RequestPayout_terms_in_other_currencies(t *testing.T) {
	h, x := rated(t, map[string]string{"JPY": "21.5", "KWD": "0.0428"})
	h.ok(h.books.SetDestination(h.ctx, cara, ledger.Destination{Name: "Cara Chen", Account: "6222 0000 1234"}))
	for _, c := range []string{"JPY", "KWD", "EUR"} {
		h.tx(func(tx pgx.Tx) error {
			_, err := h.books.PostTx(h.ctx, tx, ledger.Posting{
				Kind:      ledger.KindAdjustment,
				Reference: c,
				Lines: []ledger.Line{
					{Account: "creator_available:7", Amount: money.Of(-9_000_000, c)},
					{Account: ledger.Adjustments, Amount: money.Of(9_000_000, c)},
				},
			})
			return err
		})
	}
	for _, c := range []struct {
		sum money.Money
		ok  bool
		two bool
	}{
		{money.Of(10, "JPY"), false, false},
		{money.Of(214, "JPY"), false, false},
		{money.Of(215, "JPY"), true, false}, // 10 yuan
		{money.Of(500_000, "KWD"), true, true},
		{money.Of(400_000, "KWD"), true, false},
		{money.Of(999, "EUR"), false, false}, // no rate: as it stands
		{money.Of(1000, "EUR"), true, false},
		{money.Of(1_000_001, "EUR"), true, true},
	} {
		p, err := h.books.RequestPayout(h.ctx, cara, c.sum, c.sum.String())
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.sum, err)
		}
		if got := h.books.Terms().TwoPeople(p); err == nil && got != c.two {
			t.Errorf("%s needs two people: %v", c.sum, got)
		}
		if err == nil && c.sum.Currency == "KWD" && c.two {
			h.advance(time.Second)
			h.rate(x, "KWD", "0.9") // a later rate doesn't make it small
			h.ok(h.books.ApprovePayout(h.ctx, olga, p.ID, 0, ""))
			if err := h.books.MarkPaid(h.ctx, olga, p.ID, 1, "B1"); !errors.Is(err, ledger.ErrSecondPerson) {
				t.Errorf("one person paid %s: %v", c.sum, err)
			}
			h.advance(time.Second)
			h.rate(x, "KWD", "0.0428")
		}
	}
	least, err := h.books.LeastPayouts(h.ctx, []ledger.Account{{Currency: "JPY"}, {Currency: "CNY"}})
	h.ok(err)
	if least["JPY"] != 215 || least["CNY"] != 1000 {
		t.Errorf("least payouts: %v", least)
	}
}

// After refunds that failed, more may have gone back than the proportion of those that stand.
func TestLedger_RefundTx_part_is_never_below_zero(t *testing.T) {
	h, _ := rated(t, map[string]string{"USD": "0.25"})
	h.terms(func(t *ledger.Terms) { t.FeeRate = 0 })
	h.settles("USD")
	h.sells(part("a/1", 8)) // 2 cents
	h.advance(8 * day)
	h.clears()
	for no, n := range []int64{1, 1, 3, 1} { // 0, 1, 0 and 1 cent
		h.refunds(fmt.Sprint("R", no), "a/1", n)
	}
	h.fails("R0")
	h.fails("R2")
	h.holdsIn("creator_available:7", "USD", 0)
	h.refunds("R5", "a/1", 1)
	h.holdsIn("creator_available:7", "USD", 0)
	for _, no := range []string{"R1", "R3", "R5"} {
		h.fails(no)
	}
	h.holdsIn("creator_available:7", "USD", -2)
	h.statement()
}

// The refund fails while a clearing, which is about to commit, converts what the refund took from.
func TestLedger_RefundFailedTx_waits_for_a_conversion(t *testing.T) {
	h, _ := rated(t, map[string]string{"USD": "0.14"})
	h.settles("USD")
	h.sells(part("a/1", 1000))
	h.refunds("R1", "a/1", 1000)
	h.advance(8 * day)
	failed := make(chan error, 1)
	h.tx(func(tx pgx.Tx) error {
		if n, err := h.books.ClearTx(h.ctx, tx); n != 1 || err != nil {
			return fmt.Errorf("cleared %d: %w", n, err)
		}
		go func() {
			failed <- db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error { return h.books.RefundFailedTx(h.ctx, tx, "R1") })
		}()
		for waits := false; !waits; time.Sleep(5 * time.Millisecond) {
			if err := h.pool.QueryRow(h.ctx, `select exists (select 1 from pg_stat_activity
				where datname = current_database() and wait_event_type = 'Lock')`).Scan(&waits); err != nil {
				return err
			}
		}
		return nil
	})
	h.ok(<-failed)
	h.holdsIn("creator_available:7", "USD", -119)
	h.zero()
	h.statement()
	invariant.Check(t, h.pool, false)
}
