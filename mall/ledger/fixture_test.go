package ledger_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/ledger"
	"videomall/mall/locale"
)

const (
	cara = int64(7) // creators
	dan  = int64(8)
	olga = int64(2) // operators
	otto = int64(3)
)

// house is a ledger with a clock that tests set.
type house struct {
	*testing.T
	ctx   context.Context
	pool  *pgxpool.Pool
	books *ledger.Ledger
	deps  ledger.Deps // the dependencies of books
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
	key := sha256.Sum256([]byte("key"))
	h.deps = ledger.Deps{
		Pool:  h.pool,
		Now:   h.now,
		Terms: ledger.UsualTerms,
		Key:   key[:],
	}
	h.terms(func(t *ledger.Terms) { t.PayoutWait = 0 }) // tests of the wait set it
	return h
}

// terms rebuilds the books with adjusted terms.
func (h *house) terms(adjust func(*ledger.Terms)) {
	adjust(&h.deps.Terms)
	h.books = ledger.New(h.deps)
}

func (h *house) now() time.Time { return time.UnixMicro(h.at.Load()).UTC() }

func (h *house) advance(by time.Duration) { h.at.Add(by.Microseconds()) }

func (h *house) tx(fn func(pgx.Tx) error) { h.Helper(); h.ok(db.InTx(h.ctx, h.pool, fn)) }

func part(source string, n int64) ledger.Part {
	return ledger.Part{
		Source:    source,
		CreatorID: cara,
		Subject:   1,
		Title:     locale.Text{Zh: "影片", En: "Film"},
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

// holds fails unless an account has the wanted balance, with the sign of the books.
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

// zero fails unless all accounts sum to zero.
func (h *house) zero() {
	h.Helper()
	sums, err := h.books.Imbalances(h.ctx)
	h.ok(err)
	for _, s := range sums {
		if !s.IsZero() {
			h.Errorf("the books are unbalanced by %s", s)
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
