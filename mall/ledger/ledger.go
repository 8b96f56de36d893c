// Package ledger owns the double-entry books: postings, each written once, whose lines sum to zero.
// It knows account names and sums; it refuses to know orders, channels and people.
//
// Signs: a positive amount is what the mall has or is owed (an asset), a negative one what it owes or earned.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// ErrUnbalanced says that the lines of a posting do not sum to zero in some currency.
var ErrUnbalanced = errors.New("ledger: lines do not sum to zero")

// Line moves a sum, in minor units, into (positive) or out of (negative) an account.
// An account is lower-case words, with an owner after a colon where it has one: "channel:sandbox", "sales".
type Line struct {
	Account string
	Amount  money.Money
}

// Posting is one event in the books. Kind and Reference together are its identity.
type Posting struct {
	Kind      string
	Reference string
	Lines     []Line
}

// Balance is what an account holds.
type Balance struct {
	Account string
	Amount  money.Money
}

// Ledger keeps the books in PostgreSQL.
type Ledger struct {
	pool *pgxpool.Pool
	now  func() time.Time
	q    *dbsqlc.Queries
}

// New opens the books.
func New(pool *pgxpool.Pool, now func() time.Time) *Ledger {
	return &Ledger{pool: pool, now: now, q: dbsqlc.New()}
}

// PostTx writes a posting within the caller's transaction. One that was written before is left alone and
// posted is false. Errors: ErrUnbalanced; the database refuses an unbalanced one too, at commit.
func (l *Ledger) PostTx(ctx context.Context, tx pgx.Tx, p Posting) (posted bool, err error) {
	sums := map[string]int64{}
	arg := dbsqlc.InsertLinesParams{}
	for _, line := range p.Lines {
		sums[line.Amount.Currency] += line.Amount.Amount
		arg.Accounts = append(arg.Accounts, line.Account)
		arg.Amounts = append(arg.Amounts, line.Amount.Amount)
		arg.Currencies = append(arg.Currencies, line.Amount.Currency)
	}
	for currency, sum := range sums {
		if sum != 0 {
			return false, fmt.Errorf("%w: %s %s by %d %s", ErrUnbalanced, p.Kind, p.Reference, sum, currency)
		}
	}
	id, err := l.q.InsertPosting(ctx, tx, dbsqlc.InsertPostingParams{Kind: p.Kind, Reference: p.Reference, At: l.now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("post %s %s: %w", p.Kind, p.Reference, err)
	}
	arg.PostingID = id
	if err := l.q.InsertLines(ctx, tx, arg); err != nil {
		return false, fmt.Errorf("post %s %s: %w", p.Kind, p.Reference, err)
	}
	return true, nil
}

// Balances lists every account with what it holds, by name and currency.
func (l *Ledger) Balances(ctx context.Context) ([]Balance, error) {
	rows, err := l.q.Balances(ctx, l.pool)
	if err != nil {
		return nil, fmt.Errorf("balances: %w", err)
	}
	out := make([]Balance, len(rows))
	for i, r := range rows {
		out[i] = Balance{r.Account, money.Of(r.Amount, r.Currency)}
	}
	return out, nil
}
