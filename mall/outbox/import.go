package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/outbox/internal/dbsqlc"
)

// PastRefusal is an event of the past that a subscriber refused until its attempts were used up at DiedAt.
type PastRefusal struct {
	Subscriber string
	Event      Event // Type, Aggregate, Payload and CreatedAt
	LastError  string
	DiedAt     time.Time
}

// ImportRefusalTx writes an event as a dead letter of one subscriber, in the caller's transaction. All other
// subscribers of its type get the event like any new one.
func (o *Outbox) ImportRefusalTx(ctx context.Context, tx pgx.Tx, r PastRefusal) error {
	if !json.Valid(r.Event.Payload) {
		return fmt.Errorf("import event %s: its payload is no JSON", r.Event.Aggregate)
	}
	err := o.q.ImportRefusal(ctx, tx, dbsqlc.ImportRefusalParams{
		Type:       r.Event.Type,
		Aggregate:  r.Event.Aggregate,
		Payload:    r.Event.Payload,
		CreatedAt:  r.Event.CreatedAt,
		Subscriber: r.Subscriber,
		Attempts:   MaxAttempts,
		LastError:  r.LastError,
		DiedAt:     r.DiedAt,
	})
	if err != nil {
		return fmt.Errorf("import event %s refused by %s: %w", r.Event.Aggregate, r.Subscriber, err)
	}
	return nil
}
