package webhook

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/webhook/internal/dbsqlc"
)

// Message is an event of which its owner may be told. EventID is the event's in the outbox, so that an endpoint gets
// one message for it. Messages of one Aggregate arrive in the order in which they were made.
type Message struct {
	EventID   int64
	OwnerID   int64
	Type      string
	Aggregate string
	At        time.Time
	Data      any
}

// envelope is the body of every message, as Standard Webhooks recommends it.
type envelope struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

func bodyOf(kind string, at time.Time, data any) (string, error) {
	body, err := json.Marshal(envelope{kind, at.UTC().Truncate(time.Millisecond), data})
	return string(body), err
}

// newMessageID returns a random id, which does not reveal how many events the mall has.
func newMessageID() string { return "msg_" + strings.ToLower(rand.Text()) }

// NotifyTx stores a message for each endpoint of the owner that subscribes to its type. It enqueues nothing; see
// Enqueue.
func (w *Webhooks) NotifyTx(ctx context.Context, tx pgx.Tx, m Message) error {
	ids, err := w.q.Listening(ctx, tx, dbsqlc.ListeningParams{
		OwnerID: w.owners.row(m.OwnerID),
		Type:    m.Type,
		At:      m.At,
	})
	if err != nil || len(ids) == 0 {
		return failed(err, "webhooks of %d for %s", m.OwnerID, m.Type)
	}
	body, err := bodyOf(m.Type, m.At, m.Data)
	if err != nil {
		return fmt.Errorf("message %s of %s: %w", m.Type, m.Aggregate, err)
	}
	for _, id := range ids {
		if err := w.q.InsertDelivery(ctx, tx, dbsqlc.InsertDeliveryParams{
			EndpointID: id,
			EventID:    &m.EventID,
			MessageID:  newMessageID(),
			Type:       m.Type,
			Aggregate:  m.Aggregate,
			Body:       body,
			At:         w.deps.Now(),
		}); err != nil {
			return fmt.Errorf("message %s of %s for webhook %d: %w", m.Type, m.Aggregate, id, err)
		}
	}
	return nil
}
