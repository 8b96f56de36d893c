package ledger_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/ledger"
)

const (
	cara = int64(7) // creators
	dan  = int64(8)
	olga = int64(2) // operators
	otto = int64(3)
)

// house is the books alone, with a clock that tests drive.
type house struct {
	*testing.T
	ctx   context.Context
	pool  *pgxpool.Pool
	books *ledger.Ledger
	at    atomic.Int64
	n     int
}

func open(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	h := &house{
		T:    t,
		ctx:  context.Background(),
		pool: dbtest.New(t),
	}
	h.at.Store(time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC).UnixMicro())
	h.books = ledger.New(h.pool, h.now)
	key := sha256.Sum256([]byte("key"))
	h.books.Key = key[:]
	h.books.Terms.PayoutWait = 0 // but where the wait is looked at
	return h
}

func (h *house) now() time.Time           { return time.UnixMicro(h.at.Load()).UTC() }
func (h *house) advance(by time.Duration) { h.at.Add(by.Microseconds()) }
func (h *house) tx(fn func(pgx.Tx) error) { h.Helper(); h.ok(db.InTx(h.ctx, h.pool, fn)) }
func part(source string, n int64) ledger.Part {
	return ledger.Part{
		Source:    source,
		CreatorID: cara,
		Subject:   1,
		TitleZh:   "影片",
		TitleEn:   "Film",
		Quantity:  1,
		Amount:    cny(n),
	}
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// sells books a sale of parts.
func (h *house) sells(parts ...ledger.Part) {
	h.Helper()
	h.n++
	sum := cny(0)
	for _, p := range parts {
		sum.Amount += p.Amount.Amount
	}
	h.tx(func(tx pgx.Tx) error {
		return h.books.SaleTx(h.ctx, tx, ledger.Sale{
			Reference: fmt.Sprint("bank/", h.n),
			Channel:   "bank",
			Amount:    sum,
			Parts:     parts,
		})
	})
}

func refund(no, source string, n int64) ledger.Refund {
	return ledger.Refund{
		Reference: no,
		Amount:    cny(n),
		Parts:     []ledger.RefundPart{{Source: source, Amount: cny(n)}},
	}
}

func (h *house) refunds(no, source string, n int64) {
	h.Helper()
	h.tx(func(tx pgx.Tx) error { return h.books.RefundTx(h.ctx, tx, refund(no, source, n)) })
}

func (h *house) sent(no, source string, n int64) {
	h.Helper()
	h.tx(func(tx pgx.Tx) error { return h.books.RefundSentTx(h.ctx, tx, "bank", refund(no, source, n)) })
}

func (h *house) fails(no string) {
	h.Helper()
	h.tx(func(tx pgx.Tx) error { return h.books.RefundFailedTx(h.ctx, tx, no) })
}

// holds compares an account, as the books sign it.
func (h *house) holds(account string, want int64) {
	h.Helper()
	balances, err := h.books.Balances(h.ctx)
	h.ok(err)
	var got int64
	for _, b := range balances {
		if b.Account == account {
			got += b.Amount.Amount
		}
	}
	if got != want {
		h.Errorf("%s holds %d, want %d", account, got, want)
	}
}

// zero fails unless all accounts sum to nothing.
func (h *house) zero() {
	h.Helper()
	sums, err := h.books.Imbalances(h.ctx)
	h.ok(err)
	for _, s := range sums {
		if !s.IsZero() {
			h.Errorf("the books are out by %s", s)
		}
	}
}

func (h *house) account(creatorID int64) ledger.Account {
	h.Helper()
	list, err := h.books.AccountsOf(h.ctx, creatorID)
	h.ok(err)
	if len(list) != 1 {
		h.Fatalf("accounts %+v", list)
	}
	return list[0]
}

func (h *house) clears() {
	h.Helper()
	_, err := h.books.Clear(h.ctx)
	h.ok(err)
}

func TestASaleIsSplitToTheCent(t *testing.T) {
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
			h.books.Terms.FeeRate = int(c.rate)
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

func TestASaleIsBookedOnceForAllItsCreators(t *testing.T) {
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
		t.Errorf("parts below the sum: %v", err)
	}
}

func TestAChangeOfTheFeeLeavesOldSalesAlone(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 1000))
	h.books.Terms.FeeRate = 3000
	h.sells(part("A/2", 1000))
	h.holds("fees", -450)
	h.refunds("R1", "A/1", 1000)
	h.holds("fees", -300)
	h.refunds("R2", "A/2", 1000)
	h.holds("fees", 0)
	h.holds("creator_held:7", 0)
	h.holds("refunding", -2000)
}

// Whatever the parts and their order, and whatever failed in between: when all is back, nothing is left with anybody.
func TestPartialRefundsReverseExactly(t *testing.T) {
	h := open(t)
	dice := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		source := fmt.Sprint("P", round, "/1")
		amount := 1 + dice.Int64N(2000)
		h.books.Terms.FeeRate = dice.IntN(10001)
		h.sells(part(source, amount))
		if dice.IntN(2) == 0 {
			h.advance(h.books.Terms.Clearing)
			h.clears()
		}
		n := 0
		for left := amount; left > 0; {
			r := min(left, 1+dice.Int64N(max(amount/3, 1)))
			no := fmt.Sprint("R", round, "-", n)
			n++
			h.refunds(no, source, r)
			h.refunds(no, source, r) // told twice
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
			t.Fatalf("round %d: %d at %d", round, amount, h.books.Terms.FeeRate)
		}
	}
	h.zero()
	err := db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error {
		return h.books.RefundTx(h.ctx, tx, refund("more", "P0/1", 1))
	})
	if err == nil {
		t.Error("more went back than was paid")
	}
}

func TestARefundThatFailsAfterTheClearingComesBackAvailable(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 1000))
	h.refunds("R1", "A/1", 400)
	h.holds("creator_held:7", -510)
	h.advance(h.books.Terms.Clearing)
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

func TestARefundAfterTheClearingMayLeaveADebtThatLaterSalesFill(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 2000))
	h.advance(h.books.Terms.Clearing)
	h.clears()
	h.pays(1700)
	h.refunds("R1", "A/1", 2000)
	if a := h.account(cara); a.Available != -1700 || a.PaidOut != 1700 {
		t.Fatalf("%+v", a)
	}
	h.sells(part("A/2", 4000))
	h.advance(h.books.Terms.Clearing)
	h.clears()
	if a := h.account(cara); a.Available != 1700 {
		t.Fatalf("%+v", a)
	}
	h.zero()
}

// pays takes a payout through all of its steps.
func (h *house) pays(n int64) ledger.Payout {
	h.Helper()
	p := h.requests(n)
	h.ok(h.books.ApprovePayout(h.ctx, olga, p.ID, 0, ""))
	h.ok(h.books.MarkPaid(h.ctx, olga, p.ID, 1, "BANK-1"))
	return p
}

func (h *house) requests(n int64) ledger.Payout {
	h.Helper()
	h.n++
	h.ok(h.books.SetDestination(h.ctx, cara, ledger.Destination{Name: "Cara Chen", Account: "6222 0000 1234"}))
	p, err := h.books.RequestPayout(h.ctx, cara, cny(n), fmt.Sprint("key", h.n))
	h.ok(err)
	return p
}

func TestWhatWasSoldBeforeCreatorsHadAccountsComesFromSales(t *testing.T) {
	h := open(t)
	h.tx(func(tx pgx.Tx) error {
		_, err := h.books.PostTx(h.ctx, tx, ledger.Posting{
			Kind:      "capture",
			Reference: "bank/old",
			Lines: []ledger.Line{
				{Account: "channel:bank", Amount: cny(990)}, {Account: "sales", Amount: cny(-990)}},
		})
		return err
	})
	h.refunds("R1", "OLD/1", 400)
	h.fails("R1")
	h.holds("sales", -990)
	h.fails("never promised here")
	h.sent("R2", "OLD/1", 990) // promised by the version before
	h.holds("sales", 0)
	h.holds("channel:bank", 0)
	h.zero()
}

func TestOnlyWhatIsDueClearsAndOnce(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 1000))
	h.advance(24 * time.Hour)
	h.sells(part("A/2", 1000))
	h.advance(h.books.Terms.Clearing - 24*time.Hour)
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

// Each of the two may come first; neither may lose a cent.
func TestClearingAgainstRefunds(t *testing.T) {
	h := open(t)
	const items = 60
	for n := range items {
		h.sells(part(fmt.Sprint("A/", n), 1001))
	}
	h.advance(h.books.Terms.Clearing)
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
	h.holds("creator_held:7", 0)
	var left int64
	h.ok(h.pool.QueryRow(h.ctx, `select sum(amount - fee - amount_back + fee_back) from ledger_earning`).Scan(&left))
	h.holds("creator_available:7", -left)
	h.zero()
}

func TestPayoutsAtOnceNeverExceedWhatIsAvailable(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 20000)) // 17,000 to the creator
	h.advance(h.books.Terms.Clearing)
	h.clears()
	h.ok(h.books.SetDestination(h.ctx, cara, ledger.Destination{Name: "Cara", Account: "12345678"}))
	var got atomic.Int64
	var wg sync.WaitGroup
	for n := range 12 {
		for range 2 { // each click twice
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
	if got.Load() != 6 { // three requests, each told twice
		t.Errorf("%d answers", got.Load())
	}
	h.zero()
}

func TestAPayoutsSteps(t *testing.T) {
	h := open(t)
	var actions []string
	h.books.Audit = func(_ context.Context, _ pgx.Tx, actor int64, verb, subject string, _ any) error {
		actions = append(actions, fmt.Sprint(actor, " ", verb, " ", subject))
		return nil
	}
	h.sells(part("A/1", 20000))
	h.advance(h.books.Terms.Clearing)
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
	_, err = h.books.RequestPayout(h.ctx, cara, cny(h.books.Terms.MinPayout-1), "too little")
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
	want := []string{"2 payout.approved payout:1", "2 payout.revealed payout:1", "2 payout.paid payout:1",
		"2 payout.failed payout:1",
		"2 payout.refused payout:2", "2 payout.approved payout:4", "2 payout.failed payout:4"}
	if !slices.Equal(actions, want) {
		t.Errorf("audited %q", actions)
	}
	h.zero()
}

func TestDecisionsAtOnceHappenOnce(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 20000))
	h.advance(h.books.Terms.Clearing)
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

func TestTheTablesOfPayoutsAgree(t *testing.T) {
	t.Parallel()
	read := func(path, from, to string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, s, ok := strings.Cut(string(b), from)
		s, _, end := strings.Cut(s, to)
		if !ok || !end {
			t.Fatalf("%s has no %q … %q", path, from, to)
		}
		return s
	}
	check := read("../../db/migrations/00025_earnings.sql", "ledger_payout_transition_allowed", "    ))")
	drawn := read("../../docs/payments.md", "stateDiagram-v2", "```")
	n := 0
	for from, tos := range ledger.Transitions() {
		for _, to := range tos {
			n++
			if !strings.Contains(check, fmt.Sprintf("('%s', '%s')", from, to)) {
				t.Errorf("the CHECK lacks %s → %s", from, to)
			}
			if !strings.Contains(drawn, fmt.Sprintf("%s --> %s", from, to)) {
				t.Errorf("the diagram lacks %s → %s", from, to)
			}
		}
	}
	if strings.Count(check, "('") != n || strings.Count(drawn, "-->")-strings.Count(drawn, "[*]") != n {
		t.Errorf("%d pairs in Go, %d in SQL, %d drawn", n, strings.Count(check, "('"),
			strings.Count(drawn, "-->")-strings.Count(drawn, "[*]"))
	}
}

func TestADestinationIsEncryptedAndBoundToItsCreator(t *testing.T) {
	h := open(t)
	d := ledger.Destination{Name: "陈Cara", Account: "6222021234"}
	h.ok(h.books.SetDestination(h.ctx, cara, d))
	var kept []byte
	h.ok(h.pool.QueryRow(h.ctx, `select destination from ledger_payee where creator_id = $1`, cara).Scan(&kept))
	if strings.Contains(string(kept), "6222") || strings.Contains(string(kept), "Cara") {
		t.Error("it is kept in the clear")
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
		t.Error("another creator's ciphertext opens")
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

func TestAStatementSaysWhatTheAccountsSay(t *testing.T) {
	h := open(t) // March 20
	h.books.Terms.Clearing = 24 * time.Hour
	second := part("A/2", 3000)
	second.Subject, second.TitleEn = 2, "Other"
	h.sells(part("A/1", 991), second)
	h.sells(part("A/3", 991))
	h.refunds("R1", "A/3", 500)
	h.advance(48 * time.Hour)
	h.clears()
	p := h.pays(2000)
	h.advance(12 * 24 * time.Hour) // April 3
	h.sells(part("B/1", 777))
	h.fails("R1")
	h.ok(h.books.MarkFailed(h.ctx, olga, p.ID, 2, "sent back"))
	h.ok(h.books.Adjust(h.ctx, olga, cara, cny(-50), "a fee of the bank", "k"))
	h.ok(h.books.Adjust(h.ctx, olga, cara, cny(-50), "a fee of the bank", "k"))

	march, err := h.books.Statement(h.ctx, cara, calendar.UTC, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	h.ok(err)
	b := march.Books[0]
	if march.Open || b.Opening != 0 || len(b.Videos) != 2 || b.Videos[1].Subject != 1 || b.Videos[1].Units != 2 ||
		b.Videos[1].Sales != 1982 ||
		b.Videos[1].Fee != 298 || b.Videos[1].Refunds != 500 || b.Paid() != 2000 || b.Adjusted() != 0 {
		t.Errorf("March %+v", march)
	}
	april, err := h.books.Statement(h.ctx, cara, calendar.UTC, calendar.UTC.MonthOf(h.now()))
	h.ok(err)
	a := april.Books[0]
	if !april.Open || a.Opening != b.Closing || a.Paid() != -2000 || a.Adjusted() != -50 || a.Total().Refunds != -500 ||
		a.Closing != h.account(cara).Owed() {
		t.Errorf("April %+v after %d, owed %d", april, b.Closing, h.account(cara).Owed())
	}
	for name, m := range map[string]time.Time{
		"before the first": time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		"to come":          time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
	} {
		if _, err := h.books.Statement(h.ctx, cara, calendar.UTC, m); !errors.Is(err, ledger.ErrNoStatement) {
			t.Errorf("a month %s: %v", name, err)
		}
	}
	if _, err := h.books.Statement(h.ctx, dan, calendar.UTC,
		calendar.UTC.MonthOf(h.now())); !errors.Is(err, ledger.ErrNoStatement) {
		t.Errorf("of one without earnings: %v", err)
	}
	months, err := h.books.Months(h.ctx, cara, calendar.UTC)
	if err != nil || len(months) != 2 {
		t.Errorf("%v, %v", months, err)
	}
	if err := h.books.Adjust(h.ctx, cara, cara, cny(-5000), "a gift", "g"); !errors.Is(err, ledger.ErrOwnPayout) {
		t.Errorf("one's own adjustment: %v", err)
	}
	h.zero()
}

// TestLedger_Statement draws up all months of several zones: they follow on each other and come to what is owed,
// whatever the zone.
func TestLedger_Statement(t *testing.T) {
	h := open(t) // March 20
	h.books.Terms.Clearing = 24 * time.Hour
	to := func(at time.Time) { h.at.Store(at.UnixMicro()) }
	h.sells(part("A/1", 3000))
	to(time.Date(2026, 3, 31, 18, 45, 0, 0, time.UTC)) // April in Kolkata, and further east
	h.sells(part("A/2", 2000))
	to(time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)) // also in Berlin
	h.sells(part("A/3", 4000))
	h.refunds("R1", "A/1", 300)
	to(time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)) // still March in New York
	h.clears()
	p := h.pays(1000)
	to(time.Date(2026, 4, 30, 20, 0, 0, 0, time.UTC))
	h.ok(h.books.MarkFailed(h.ctx, olga, p.ID, 2, "sent back"))
	h.ok(h.books.Adjust(h.ctx, olga, cara, cny(-50), "a fee of the bank", "k"))
	to(time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC))
	owed := h.account(cara).Owed()
	for name, march := range map[string]int64{"UTC": 9000, "Asia/Shanghai": 3000, "Asia/Kolkata": 3000,
		"Europe/Berlin": 5000, "America/New_York": 9000,
		"Pacific/Kiritimati": 3000} {
		z, _ := calendar.Find(name)
		months, err := h.books.Months(h.ctx, cara, z)
		h.ok(err)
		if len(months) != 3 {
			t.Errorf("%s has the months %v", name, months)
		}
		slices.Reverse(months)
		var closing, net int64
		for n, m := range months {
			s, err := h.books.Statement(h.ctx, cara, z, m)
			h.ok(err)
			b := s.Books[0]
			if b.Opening != closing || s.Zone != z || s.Open != (n == len(months)-1) {
				t.Errorf("%s of %s begins with %d after %d: %+v", m.Format("2006-01"), name, b.Opening, closing, s)
			}
			if n == 0 && b.Total().Sales != march {
				t.Errorf("March of %s has sold %d, want %d", name, b.Total().Sales, march)
			}
			closing, net = b.Closing, net+b.Total().Net()-b.Paid()+b.Adjusted()
		}
		if closing != owed || net != owed {
			t.Errorf("the months of %s end with %d and come to %d, owed are %d", name, closing, net, owed)
		}
		for _, none := range []time.Time{months[0].AddDate(0, -1, 0), months[2].AddDate(0, 1, 0)} {
			if _, err := h.books.Statement(h.ctx, cara, z, none); !errors.Is(err, ledger.ErrNoStatement) {
				t.Errorf("%s of %s: %v", none.Format("2006-01"), name, err)
			}
		}
		days, err := h.books.DaysOf(h.ctx, cara, z, 45)
		h.ok(err)
		var sold int64
		for _, d := range days {
			if sold += d.Amount; d.Day.Month() == time.March {
				march -= d.Amount
			}
		}
		if sold != 9000 || march != 0 {
			t.Errorf("days of %s have sold %d, March lacks %d", name, sold, march)
		}
	}
}

// TestLedger_ClearingOf has what clears late in the day of UTC clear on the next day further east.
func TestLedger_ClearingOf(t *testing.T) {
	h := open(t)
	h.sells(part("A/1", 1000)) // clears on March 27 at noon
	h.advance(8 * time.Hour)
	h.sells(part("A/2", 2000)) // and at eight in the evening
	h.advance(48 * time.Hour)
	h.sells(part("A/3", 4000))
	for name, want := range map[string]string{"UTC": "27: 2550, 29: 3400, ",
		"Asia/Shanghai": "27: 850, 28: 1700, 30: 3400, "} {
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
		t.Errorf("of one who sold nothing: %v, %v", list, err)
	}
}

// Everything at once, and the books are whole at every look and at the end.
func TestTheBooksAreWholeWhateverHappensAtOnce(t *testing.T) {
	h := open(t)
	h.books.Terms.Clearing = 0
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
