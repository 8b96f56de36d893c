package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/outbox/internal/dbsqlc"
)

// Handler handles one event in the relay's transaction. What it writes there commits together with the delivery, so an
// event takes effect once. It must not call over the network. After an error it is called again later.
type Handler func(ctx context.Context, tx pgx.Tx, e Event) error

type subscriber struct {
	name   string
	types  []string
	handle Handler
}

// MaxAttempts is how often a delivery is tried before it becomes a dead letter: about a day with the delays of Backoff.
const MaxAttempts = 18

// Backoff returns the delay after the given number of failed attempts: 1, 2, 4 … s, at most 3 h.
func Backoff(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts, 1)-1, 14), 3*time.Hour)
}

// Subscribe adds an in-process subscriber to events of some types. Its cursor in the stream of events is stored under
// its name; a new name begins with the oldest stored event. All calls must come before the first Relay.
func (o *Outbox) Subscribe(name string, types []string, handle Handler) {
	if slices.ContainsFunc(o.subscribers, func(s subscriber) bool { return s.name == name }) {
		panic(fmt.Sprintf("outbox: subscriber %q twice", name)) // two subscribers would share one cursor
	}
	o.subscribers = append(o.subscribers, subscriber{name, types, handle})
}

// WaitingTx counts the events that are not delivered to a subscriber yet, as the caller's transaction sees them,
// without dead letters. It returns -1 if the relay has not served the subscriber yet.
func (o *Outbox) WaitingTx(ctx context.Context, tx pgx.Tx, name string) (int64, error) {
	at := slices.IndexFunc(o.subscribers, func(s subscriber) bool { return s.name == name })
	if at < 0 {
		return 0, fmt.Errorf("outbox: no subscriber %q", name)
	}
	waiting, err := o.q.CountWaiting(ctx, tx, dbsqlc.CountWaitingParams{
		Subscriber: name,
		Types:      o.subscribers[at].types,
	})
	if err != nil {
		return 0, fmt.Errorf("count events that wait for %s: %w", name, err)
	}
	return waiting, nil
}
