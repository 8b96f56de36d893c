// Package webhook owns the addresses at which creators are told of events of their videos, and partners of the orders
// that came from them, and the messages that are sent there. Messages are signed as Standard Webhooks specifies, those of one aggregate are sent in order, and a
// failed one is repeated for a day. The package refuses to know what an event means and what a creator may see of it:
// callers pass in messages that their owner may read.
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

// Faults of the endpoints and messages of a creator. ErrInvalid has the fields url and types.
var (
	ErrNotFound = fault.New(fault.NotFound, "webhook_not_found", "There is no such webhook.")
	ErrInvalid  = fault.New(fault.Invalid, "webhook_invalid", "Some fields need another look.")
	ErrMoved    = fault.New(fault.Conflict, "webhook_moved", "The webhook has changed since you looked.")
	ErrTooMany  = fault.New(fault.Conflict, "webhook_too_many", "You have as many webhooks as one may have.")
	ErrTested   = fault.New(fault.TooMany, "webhook_just_tested", "This webhook was tested a moment ago.")
	ErrWaiting  = fault.New(fault.Conflict, "webhook_waiting", "This message is on its way already.")
	ErrOff      = fault.New(fault.Conflict, "webhook_off", "This webhook is switched off.")
)

// Types returns the types of messages, as receivers know them.
func Types() []string {
	return []string{
		"order.paid", "order.delivered", "order.refunded", "listing.published", "listing.revised",
		"listing.returned",
		"listing.taken_down", "payout.approved", "payout.refused", "payout.paid", "payout.failed",
	}
}

// PartnerTypes returns the types of messages that partners get.
func PartnerTypes() []string { return []string{"order.paid", "order.delivered", "order.refunded"} }

// typeTest is the type of test messages. Endpoints cannot subscribe to it.
const typeTest = "webhook.test"

// State says whether messages are sent to an endpoint.
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
	OldUntil     *time.Time // until when messages are also signed with the previous secret
	FailingSince *time.Time // the first failure since the last success
	Version      int
	CreatedAt    time.Time
}

func (w *Webhooks) endpointOf(r dbsqlc.WebhookEndpoint) Endpoint {
	return Endpoint{
		ID:           r.ID,
		OwnerID:      w.owners.row(r.OwnerID),
		URL:          r.Url,
		Types:        r.Types,
		State:        State(r.State),
		OldUntil:     r.OldUntil,
		FailingSince: r.FailingSince,
		Version:      int(r.Version),
		CreatedAt:    r.CreatedAt,
	}
}

// Deps are the dependencies of Webhooks.
type Deps struct {
	Pool  *pgxpool.Pool
	River *river.Client[pgx.Tx]
	Key   []byte // encrypts the secrets, 32 bytes
	Now   func() time.Time
	// Audit records what an operator does to the endpoints of partners, in the transaction of the action. Nil records
	// nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	// Loopback permits endpoints on this machine, also over http, for a demo and for tests.
	Loopback bool
}

// owners are a kind of owners. The endpoints of one kind do not exist for the other: the ids of partners are stored
// below zero, those of creators, which are accounts, above.
type owners int64

const (
	creators owners = 1
	partners owners = -1
)

// row is the id of an owner as it is stored, and the other way round.
func (o owners) row(id int64) int64 { return int64(o) * id }

// Webhooks stores endpoints of one kind of owners and sends messages to them.
type Webhooks struct {
	deps    Deps
	owners  owners
	actor   int64 // the operator who acts for a partner; 0 for owners themselves
	q       *dbsqlc.Queries
	wrap    wrapper
	guard   guard
	sending sending
}

// New returns Webhooks with the given dependencies. It fails if the key does not have 32 bytes.
func New(d Deps) (*Webhooks, error) {
	box, err := seal.New(d.Key)
	if err != nil {
		return nil, fmt.Errorf("the key that wraps webhooks' secrets: %w", err)
	}
	now := d.Now
	// PostgreSQL keeps microseconds, and a lease is found again by its time.
	d.Now = func() time.Time { return now().Truncate(time.Microsecond) }
	w := &Webhooks{
		deps:   d,
		owners: creators,
		q:      dbsqlc.New(),
		wrap:   wrapper{box},
		guard:  guard{loopback: d.Loopback, own: ownAddresses},
	}
	w.sending = newSending(&w.guard)
	return w, nil
}

// ForPartners returns the webhooks of partners instead of those of creators. What sends messages is the same: Enqueue,
// Turn and Purge of either work for both.
func (w *Webhooks) ForPartners() *Webhooks {
	theirs := *w
	theirs.owners = partners
	return &theirs
}

// By returns these webhooks for what an operator does to them, which is recorded.
func (w *Webhooks) By(operatorID int64) *Webhooks {
	acting := *w
	acting.actor = operatorID
	return &acting
}

// recordTx records what an operator did to an endpoint; nothing of what owners do.
func (w *Webhooks) recordTx(ctx context.Context, tx pgx.Tx, ownerID int64, do, url string) error {
	if w.actor == 0 || w.deps.Audit == nil {
		return nil
	}
	return w.deps.Audit(ctx, tx, w.actor, "partner.webhook", fmt.Sprintf("partner:%d", ownerID), map[string]any{
		"do":  do,
		"url": url,
	})
}

// ownedTx locks an endpoint of that owner. Errors: ErrNotFound, also for endpoints of others.
func (w *Webhooks) ownedTx(ctx context.Context, tx pgx.Tx, ownerID, id int64) (dbsqlc.WebhookEndpoint, error) {
	e, err := w.q.LockEndpoint(ctx, tx, id)
	if err != nil {
		return e, found(err, "lock webhook %d", id)
	}
	if e.OwnerID != w.owners.row(ownerID) {
		return e, ErrNotFound.Because("webhook %d is not of %d", id, ownerID)
	}
	return e, nil
}
