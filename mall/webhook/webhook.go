// Package webhook owns the addresses at which creators want to be told of what happens to their videos, and what was
// sent there: signed as Standard Webhooks says, one message of an aggregate after the other, tried again for a day. It
// refuses to know what an event means and which of it a creator may see: it is handed messages that are fit for their
// reader.
package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"videomall/mall/fault"
	"videomall/mall/seal"
	"videomall/mall/webhook/internal/dbsqlc"
)

// Limits of one creator.
const (
	MaxEndpoints = 5
	MaxURL       = 500 // bytes
)

// The faults that callers tell apart. ErrInvalid has Fields "url" and "types".
var (
	ErrNotFound = fault.New(fault.NotFound, "webhook_not_found", "There is no such webhook.")
	ErrInvalid  = fault.New(fault.Invalid, "webhook_invalid", "Some fields need another look.")
	ErrMoved    = fault.New(fault.Conflict, "webhook_moved", "The webhook has changed since you looked.")
	ErrTooMany  = fault.New(fault.Conflict, "webhook_too_many", "You have as many webhooks as one may have.")
	ErrTested   = fault.New(fault.TooMany, "webhook_just_tested", "This webhook was tested a moment ago.")
	ErrWaiting  = fault.New(fault.Conflict, "webhook_waiting", "This message is on its way already.")
	ErrOff      = fault.New(fault.Conflict, "webhook_off", "This webhook is switched off.")
)

// Types lists what can be told, as receivers know it.
func Types() []string {
	return []string{"order.paid", "order.delivered", "order.refunded", "listing.published", "listing.revised",
		"listing.returned",
		"listing.taken_down", "payout.approved", "payout.refused", "payout.paid", "payout.failed"}
}

// typeTest is what the test button sends; nobody chooses it.
const typeTest = "webhook.test"

// State says whether an endpoint is sent to.
type State string

// The states of an endpoint. The mall itself sets Failed after GiveUpAfter of failures, and Gone when the receiver
// answers 410.
const (
	On     State = "on"
	Off    State = "off"
	Failed State = "failed"
	Gone   State = "gone"
)

// Endpoint is one address. Version counts its changes.
type Endpoint struct {
	ID           int64
	OwnerID      int64
	URL          string
	Types        []string
	State        State
	OldUntil     *time.Time // until then the secret before the last rotation signs too
	FailingSince *time.Time // the first failure since the last success
	Version      int
	CreatedAt    time.Time
}

func endpointOf(r dbsqlc.WebhookEndpoint) Endpoint {
	return Endpoint{
		ID:           r.ID,
		OwnerID:      r.OwnerID,
		URL:          r.Url,
		Types:        r.Types,
		State:        State(r.State),
		OldUntil:     r.OldUntil,
		FailingSince: r.FailingSince,
		Version:      int(r.Version),
		CreatedAt:    r.CreatedAt,
	}
}

// Deps are what webhooks stand on.
type Deps struct {
	Pool  *pgxpool.Pool
	River *river.Client[pgx.Tx]
	Key   []byte // wraps the secrets, 32 bytes
	Now   func() time.Time
	// Loopback lets endpoints lie on this machine, over http too: for a demo, and for tests.
	Loopback bool
}

// Webhooks keeps endpoints, and sends to them.
type Webhooks struct {
	deps    Deps
	q       *dbsqlc.Queries
	wrap    wrapper
	guard   guard
	sending sending
}

// New opens the webhooks.
func New(d Deps) (*Webhooks, error) {
	box, err := seal.New(d.Key)
	if err != nil {
		return nil, fmt.Errorf("the key that wraps webhooks' secrets: %w", err)
	}
	now := d.Now
	// PostgreSQL keeps microseconds; a lease is found again by its moment.
	d.Now = func() time.Time { return now().Truncate(time.Microsecond) }
	w := &Webhooks{
		deps:  d,
		q:     dbsqlc.New(),
		wrap:  wrapper{box},
		guard: guard{loopback: d.Loopback, own: ownAddresses},
	}
	w.sending = newSending(&w.guard)
	return w, nil
}

// ownedTx locks an endpoint of that owner. Errors: ErrNotFound, for others' too.
func (w *Webhooks) ownedTx(ctx context.Context, tx pgx.Tx, ownerID, id int64) (dbsqlc.WebhookEndpoint, error) {
	e, err := w.q.LockEndpoint(ctx, tx, id)
	if err != nil {
		return e, found(err, "lock webhook %d", id)
	}
	if e.OwnerID != ownerID {
		return e, ErrNotFound.Because("webhook %d is not of %d", id, ownerID)
	}
	return e, nil
}
