// Package outbox owns events. An event is written in the transaction that makes it true, relayed in order, and
// delivered to each subscriber until it is handled or becomes a dead letter. The package does not know what an event
// means.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/outbox/internal/dbsqlc"
)

// Event says that something became true. Events of one Aggregate ("order:01J…") reach a subscriber in order.
type Event struct {
	ID        int64  // set when it is read back
	XID       string // the transaction that wrote it, set when relayed: an xid8
	Type      string
	Aggregate string
	Payload   json.RawMessage
	CreatedAt time.Time
}

// Payload decodes what an event says, into the type with which it was written.
func Payload[T any](e Event) (payload T, err error) {
	if err := json.Unmarshal(e.Payload, &payload); err != nil {
		return payload, fmt.Errorf("read event %d: %w", e.ID, err)
	}
	return payload, nil
}

// Outbox writes and relays events.
type Outbox struct {
	pool        *pgxpool.Pool
	now         func() time.Time
	q           *dbsqlc.Queries
	audit       func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	subscribers []subscriber
}

// Deps are the dependencies of Outbox.
type Deps struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
	// Audit records an operator's action on a dead letter, in the transaction of the action; nil records nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
}

// New returns the outbox in a database.
func New(d Deps) *Outbox {
	return &Outbox{
		pool:  d.Pool,
		now:   d.Now,
		q:     dbsqlc.New(),
		audit: d.Audit,
	}
}

// Draft is an event to be written. Its Payload is marshalled to JSON.
type Draft struct {
	Aggregate string
	Payload   any
}

// WriteTx writes an event in the caller's transaction. It marshals payload to JSON.
func (o *Outbox) WriteTx(ctx context.Context, tx pgx.Tx, kind, aggregate string, payload any) error {
	return o.WriteManyTx(ctx, tx, kind, []Draft{{aggregate, payload}})
}

// WriteManyTx writes events of one type, in their order, in the caller's transaction: at once, or if tx is a db.Later,
// when that is sent.
func (o *Outbox) WriteManyTx(ctx context.Context, tx dbsqlc.DBTX, kind string, drafts []Draft) error {
	arg := dbsqlc.InsertEventsParams{Type: kind, CreatedAt: o.now()}
	for _, d := range drafts {
		body, err := json.Marshal(d.Payload)
		if err != nil {
			return fmt.Errorf("event %s of %s: %w", kind, d.Aggregate, err)
		}
		arg.Aggregates, arg.Payloads = append(arg.Aggregates, d.Aggregate), append(arg.Payloads, body)
	}
	if err := o.q.InsertEvents(ctx, tx, arg); err != nil {
		return fmt.Errorf("%d events %s: %w", len(drafts), kind, err)
	}
	return nil
}
