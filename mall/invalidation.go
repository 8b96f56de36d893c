package mall

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/outbox"
)

// learnEvery is how often the names of what exists are read anew, which gives the filter in front of those that do not
// its room back.
const learnEvery = 10 * time.Minute

// invalidation is a notification of one process to all: a change of the catalogue, or a cache tag that is stale.
type invalidation struct {
	catalog.Change
	Tag string `json:"tag,omitempty"`
}

// ListenInvalidations applies what other processes change until ctx ends. Whoever serves pages runs it: without it
// nothing is cached in memory and every page asks PostgreSQL.
func (m *Mall) ListenInvalidations(ctx context.Context) {
	connected := make(chan struct{}, 1)
	var learning sync.WaitGroup
	learning.Go(func() { m.learn(ctx, connected) })
	m.Outbox.Listen(ctx, m.log, outbox.Listener{
		OnConnect: func(ctx context.Context) {
			m.Changes.Connect(ctx)
			select {
			case connected <- struct{}{}:
			default: // the names will be read anyway
			}
		},
		OnNotify: func(ctx context.Context, message json.RawMessage) {
			var change invalidation
			if err := json.Unmarshal(message, &change); err != nil {
				m.log.ErrorContext(ctx, "a change was not understood", "message", string(message), "error", err)
				return
			}
			if change.Tag != "" {
				m.Changes.Drop(ctx, change.Tag)
				return
			}
			m.Catalog.Invalidate(ctx, change.Change)
		},
		OnDisconnect: m.Changes.Disconnect,
	})
	learning.Wait()
}

// learn reads the names whenever the listener connects, and every so often. Until it has, every name passes.
func (m *Mall) learn(ctx context.Context, connected <-chan struct{}) {
	tick := time.NewTicker(learnEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-connected:
		case <-tick.C:
		}
		if err := m.Catalog.LearnNames(ctx); err != nil && ctx.Err() == nil {
			m.log.WarnContext(ctx, "names not learnt, made-up ones are looked up", "error", err)
		}
	}
}
