// Package ledger owns the double-entry books: postings, each written once, whose lines sum to zero; and what follows
// from them for creators: earnings, their clearing, payouts and statements. It knows account names, sums and creators'
// ids; it knows nothing of orders, providers and people.
//
// In lines, a positive amount is what the mall has or is owed (an asset), and a negative amount is what it owes or has
// earned. Values about a creator's money, such as Account, have the opposite sign: what the mall owes the creator is
// positive.
package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/exchange"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// ErrUnbalanced says that the lines of a posting do not sum to zero in some currency.
var ErrUnbalanced = errors.New("ledger: lines do not sum to zero")

// The kinds of postings. A reference is unique within its kind.
const (
	KindCapture    = "capture"    // money taken that is no sale
	KindSale       = "sale"       // money taken for a sale
	KindFee        = "fee"        // the mall's part of a sale
	KindRefund     = "refund"     // recorded, sent or failed
	KindClearing   = "clearing"   // from held to available
	KindPayout     = "payout"     // requested, paid or returned
	KindAdjustment = "adjustment" // made by an operator

	KindRevaluation  = "revaluation"   // of what shares were converted from and to, by the rates of a day
	KindBankExchange = "bank_exchange" // at a bank, recorded by an operator
)

// The accounts; those that end in a colon have one for each provider, creator or country.
const (
	Channel     = "channel:"           // what a provider holds for the mall
	Fees        = "fees"               // what the mall earned
	Taxes       = "tax:"               // owed to a country
	Held        = "creator_held:"      // owed to a creator, not cleared yet
	Available   = "creator_available:" // owed to a creator, who may request a payout of it
	Reserved    = "payout_reserved:"   // in payouts that were requested and are not paid yet
	PaidOut     = "paid_out"           // paid to creators
	Refunding   = "refunding"          // owed to buyers, in refunds that have not succeeded yet
	Disputed    = "disputed"           // claimed by buyers' banks; above zero if a provider has taken it already
	Unapplied   = "unapplied"          // taken for no sale, and being refunded
	Suspense    = "suspense"           // taken, and waits for an operator
	Adjustments = "adjustments"        // the other side of adjustments by operators
	Sales       = "sales"              // sales from before creators had accounts

	// Position is the other side of converted shares, in each currency: below zero what the mall received and keeps,
	// above zero what it owes creators instead.
	Position  = "exchange"
	Exchanged = "exchanged"       // what banks exchanged: above zero bought, below zero sold
	Result    = "exchange_result" // gained (below zero) or lost by exchange, in the base currency
)

// BankTransfer is the channel of transfers that operators make by hand.
const BankTransfer = "bank_transfer"

// Terms are the terms that creators agree to. A change affects only later sales and later payout requests.
type Terms struct {
	FeeRate   int           // the mall's fee on the price paid, in basis points: 1500 is 15 %
	Clearing  time.Duration // how long a share is held
	MinPayout int64         // the smallest payout, in minor units of the base currency
	// PayoutWait is how long a payout can't be approved after its destination was set or changed, so that the owner can
	// notice a change that was not theirs.
	PayoutWait time.Duration
	// TwoAbove is the sum, in minor units of the base currency, above which a payout needs two people: one to approve it
	// and another to transfer it.
	TwoAbove int64
}

// TwoPeople reports whether a payout needs two people.
func (t Terms) TwoPeople(p Payout) bool { return p.Worth > t.TwoAbove }

// WaitHours returns PayoutWait in hours, rounded up.
func (t Terms) WaitHours() int { return begun(t.PayoutWait, time.Hour) }

// ClearingDays returns Clearing in days, rounded up, so that no money is announced for a day on which it is still held.
func (t Terms) ClearingDays() int { return begun(t.Clearing, 24*time.Hour) }

// begun returns the number of units in d, rounded up.
func begun(d, unit time.Duration) int { return int((d + unit - 1) / unit) }

// UsualTerms are the default terms.
var UsualTerms = Terms{
	FeeRate:    1500,
	Clearing:   7 * 24 * time.Hour,
	MinPayout:  1000,
	PayoutWait: 72 * time.Hour,
	TwoAbove:   1_000_000,
}

// Line moves a sum, in minor units, into (positive) or out of (negative) an account.
// An account is named by lower-case words, and by its owner after a colon if it has one: "channel:sandbox", "fees".
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

// Balance is the balance of an account in one currency.
type Balance struct {
	Account string
	Amount  money.Money
}

// Deps are the dependencies of Ledger.
type Deps struct {
	Pool  *pgxpool.Pool
	Now   func() time.Time
	Terms Terms  // the zero value means UsualTerms
	Key   []byte // 32 bytes that encrypt destinations; without a key no destination can be set
	// Exchange has the rates by which shares are converted when they clear; nil never converts.
	Exchange *exchange.Exchange
	// Audit records an action of staff, in the transaction of the action; nil records nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	// OnDecision, if not nil, is called with a payout that staff moved, in the same transaction.
	OnDecision func(ctx context.Context, tx pgx.Tx, p Payout) error
	// OnDestination, if not nil, is called when a creator's destination was set or changed, in the same transaction.
	OnDestination func(ctx context.Context, tx pgx.Tx, e DestinationEvent) error
}

// Ledger keeps the books in PostgreSQL.
type Ledger struct {
	deps Deps
	now  func() time.Time
	q    *dbsqlc.Queries
}

// New returns the books in a database.
func New(d Deps) *Ledger {
	d.Terms = cmp.Or(d.Terms, UsualTerms)
	return &Ledger{
		deps: d,
		q:    dbsqlc.New(),
		// PostgreSQL stores microseconds; a finer clock would be later than the stored time.
		now: func() time.Time { return d.Now().Truncate(time.Microsecond) },
	}
}

// Terms returns the terms of these books.
func (l *Ledger) Terms() Terms { return l.deps.Terms }

// ForHistory returns the same books for entries about the past: with another clock and another audit function, and
// without OnDecision and OnDestination. Shares that clear are converted at the rates that held then.
func (l *Ledger) ForHistory(
	now func() time.Time,
	audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error,
) *Ledger {
	d := l.deps
	d.Now = now
	d.Audit = audit
	d.OnDecision = nil
	d.OnDestination = nil
	return New(d)
}

// PostTx writes a posting within the caller's transaction, in one round trip. If it was written before, it changes
// nothing, and posted is false. It leaves out lines of a zero amount. Errors: ErrUnbalanced; the database refuses an
// unbalanced posting too, at commit.
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

// add adds a posting to the arguments of a statement that writes several.
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

// move returns a posting of two lines that moves a sum from one account to another.
func move(kind, reference, from, to string, sum money.Money) Posting {
	return Posting{kind, reference, []Line{{from, neg(sum)}, {to, sum}}}
}

func neg(m money.Money) money.Money { return money.Of(-m.Amount, m.Currency) }

// of returns the name of a creator's account.
func of(family string, creatorID int64) string { return family + strconv.FormatInt(creatorID, 10) }

// owed returns the accounts whose sum is what the mall owes a creator.
func owed(creatorID int64) []string {
	return []string{of(Held, creatorID), of(Available, creatorID), of(Reserved, creatorID)}
}

func (l *Ledger) auditTx(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error {
	if l.deps.Audit == nil {
		return nil
	}
	return l.deps.Audit(ctx, tx, actorID, verb, subject, detail)
}
