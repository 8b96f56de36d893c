package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/transition/transitiontest"
)

func TestLedger_RequestPayout_many_at_once(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 20000)) // 17,000 to the creator
	h.advance(h.books.Terms().Clearing)
	h.clears()
	h.ok(h.books.SetDestination(h.ctx, cara, ledger.Destination{Name: "Cara", Account: "12345678"}))
	var got atomic.Int64
	var wg sync.WaitGroup
	for n := range 12 {
		for range 2 { // every request is sent twice
			wg.Go(func() {
				p, err := h.books.RequestPayout(h.ctx, cara, cny(5000), fmt.Sprint("click", n))
				switch {
				case err == nil && p.Amount == cny(5000):
					got.Add(1)
				case fault.From(err).Fields["amount"] != "payout_above_balance":
					t.Errorf("%+v, %v", p, err)
				}
			})
		}
	}
	wg.Wait()
	if a := h.account(cara); a.Available != 2000 || a.Reserved != 15000 {
		t.Fatalf("%+v", a)
	}
	if got.Load() != 6 { // three requests, each sent twice
		t.Errorf("%d answers", got.Load())
	}
	h.zero()
}

func TestLedger_Payout_steps(t *testing.T) {
	h := open(t)
	var actions []string
	h.deps.Audit = func(_ context.Context, _ pgx.Tx, actor int64, verb, subject string, _ any) error {
		actions = append(actions, fmt.Sprint(actor, " ", verb, " ", subject))
		return nil
	}
	h.books = ledger.New(h.deps)
	h.sells(part("A/1", 20000))
	h.advance(h.books.Terms().Clearing)
	h.clears()
	p := h.requests(5000)
	is := func(err error, want *fault.Fault) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want.Slug)
		}
	}
	is(h.books.ApprovePayout(h.ctx, cara, p.ID, 0, ""), ledger.ErrOwnPayout)
	is(h.books.CancelPayout(h.ctx, dan, p.ID, 0), ledger.ErrPayoutNotFound)
	is(h.books.MarkPaid(h.ctx, olga, p.ID, 0, "B"), ledger.ErrPayoutMoved)
	is(h.books.RefusePayout(h.ctx, olga, p.ID, 0, " "), ledger.ErrPayoutInvalid)
	_, err := h.books.Reveal(h.ctx, olga, p.ID)
	is(err, ledger.ErrPayoutMoved)
	_, err = h.books.RequestPayout(h.ctx, cara, cny(h.books.Terms().MinPayout-1), "too little")
	is(err, ledger.ErrPayoutInvalid)
	is(h.books.ApprovePayout(h.ctx, olga, p.ID, 1, "a page that shows what is not yet"), ledger.ErrPayoutMoved)
	h.ok(h.books.ApprovePayout(h.ctx, olga, p.ID, 0, "looks good"))
	is(h.books.MarkPaid(h.ctx, olga, p.ID, 0, "from the page before"), ledger.ErrPayoutMoved)
	is(h.books.ApprovePayout(h.ctx, olga, p.ID, 0, ""), ledger.ErrPayoutMoved)
	is(h.books.CancelPayout(h.ctx, cara, p.ID, 1), ledger.ErrPayoutMoved)
	d, err := h.books.Reveal(h.ctx, olga, p.ID)
	if err != nil || d.Account != "6222 0000 1234" {
		t.Errorf("%+v, %v", d, err)
	}
	is(h.books.MarkPaid(h.ctx, olga, p.ID, 1, ""), ledger.ErrPayoutInvalid)
	h.ok(h.books.MarkPaid(h.ctx, olga, p.ID, 1, "BANK-77"))
	h.holds("paid_out", -5000)
	h.holds("payout_reserved:7", 0)
	h.ok(h.books.MarkFailed(h.ctx, olga, p.ID, 2, "the account is closed"))
	h.holds("paid_out", 0)
	for n, end := range []func(p ledger.Payout) error{
		func(p ledger.Payout) error { return h.books.RefusePayout(h.ctx, olga, p.ID, 0, "no") },
		func(p ledger.Payout) error { return h.books.CancelPayout(h.ctx, cara, p.ID, 0) },
		func(p ledger.Payout) error {
			h.ok(h.books.ApprovePayout(h.ctx, olga, p.ID, 0, ""))
			return h.books.MarkFailed(h.ctx, olga, p.ID, 1, "no such account")
		},
	} {
		p := h.requests(2000)
		h.ok(end(p))
		if a := h.account(cara); a.Available != 17000 || a.Reserved != 0 {
			t.Fatalf("end %d leaves %+v", n, a)
		}
	}
	want := []string{
		"2 payout.approved payout:1", "2 payout.revealed payout:1", "2 payout.paid payout:1",
		"2 payout.failed payout:1",
		"2 payout.refused payout:2", "2 payout.approved payout:4", "2 payout.failed payout:4",
	}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Errorf("audited (-want +got):\n%s", diff)
	}
	h.zero()
}

func TestLedger_ApprovePayout_races_with_other_decisions(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 20000))
	h.advance(h.books.Terms().Clearing)
	h.clears()
	p := h.requests(5000)
	var done atomic.Int64
	var wg sync.WaitGroup
	for n := range 9 {
		wg.Go(func() {
			var err error
			switch n % 3 {
			case 0:
				err = h.books.RefusePayout(h.ctx, olga, p.ID, 0, "no")
			case 1:
				err = h.books.CancelPayout(h.ctx, cara, p.ID, 0)
			default:
				err = h.books.ApprovePayout(h.ctx, olga, p.ID, 0, "")
			}
			if err == nil {
				done.Add(1)
			} else if !errors.Is(err, ledger.ErrPayoutMoved) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 {
		t.Errorf("%d decisions", done.Load())
	}
	if a := h.account(cara); a.Available+a.Reserved != 17000 {
		t.Errorf("%+v", a)
	}
	h.zero()
}

func TestTransitions(t *testing.T) {
	h := open(t)
	transitiontest.Compare(t, ledger.Transitions(), h.pool, "ledger_payout_transition_allowed", "../../docs/payments.md")
}

func TestLedger_SetDestination_encrypted_and_bound_to_its_creator(t *testing.T) {
	h := open(t)
	d := ledger.Destination{Name: "陈Cara", Account: "6222021234"}
	h.ok(h.books.SetDestination(h.ctx, cara, d))
	var kept []byte
	h.ok(h.pool.QueryRow(h.ctx, `select destination from ledger_payee where creator_id = $1`, cara).Scan(&kept))
	if strings.Contains(string(kept), "6222") || strings.Contains(string(kept), "Cara") {
		t.Error("the destination is stored in the clear")
	}
	got, err := h.books.DestinationOf(h.ctx, cara)
	if err != nil || got != (ledger.Destination{Name: "陈•••", Account: "••••1234"}) {
		t.Errorf("%+v, %v", got, err)
	}
	h.ok(h.books.SetDestination(h.ctx, dan, d))
	if _, err := h.pool.Exec(h.ctx, `update ledger_payee set destination = $1 where creator_id = $2`, kept,
		dan); err != nil {
		t.Fatal(err)
	}
	if _, err := h.books.DestinationOf(h.ctx, dan); err == nil {
		t.Error("another creator's ciphertext can be decrypted")
	}
	for field, d := range map[string]ledger.Destination{
		"name":    {Account: "123456"},
		"account": {Name: "Cara", Account: "1"},
	} {
		if err := h.books.SetDestination(h.ctx, cara, d); fault.From(err).Fields[field] == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	if short := (ledger.Destination{Name: "C", Account: "1234"}).Masked(); short.Account != "••••34" {
		t.Errorf("a short account is shown as %q", short.Account)
	}
}

// What an operator notes at an approval is for operators; a refusal is for the creator to read.
func TestPayout_Event_reason(t *testing.T) {
	t.Parallel()
	for state, told := range map[ledger.State]bool{
		ledger.Approved: false, ledger.Paid: false, ledger.Refused: true, ledger.Failed: true,
	} {
		if _, _, e := (ledger.Payout{State: state, Reason: "looks odd"}).Event(); (e.Reason != "") != told {
			t.Errorf("the event of a payout that is %s says %q", state, e.Reason)
		}
	}
}
