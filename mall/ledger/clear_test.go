package ledger_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/calendar"
	"videomall/mall/ledger"
	"videomall/test/invariant"
)

func TestLedger_RefundTx_sale_before_creator_accounts(t *testing.T) {
	h := open(t)
	h.tx(func(tx pgx.Tx) error {
		_, err := h.books.PostTx(h.ctx, tx, ledger.Posting{
			Kind:      "capture",
			Reference: "bank/old",
			Lines: []ledger.Line{
				{Account: "channel:bank", Amount: cny(990)}, {Account: "sales", Amount: cny(-990)},
			},
		})
		return err
	})
	h.refunds("R1", "OLD/1", 400)
	h.fails("R1")
	h.holds("sales", -990)
	h.fails("never promised here")
	h.sent("R2", "OLD/1", 990) // recorded by an earlier version
	h.holds("sales", 0)
	h.holds("channel:bank", 0)
	h.zero()
}

func TestLedger_Clear_due_only_and_once(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 1000))
	h.advance(24 * time.Hour)
	h.sells(part("A/2", 1000))
	h.advance(h.books.Terms().Clearing - 24*time.Hour)
	h.clears()
	h.clears()
	if a := h.account(cara); a.Available != 850 || a.Held != 850 {
		t.Fatalf("%+v", a)
	}
	waiting, err := h.books.ClearingOf(h.ctx, cara, calendar.UTC)
	h.ok(err)
	if len(waiting) != 1 || waiting[0].Amount != cny(850) || waiting[0].Day.Day() != 28 {
		t.Fatalf("%+v", waiting)
	}
}

// Whether an earning clears or is refunded first, no cent is lost.
func TestLedger_Clear_races_with_refunds(t *testing.T) {
	for _, currency := range []string{"", "USD"} {
		t.Run("settles in "+currency, func(t *testing.T) {
			h, _ := rated(t, map[string]string{"USD": "0.14"})
			h.settles(currency)
			races(h)
			var left, settled int64
			h.ok(h.pool.QueryRow(h.ctx, `select coalesce(sum(amount - fee - amount_back + fee_back)
				filter (where settled is null), 0), coalesce(sum(settled - settled_back), 0) from ledger_earning`).
				Scan(&left, &settled))
			if (left == 0) != (currency == "USD") || (settled == 0) != (currency == "") {
				t.Errorf("%d are left as they were sold, and %d converted", left, settled)
			}
			h.holdsIn("creator_held:7", "CNY", 0)
			h.holdsIn("creator_available:7", "CNY", -left)
			h.holdsIn("creator_available:7", "USD", -settled)
			h.zero()
			h.statement()
			invariant.Check(t, h.pool, false)
		})
	}
}

// races sells, and clears and refunds everything at the same time.
func races(h *house) {
	t := h.T
	const items = 60
	for n := range items {
		h.sells(part(fmt.Sprint("A/", n), 1001))
	}
	h.advance(h.books.Terms().Clearing)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 10 {
				if _, err := h.books.Clear(h.ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range items {
		wg.Go(func() {
			no := fmt.Sprint("R", n)
			r := refund(no, fmt.Sprint("A/", n), int64(1+n*16))
			if err := db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error {
				return h.books.RefundTx(h.ctx, tx, r)
			}); err != nil {
				t.Error(err)
			}
			if n%3 == 0 {
				if err := db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error {
					return h.books.RefundFailedTx(h.ctx, tx, no)
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	h.clears()
}

// TestLedger_ClearingOf checks that what clears late on a UTC day clears on the next day of a zone further east.
func TestLedger_ClearingOf(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 1000)) // clears on March 27 at noon
	h.advance(8 * time.Hour)
	h.sells(part("A/2", 2000)) // clears on the same day at 20:00
	h.advance(48 * time.Hour)
	h.sells(part("A/3", 4000))
	for name, want := range map[string]string{
		"UTC":           "27: 2550, 29: 3400, ",
		"Asia/Shanghai": "27: 850, 28: 1700, 30: 3400, ",
	} {
		z, _ := calendar.Find(name)
		list, err := h.books.ClearingOf(h.ctx, cara, z)
		h.ok(err)
		got := ""
		for _, c := range list {
			got += fmt.Sprintf("%d: %d, ", c.Day.Day(), c.Amount.Amount)
		}
		if got != want {
			t.Errorf("in %s %s, want %s", name, got, want)
		}
	}
	if list, err := h.books.ClearingOf(h.ctx, dan, calendar.UTC); err != nil || len(list) != 0 {
		t.Errorf("a creator who sold nothing: %v, %v", list, err)
	}
}
