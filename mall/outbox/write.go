// Package outbox owns events: kept in the transaction that made them true, relayed in order, delivered to
// each subscriber until it has them or they are set aside as dead letters. It refuses to know what an event means.
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
	ID        int64  // set when read back
	XID       string // the transaction that wrote it, set when relayed: an xid8
	Type      string
	Aggregate string
	Payload   json.RawMessage
	CreatedAt time.Time
}

// Outbox keeps and relays events.
type Outbox struct {
	pool        *pgxpool.Pool
	now         func() time.Time
	q           *dbsqlc.Queries
	audit       func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	subscribers []subscriber
}

// Deps are what the outbox stands on.
type Deps struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
	// Audit writes down who settled a dead letter, in the transaction that does; nil writes nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
}

// New opens the outbox.
func New(d Deps) *Outbox {
	return &Outbox{
		pool:  d.Pool,
		now:   d.Now,
		q:     dbsqlc.New(),
		audit: d.Audit,
	}
}

// Draft is an event to be kept: its Payload is marshalled to JSON.
type Draft struct {
	Aggregate string
	Payload   any
}

// WriteTx keeps an event in the caller's transaction; payload is marshalled to JSON.
func (o *Outbox) WriteTx(ctx context.Context, tx pgx.Tx, kind, aggregate string, payload any) error {
	return o.WriteManyTx(ctx, tx, kind, []Draft{{aggregate, payload}})
}

// WriteManyTx keeps events of one type, in their order, in the caller's transaction: at once, or with a db.Later as it
// is sent.
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
