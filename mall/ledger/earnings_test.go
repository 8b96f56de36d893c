package ledger_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/calendar"
	"videomall/mall/ledger"
)

func TestLedger_SaleTx_split_to_the_cent(t *testing.T) {
	for _, c := range []struct{ amount, rate, fee int64 }{
		{990, 1500, 149}, // 148.5 rounds up
		{989, 1500, 148}, // 148.35
		{1, 1500, 0},
		{3, 1500, 0}, // 0.45
		{4, 1500, 1}, // 0.6
		{1000, 0, 0},
		{1000, 10000, 1000},
		{2970, 1500, 446},                        // three units at once: 445.5, not three times 148.5
		{900_000_000_000, 3333, 299_970_000_000}, // no overflow on the way
	} {
		t.Run(fmt.Sprint(c.amount, "@", c.rate), func(t *testing.T) {
			h := open(t)
			h.terms(func(t *ledger.Terms) { t.FeeRate = int(c.rate) })
			p := part("A/1", c.amount)
			p.Quantity = 3
			h.sells(p)
			h.holds("channel:bank", c.amount)
			h.holds("fees", -c.fee)
			h.holds("creator_held:7", c.fee-c.amount)
			h.zero()
		})
	}
}

func TestLedger_SaleTx_once_for_all_creators(t *testing.T) {
	h := open(t)
	theirs := part("A/2", 990)
	theirs.CreatorID = dan
	parts := []ledger.Part{part("A/1", 990), theirs, part("A/3", 10), part("A/4", 0)}
	h.sells(parts...)
	h.n--
	h.sells(parts...) // the same reference again
	h.holds("channel:bank", 1990)
	h.holds("fees", -149-149-2)
	h.holds("creator_held:7", -(990-149)-(10-2))
	h.holds("creator_held:8", -(990 - 149))
	h.zero()
	err := db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error {
		return h.books.SaleTx(h.ctx, tx, ledger.Sale{
			Reference: "bank/x",
			Channel:   "bank",
			Amount:    cny(11),
			Parts:     []ledger.Part{part("B/1", 10)},
		})
	})
	if !errors.Is(err, ledger.ErrUnbalanced) {
		t.Errorf("parts that add up to less than the sum: %v", err)
	}
}

func TestLedger_RefundTx_after_a_change_of_the_fee(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 1000))
	h.terms(func(t *ledger.Terms) { t.FeeRate = 3000 })
	h.sells(part("A/2", 1000))
	h.holds("fees", -450)
	h.refunds("R1", "A/1", 1000)
	h.holds("fees", -300)
	h.refunds("R2", "A/2", 1000)
	h.holds("fees", 0)
	h.holds("creator_held:7", 0)
	h.holds("refunding", -2000)
}

// Random partial refunds, some of which fail, leave nothing in any account once the whole price is refunded.
func TestLedger_RefundTx_partial_refunds_reverse_exactly(t *testing.T) {
	h := open(t)
	dice := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		source := fmt.Sprint("P", round, "/1")
		amount := 1 + dice.Int64N(2000)
		h.terms(func(t *ledger.Terms) { t.FeeRate = dice.IntN(10001) })
		h.sells(part(source, amount))
		if dice.IntN(2) == 0 {
			h.advance(h.books.Terms().Clearing)
			h.clears()
		}
		n := 0
		for left := amount; left > 0; {
			r := min(left, 1+dice.Int64N(max(amount/3, 1)))
			no := fmt.Sprint("R", round, "-", n)
			n++
			h.refunds(no, source, r)
			h.refunds(no, source, r) // a repeated call
			if dice.IntN(4) == 0 {
				h.fails(no)
				h.fails(no)
				continue
			}
			left -= r
		}
		for _, account := range []string{"fees", "creator_held:7", "creator_available:7"} {
			h.holds(account, 0)
		}
		if t.Failed() {
			t.Fatalf("round %d: %d at %d", round, amount, h.books.Terms().FeeRate)
		}
	}
	h.zero()
	err := db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error {
		return h.books.RefundTx(h.ctx, tx, refund("more", "P0/1", 1))
	})
	if err == nil {
		t.Error("more was refunded than was paid")
	}
}

func TestLedger_RefundFailedTx_after_clearing(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 1000))
	h.refunds("R1", "A/1", 400)
	h.holds("creator_held:7", -510)
	h.advance(h.books.Terms().Clearing)
	h.clears()
	h.holds("creator_available:7", -510)
	h.fails("R1")
	h.holds("creator_available:7", -850)
	h.holds("creator_held:7", 0)
	h.holds("fees", -150)
	h.holds("refunding", 0)
	h.sent("R2", "A/1", 1000)
	h.holds("creator_available:7", 0)
	h.holds("channel:bank", 0)
	h.zero()
}

func TestLedger_RefundTx_after_clearing_leaves_a_debt(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 2000))
	h.advance(h.books.Terms().Clearing)
	h.clears()
	h.pays(1700)
	h.refunds("R1", "A/1", 2000)
	if a := h.account(cara); a.Available != -1700 || a.PaidOut != 1700 {
		t.Fatalf("%+v", a)
	}
	h.sells(part("A/2", 4000))
	h.advance(h.books.Terms().Clearing)
	h.clears()
	if a := h.account(cara); a.Available != 1700 {
		t.Fatalf("%+v", a)
	}
	h.zero()
}

// Sales, refunds, clearings, payouts and adjustments run at once: the books balance all the time and at the end.
func TestLedger_Imbalances_everything_at_once(t *testing.T) {
	h := open(t)
	h.terms(func(t *ledger.Terms) { t.Clearing = 0 })
	h.ok(h.books.SetDestination(h.ctx, cara, ledger.Destination{Name: "Cara", Account: "12345678"}))
	var wg sync.WaitGroup
	stop := make(chan struct{})
	watch := sync.WaitGroup{}
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			h.zero()
			if _, err := h.books.Statement(h.ctx, cara, calendar.UTC, calendar.UTC.MonthOf(h.now())); err != nil &&
				!errors.Is(err, ledger.ErrNoStatement) {
				t.Error(err)
			}
		}
	})
	for n := range 40 {
		wg.Go(func() {
			source := fmt.Sprint("Z", n, "/1")
			err := db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error {
				return h.books.SaleTx(h.ctx, tx, ledger.Sale{
					Reference: fmt.Sprint("bank/z", n),
					Channel:   "bank",
					Amount:    cny(3001),
					Parts:     []ledger.Part{part(source, 3001)},
				})
			})
			if err != nil {
				t.Error(err)
			}
			switch n % 4 {
			case 0:
				err = db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error {
					return h.books.RefundSentTx(h.ctx, tx, "bank", refund(fmt.Sprint("RZ", n), source, 1777))
				})
			case 1:
				_, err = h.books.Clear(h.ctx)
			case 2:
				p, e := h.books.RequestPayout(h.ctx, cara, cny(1000), fmt.Sprint("z", n))
				if e == nil {
					err = h.books.ApprovePayout(h.ctx, olga, p.ID, 0, "")
					if err == nil && n%8 == 2 {
						err = h.books.MarkPaid(h.ctx, olga, p.ID, 1, "B")
					}
				} else if !errors.Is(e, ledger.ErrPayoutInvalid) {
					err = e
				}
			default:
				if n%8 == 3 {
					err = h.books.Adjust(h.ctx, olga, cara, cny(int64(-1-n)), "a test", fmt.Sprint("a", n))
					break
				}
				var c ledger.Credit
				if c, err = h.books.ProposeCredit(h.ctx, olga, cara, cny(int64(1+n)), "a test",
					fmt.Sprint("a", n)); err == nil {
					err = h.books.ConfirmCredit(h.ctx, otto, c.ID)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(stop)
	watch.Wait()
	h.clears()
	h.zero()
	var shares, back, paid, adjusted int64
	h.ok(h.pool.QueryRow(h.ctx, `select (select sum(amount - fee)
		from ledger_earning), (select coalesce(sum(amount - fee), 0) from ledger_reversal),
		(select coalesce(sum(amount), 0) from ledger_payout where state = 'paid'), (select sum(amount)
		from ledger_adjustment)::bigint`).Scan(&shares, &back, &paid, &adjusted))
	if owed := h.account(cara).Owed(); owed != shares-back-paid+adjusted {
		t.Errorf("owed %d of %d − %d − %d + %d", owed, shares, back, paid, adjusted)
	}
}
