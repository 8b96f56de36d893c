// Package tax owns the tax of the shop: rates by country and time, the billing details of buyers, the rule that says
// which rate a buyer's order has, and the arithmetic of one line. It knows countries, basis points and sums in minor
// units; it refuses to know what was sold, and asks no authority whether a VAT id was given to anyone.
package tax

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/memo"
	"videomall/mall/tax/internal/dbsqlc"
)

// Mode says whether the prices of the shop include tax.
type Mode string

// The modes. An order without tax of any kind has none.
const (
	Inclusive Mode = "inclusive"
	Exclusive Mode = "exclusive"
)

// Kind says how a line is taxed.
type Kind string

// The kinds.
const (
	None          Kind = "none"
	Standard      Kind = "standard"       // at the rate of the buyer's country
	ReverseCharge Kind = "reverse_charge" // the buyer, a business in another country of the EU, owes the tax
)

// MaxBasisPoints is the highest rate that can be entered, so that a mistyped one is refused.
const MaxBasisPoints = 5000

// Bounds of what people enter, in characters.
const (
	MaxName         = 30
	MaxCompany      = 120
	MaxAddress      = 300
	MaxAddressLines = 5
	MaxVATID        = 20
)

// The faults that callers tell apart. ErrRate has the fields country, name, rate and from; ErrProfile has country,
// company, address and vat_id.
var (
	ErrRate        = fault.New(fault.Invalid, "tax_rate_invalid", "Some fields need another look.")
	ErrRateOverlap = fault.New(fault.Conflict, "tax_rate_overlap",
		"A rate of this country begins on that day or later.")
	ErrRateNotFound = fault.New(fault.NotFound, "tax_rate_not_found", "There is no such tax rate.")
	ErrRateEnded    = fault.New(fault.Conflict, "tax_rate_ended", "This tax rate has ended already.")
	ErrProfile      = fault.New(fault.Invalid, "billing_invalid", "Some fields need another look.")
)

// Shop is where the shop pays taxes, and how its prices are meant. A shop without rates needs none of it.
type Shop struct {
	Country string        // ISO 3166-1 alpha-2; empty: buyers are taxed only where they say they are
	VATID   string        // the shop's own, for receipts
	Mode    Mode          // empty: Inclusive
	Zone    calendar.Zone // of the days on which rates begin, and of the months of the report
}

// Rate is what a country takes from a moment on. Until is nil for a rate without an end.
type Rate struct {
	ID          int64
	Country     string
	Name        string // as receipts call the tax, such as VAT
	BasisPoints int
	From        time.Time
	Until       *time.Time
}

// holds reports whether the rate applies at a moment.
func (r Rate) holds(at time.Time) bool {
	return !at.Before(r.From) && (r.Until == nil || at.Before(*r.Until))
}

// AuditFunc records an action of staff in the transaction of the action.
type AuditFunc = func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error

// Deps are the dependencies of Taxes.
type Deps struct {
	Pool  *pgxpool.Pool
	Now   func() time.Time
	Shop  Shop
	Audit AuditFunc // nil records nothing
}

// Taxes reads and changes rates and billing details, and says how orders are taxed. It is safe for concurrent use.
type Taxes struct {
	deps  Deps
	q     *dbsqlc.Queries
	rates *memo.Memo[[]Rate]
}

// New returns the Taxes of a database.
func New(d Deps) *Taxes {
	if d.Shop.Mode == "" {
		d.Shop.Mode = Inclusive
	}
	return &Taxes{
		deps:  d,
		q:     dbsqlc.New(),
		rates: memo.New[[]Rate](memory),
	}
}

// Shop returns where the shop pays taxes.
func (t *Taxes) Shop() Shop { return t.deps.Shop }

func (t *Taxes) auditTx(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error {
	if t.deps.Audit == nil {
		return nil
	}
	return t.deps.Audit(ctx, tx, actorID, verb, subject, detail)
}
