// Package ledger owns the double-entry books: postings, each written once, whose lines sum to zero; and what follows
// from them for creators: earnings, their clearing, payouts and statements. It knows account names, sums and a
// creator's number; it refuses to know orders, providers and people.
//
// Signs in lines: a positive amount is what the mall has or is owed (an asset), a negative one what it owes or earned.
// What is told of a creator's money is turned round: what the mall owes the creator is positive there.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// ErrUnbalanced says that the lines of a posting do not sum to zero in some currency.
var ErrUnbalanced = errors.New("ledger: lines do not sum to zero")

// The kinds of postings. A reference is unique within its kind.
const (
	KindCapture    = "capture"    // money taken that is no sale
	KindSale       = "sale"       // money taken for what creators sold
	KindFee        = "fee"        // the mall's part of it
	KindRefund     = "refund"     // promised, sent or failed
	KindClearing   = "clearing"   // from held to available
	KindPayout     = "payout"     // asked for, paid or returned
	KindAdjustment = "adjustment" // by hand
)

// The accounts; those that end in a colon have one for each provider or creator.
const (
	Channel     = "channel:"           // what a provider holds for the mall
	Fees        = "fees"               // what the mall earned
	Held        = "creator_held:"      // owed to a creator, not cleared yet
	Available   = "creator_available:" // owed to a creator, to be paid out when asked for
	Reserved    = "payout_reserved:"   // asked for, and not paid yet
	PaidOut     = "paid_out"           // what left the house for creators
	Refunding   = "refunding"          // promised to buyers, and not with them yet
	Unapplied   = "unapplied"          // taken, belongs to no sale, on its way back
	Suspense    = "suspense"           // taken, and waits for an operator
	Adjustments = "adjustments"        // the other side of what an operator moved by hand
	Sales       = "sales"              // what orders consumed before creators had accounts
)

// Terms are what creators agree to. A change reaches only what is sold or asked for afterwards.
type Terms struct {
	FeeRate   int           // of the price that was paid, in basis points: 1500 is 15 %
	Clearing  time.Duration // how long a share is held
	MinPayout int64         // minor units
	// PayoutWait is how long a payout waits for its approval after its destination was set or changed, so that the
	// owner can hear of it.
	PayoutWait time.Duration
	// TwoAbove is the sum, in minor units, above which a payout needs two people: one approves, another transfers.
	TwoAbove int64
}

// TwoPeople says that a payout of this sum needs two.
func (t Terms) TwoPeople(sum money.Money) bool { return sum.Amount > t.TwoAbove }

// WaitHours is how long a payout waits after a change of its destination, in hours, begun ones counted.
func (t Terms) WaitHours() int { return begun(t.PayoutWait, time.Hour) }

// ClearingDays is how long a share is held, in days, begun ones counted: nobody is promised money earlier than it
// comes.
func (t Terms) ClearingDays() int { return begun(t.Clearing, 24*time.Hour) }

// begun counts the units of a time, the last of them also where it is not full.
func begun(d, unit time.Duration) int { return int((d + unit - 1) / unit) }

// UsualTerms hold unless the environment says otherwise.
var UsualTerms = Terms{
	FeeRate:    1500,
	Clearing:   7 * 24 * time.Hour,
	MinPayout:  1000,
	PayoutWait: 72 * time.Hour,
	TwoAbove:   1_000_000,
}

// Line moves a sum, in minor units, into (positive) or out of (negative) an account.
// An account is lower-case words, with an owner after a colon where it has one: "channel:sandbox", "fees".
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
	Terms Terms
	Key   []byte // encrypts where creators are paid, 32 bytes; without it nobody can say
	// Audit writes down what staff did, in the transaction of the action; nil writes nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	// OnDecision is called with a payout that staff moved, in the same transaction; nil calls nobody.
	OnDecision func(ctx context.Context, tx pgx.Tx, p Payout) error

	pool *pgxpool.Pool
	now  func() time.Time
	q    *dbsqlc.Queries
}

// New opens the books, under the usual terms.
func New(pool *pgxpool.Pool, now func() time.Time) *Ledger {
	return &Ledger{
		Terms: UsualTerms,
		pool:  pool,
		q:     dbsqlc.New(),
		// PostgreSQL keeps microseconds; a finer clock would be later than the moment that is stored.
		now: func() time.Time { return now().Truncate(time.Microsecond) },
	}
}

// WithClock is the same books under another clock: for history that is written after the fact. It shares everything
// else with l.
func (l *Ledger) WithClock(now func() time.Time) *Ledger {
	other := *l
	other.now = func() time.Time { return now().Truncate(time.Microsecond) }
	return &other
}

// PostTx writes a posting within the caller's transaction, in one round trip. One that was written before is left alone
// and posted is false. Lines of nothing are left out. Errors: ErrUnbalanced; the database refuses an unbalanced one
// too, at commit.
func (l *Ledger) PostTx(ctx context.Context, tx pgx.Tx, p Posting) (posted bool, err error) {
	id, err := l.postTx(ctx, tx, p, l.now())
	return id != 0, err
}

func (l *Ledger) postTx(ctx context.Context, tx pgx.Tx, p Posting, at time.Time) (id int64, err error) {
	arg := dbsqlc.PostParams{At: at}
	if err := add(&arg, p); err != nil {
		return 0, err
	}
	rows, err := l.q.Post(ctx, tx, arg)
	if err != nil {
		return 0, fmt.Errorf("post %s %s: %w", p.Kind, p.Reference, err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	return rows[0].ID, nil
}

// add puts a posting into a statement that may carry several.
func add(arg *dbsqlc.PostParams, p Posting) error {
	sums := map[string]int64{}
	arg.Kinds, arg.Numbers = append(arg.Kinds, p.Kind), append(arg.Numbers, p.Reference)
	for _, line := range p.Lines {
		if line.Amount.IsZero() {
			continue
		}
		sums[line.Amount.Currency] += line.Amount.Amount
		arg.LineKinds, arg.LineNumbers = append(arg.LineKinds, p.Kind), append(arg.LineNumbers, p.Reference)
		arg.Accounts = append(arg.Accounts, line.Account)
		arg.Amounts = append(arg.Amounts, line.Amount.Amount)
		arg.Currencies = append(arg.Currencies, line.Amount.Currency)
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("%w: %s %s by %d %s", ErrUnbalanced, p.Kind, p.Reference, sum, currency)
		}
	}
	return nil
}

// move is a posting of two lines: a sum leaves one account for another.
func move(kind, reference, from, to string, sum money.Money) Posting {
	return Posting{kind, reference, []Line{{from, neg(sum)}, {to, sum}}}
}

func neg(m money.Money) money.Money { return money.Of(-m.Amount, m.Currency) }

// of names a creator's account.
func of(family string, creatorID int64) string { return family + strconv.FormatInt(creatorID, 10) }

// owed are the accounts that together say what the mall owes a creator.
func owed(creatorID int64) []string {
	return []string{of(Held, creatorID), of(Available, creatorID), of(Reserved, creatorID)}
}

func (l *Ledger) auditTx(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error {
	if l.Audit == nil {
		return nil
	}
	return l.Audit(ctx, tx, actorID, verb, subject, detail)
}
