package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/outbox/internal/dbsqlc"
)

// Handler takes one event inside the relay's transaction: what it writes there and the note that it was delivered
// commit together, so an event takes effect once. It makes no network call. An error is tried again later.
type Handler func(ctx context.Context, tx pgx.Tx, e Event) error

type subscriber struct {
	name   string
	types  []string
	handle Handler
}

// MaxAttempts is how often a delivery is tried before it becomes a dead letter: about a day at the delays of Backoff.
const MaxAttempts = 18

// Backoff is the pause after the given number of failed tries: 1, 2, 4 … s, at most 3 h.
func Backoff(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts, 1)-1, 14), 3*time.Hour)
}

// Subscribe adds an in-process subscriber to events of some types. Its name is its place in the stream: a new name
// begins with the oldest event that is kept. Subscribe everybody before the first Relay.
func (o *Outbox) Subscribe(name string, types []string, handle Handler) {
	if slices.ContainsFunc(o.subscribers, func(s subscriber) bool { return s.name == name }) {
		panic(fmt.Sprintf("outbox: subscriber %q twice", name)) // two of one name would steal each other's events
	}
	o.subscribers = append(o.subscribers, subscriber{name, types, handle})
}

// WaitingTx counts the events that a subscriber has not been handed, as the caller's transaction sees them; dead
// letters are not waiting. It is -1 for one that the relay has not met yet.
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
		return 0, fmt.Errorf("what waits for %s: %w", name, err)
	}
	return waiting, nil
}
