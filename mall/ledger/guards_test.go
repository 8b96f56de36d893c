package ledger_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/fault"
	"videomall/mall/ledger"
)

// earned gives Cara 17,000 of available money.
func (h *house) earned() {
	h.Helper()
	h.sells(part("A/1", 20000))
	h.advance(h.books.Terms().Clearing)
	h.clears()
}

func TestLedger_ApprovePayout_waits_after_a_change_of_destination(t *testing.T) {
	h := open(t)
	h.terms(func(t *ledger.Terms) { t.PayoutWait = ledger.UsualTerms.PayoutWait })
	if h.books.Terms().PayoutWait != 72*time.Hour {
		t.Fatalf("the usual wait is %s", h.books.Terms().PayoutWait)
	}
	h.earned()
	changed := func() bool {
		t.Helper()
		at, until, changed, err := h.books.DestinationChanged(h.ctx, cara)
		h.ok(err)
		if changed && (until.Sub(at) != 72*time.Hour || !until.After(h.now())) {
			t.Errorf("changed at %s, until %s", at, until)
		}
		return changed
	}
	if changed() {
		t.Error("changed before it was set")
	}
	requested := func(key string) ledger.Payout {
		t.Helper()
		p, err := h.books.RequestPayout(h.ctx, cara, cny(2000), key)
		h.ok(err)
		return p
	}
	waits := func(p ledger.Payout, want bool) {
		t.Helper()
		err := h.books.ApprovePayout(h.ctx, olga, p.ID, p.Version, "")
		if want != errors.Is(err, ledger.ErrPayoutWaits) || !want && err != nil {
			t.Errorf("payout %d: %v, waits %v", p.ID, err, want)
		}
	}
	first := ledger.Destination{Name: "Cara Chen", Account: "6222 0000 1234"}
	h.ok(h.books.SetDestination(h.ctx, cara, first))
	early := requested("early")
	waits(early, true)
	h.advance(72*time.Hour - time.Second)
	if !changed() {
		t.Error("the change is not reported")
	}
	waits(early, true)
	h.advance(time.Second)
	if changed() {
		t.Error("the change is reported after the wait")
	}
	waits(early, false)

	// Setting the same destination is no change. Another one is, for payouts that are requested after it.
	h.ok(h.books.SetDestination(h.ctx, cara, first))
	before := requested("before")
	h.ok(h.books.SetDestination(h.ctx, cara, ledger.Destination{Name: "Cara Chen", Account: "DE89 3704"}))
	after := requested("after")
	waits(before, false)
	waits(after, true)
	// A waiting payout can be cancelled and refused.
	h.ok(h.books.CancelPayout(h.ctx, cara, after.ID, after.Version))
	refused := requested("refused")
	h.ok(h.books.RefusePayout(h.ctx, olga, refused.ID, refused.Version, "not hers"))
	h.zero()
}

func TestLedger_MarkPaid_large_payout_takes_two_people(t *testing.T) {
	h := open(t)
	h.terms(func(t *ledger.Terms) { t.TwoAbove = 3000 })
	h.earned()
	approved := func(n int64) ledger.Payout {
		t.Helper()
		p := h.requests(n)
		h.ok(h.books.ApprovePayout(h.ctx, olga, p.ID, 0, ""))
		return p
	}
	small := approved(3000)
	_, err := h.books.Reveal(h.ctx, olga, small.ID)
	h.ok(err)
	h.ok(h.books.MarkPaid(h.ctx, olga, small.ID, 1, "B1"))

	large := approved(3001)
	if _, err := h.books.Reveal(h.ctx, olga, large.ID); !errors.Is(err, ledger.ErrSecondPerson) {
		t.Errorf("the account is shown to the operator who approved: %v", err)
	}
	if err := h.books.MarkPaid(h.ctx, olga, large.ID, 1, "B2"); !errors.Is(err, ledger.ErrSecondPerson) {
		t.Errorf("one person alone: %v", err)
	}
	h.holds("paid_out", -3000)
	_, err = h.books.Reveal(h.ctx, otto, large.ID)
	h.ok(err)
	h.ok(h.books.MarkPaid(h.ctx, otto, large.ID, 1, "B2"))
	h.holds("paid_out", -6001)
	h.ok(h.books.MarkFailed(h.ctx, olga, large.ID, 2, "sent back")) // returns the sum to the creator
	h.zero()
}

func TestLedger_ConfirmCredit_takes_two_people(t *testing.T) {
	h := open(t)
	h.earned()
	if err := h.books.Adjust(h.ctx, olga, cara, cny(500), "a gift",
		"k"); fault.From(err).Fields["amount"] != "amount_invalid" {
		t.Errorf("one person alone: %v", err)
	}
	c, err := h.books.ProposeCredit(h.ctx, olga, cara, cny(500), " a prize ", "k")
	h.ok(err)
	if again, err := h.books.ProposeCredit(h.ctx, olga, cara, cny(500), "a prize", "k"); err != nil ||
		again.ID != c.ID || c.Reason != "a prize" {
		t.Errorf("the second click: %+v, %v", again, err)
	}
	waiting := func(want int) {
		t.Helper()
		for _, creatorID := range []int64{0, cara} {
			if list, err := h.books.ProposedCredits(h.ctx, creatorID, 10); err != nil || len(list) != want {
				t.Errorf("%v wait, want %d: %v", list, want, err)
			}
		}
	}
	waiting(1)
	h.holds("creator_available:7", -17000)
	for name, c := range map[string]struct {
		err  error
		want *fault.Fault
	}{
		"who proposed it":     {h.books.ConfirmCredit(h.ctx, olga, c.ID), ledger.ErrCreditSamePerson},
		"the creator":         {h.books.ConfirmCredit(h.ctx, cara, c.ID), ledger.ErrOwnPayout},
		"the creator refuses": {h.books.RefuseCredit(h.ctx, cara, c.ID), ledger.ErrOwnPayout},
		"no such credit":      {h.books.ConfirmCredit(h.ctx, otto, 4711), ledger.ErrCreditNotFound},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	for name, err := range map[string]error{
		"to oneself":       second(h.books.ProposeCredit(h.ctx, cara, cara, cny(1), "r", "o")),
		"nothing":          second(h.books.ProposeCredit(h.ctx, olga, cara, cny(0), "r", "n")),
		"below":            second(h.books.ProposeCredit(h.ctx, olga, cara, cny(-1), "r", "b")),
		"above any order":  second(h.books.ProposeCredit(h.ctx, olga, cara, cny(1_000_000_000_001), "r", "a")),
		"without a reason": second(h.books.ProposeCredit(h.ctx, olga, cara, cny(1), " ", "w")),
		"without a key":    second(h.books.ProposeCredit(h.ctx, olga, cara, cny(1), "r", "")),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	waiting(1)

	// Several operators confirm at the same moment: the credit is booked once.
	var done atomic.Int64
	var wg sync.WaitGroup
	for n := range int64(6) {
		wg.Go(func() {
			switch err := h.books.ConfirmCredit(h.ctx, 20+n, c.ID); {
			case err == nil:
				done.Add(1)
			case !errors.Is(err, ledger.ErrCreditMoved):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 {
		t.Errorf("confirmed %d times", done.Load())
	}
	h.holds("creator_available:7", -17500)
	waiting(0)

	other, err := h.books.ProposeCredit(h.ctx, olga, cara, cny(900), "a mistake", "k2")
	h.ok(err)
	h.ok(h.books.RefuseCredit(h.ctx, olga, other.ID)) // by the operator who proposed it
	if err := h.books.ConfirmCredit(h.ctx, otto, other.ID); !errors.Is(err, ledger.ErrCreditMoved) {
		t.Errorf("a refused one is confirmed: %v", err)
	}
	h.holds("creator_available:7", -17500)
	// The database enforces the rule too.
	if _, err := h.pool.Exec(h.ctx, `update ledger_credit set decided_by = proposed_by where id = $1`,
		c.ID); err == nil {
		t.Error("the table accepts a credit that one person proposed and decided")
	}
	h.zero()
}

func second[T any](_ T, err error) error { return err }
