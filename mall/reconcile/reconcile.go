// Package reconcile compares, for each provider and each of its days, what the provider stated, what we captured and
// refunded, and what the ledger holds. Every difference is a row with its cause, its age and who looks after it. What
// one side proves is mended by the same verbs that notices use; it moves no money by itself. It also compares payouts
// with the lines of the bank.
//
// It reads the tables of payments and of the ledger directly, but writes only its own: docs/decisions/0041 says why.
package reconcile

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/reconcile/internal/dbsqlc"
)

// The faults that callers tell apart.
var (
	ErrRunning = fault.New(fault.Conflict, "reconciliation_running",
		"The statements of this provider are being compared already.")
	ErrDayNotOver = fault.New(fault.Invalid, "reconciliation_day", "Only a day that is over can be compared.")
	ErrNotFound   = fault.New(fault.NotFound, "difference_not_found", "There is no such difference.")
	ErrClosed     = fault.New(fault.Conflict, "difference_closed", "This difference is closed already.")
	ErrNote       = fault.New(fault.Invalid, "difference_note", "Say in a few words how it was settled.")
)

// Cause says what a difference is.
type Cause string

// The causes.
const (
	MissingHere  Cause = "missing_here"  // the provider states it, and we know nothing of it
	MissingThere Cause = "missing_there" // we believe it happened, and the provider states nothing of it
	Amount       Cause = "amount"        // the sums differ
	Currency     Cause = "currency"      // the currencies differ
	State        Cause = "state"         // it moved money there, and is pending or failed here
	Duplicate    Cause = "duplicate"     // the provider states it more than once
	Fee          Cause = "fee"           // the fee is negative, above the sum, or not what was agreed
	Ledger       Cause = "ledger"        // the ledger has another sum on the provider's account
	Restated     Cause = "restated"      // a day that was read again reads otherwise
)

// Causes lists all causes.
var Causes = []Cause{
	MissingHere, MissingThere, Amount, Currency, State, Duplicate, Fee, Ledger, Restated,
}

// Rate is the fee that a provider agreed to: a share of the sum in basis points, half a minor unit rounded up, and a
// fixed part by currency, in its minor units. Without any fixed part the fee is the share. If there are some, but none in
// the currency of a payment, its fixed part is not known, and the fee has to be the share at least.
type Rate struct {
	BasisPoints int
	Fixed       map[string]int64
}

// AuditFunc records an action of staff in the transaction of the action.
type AuditFunc = func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error

// Deps are the dependencies of Reconciler.
type Deps struct {
	Pool     *pgxpool.Pool
	Now      func() time.Time
	Payments *payment.Payments
	Orders   *order.Orders
	Ledger   *ledger.Ledger
	River    *river.Client[pgx.Tx]
	Rates    map[string]Rate // by provider; the fees of others are only checked for being possible
	Audit    AuditFunc       // nil records nothing
}

// Reconciler compares and keeps the differences. It is safe for concurrent use.
type Reconciler struct {
	deps Deps
	q    *dbsqlc.Queries
}

// New returns a Reconciler.
func New(d Deps) *Reconciler { return &Reconciler{deps: d, q: dbsqlc.New()} }

func (r *Reconciler) auditTx(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error {
	if r.deps.Audit == nil {
		return nil
	}
	return r.deps.Audit(ctx, tx, actorID, verb, subject, detail)
}

// dayOf returns the date of the provider's day that contains at, as PostgreSQL stores dates.
func dayOf(at time.Time, zone *time.Location) time.Time {
	year, month, day := at.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
