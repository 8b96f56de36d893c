// Package sandbox is a payment provider that takes no money: it has charges with a hosted page, refunds, signed notices
// that repeat until they are acknowledged, and statements, all in its own books. It behaves like real providers, and on
// demand misbehaves like them. It does not know who is paid and for what, and talks to the mall over HTTP, like any
// provider.
package sandbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/oklog/ulid/v2"
	"github.com/riverqueue/river"

	"videomall/mall/fault"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox/internal/dbsqlc"
)

// Name is the provider's name in URLs and books.
const Name = "sandbox"

// Method is the one way to pay here, a hosted page.
const Method = "page"

// Merchant is the account that the sandbox keeps for the mall.
const Merchant = "videomall"

// Faults of the hosted page.
var (
	ErrUnknownPage = fault.New(fault.NotFound, "unknown_payment_page", "There is no such payment page.")
	ErrNotPayable  = fault.New(fault.Conflict, "charge_not_payable", "This payment can no longer be made.")
	ErrBadOptions  = fault.New(fault.Invalid, "invalid_test_options", "These test options do not fit together.")
)

// Options say where the sandbox's pages are and where it posts its notices.
type Options struct {
	Secret    string // the key of the notices' HMAC; if it is empty, no notice is accepted
	PublicURL string // the base URL of the hosted pages, without a trailing slash: "http://127.0.0.1:8080"
	NotifyURL string // where notices are posted; loopback only
	Now       func() time.Time
}

// Sandbox implements payment.Provider and holds the hosted page's verbs. It is safe for concurrent use.
type Sandbox struct {
	pool   *pgxpool.Pool
	river  *river.Client[pgx.Tx]
	opt    Options
	q      *dbsqlc.Queries
	client *http.Client
}

var _ payment.Provider = (*Sandbox)(nil)

// Deps are the dependencies of the sandbox.
type Deps struct {
	Pool    *pgxpool.Pool         // holds its books
	River   *river.Client[pgx.Tx] // inserts only; a worker elsewhere calls Deliver
	Options Options
}

// New returns a sandbox.
func New(d Deps) *Sandbox {
	return &Sandbox{
		pool:   d.Pool,
		river:  d.River,
		opt:    d.Options,
		q:      dbsqlc.New(),
		client: loopbackClient(),
	}
}

// Name is "sandbox".
func (s *Sandbox) Name() string { return Name }

// Methods are the hosted page alone, which takes every currency.
func (s *Sandbox) Methods() []payment.Method { return []payment.Method{{Name: Method}} }

// newNo returns a new number of the provider, with a prefix for its kind.
func (s *Sandbox) newNo(prefix string) (string, error) {
	id, err := ulid.New(ulid.Timestamp(s.opt.Now()), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("sandbox: make a number: %w", err)
	}
	return prefix + id.String(), nil
}

func notFound(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
