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

// told is a message of one process to all: a change of the catalogue, or a cache tag that is stale.
type told struct {
	catalog.Change
	Tag string `json:"tag,omitempty"`
}

// Hear listens to what other processes change until ctx ends. Whoever serves pages runs it: without it nothing is kept
// in memory and every page asks PostgreSQL.
func (m *Mall) Hear(ctx context.Context) {
	began := make(chan struct{}, 1)
	var learning sync.WaitGroup
	learning.Go(func() { m.learn(ctx, began) })
	m.Outbox.Listen(ctx, m.log, outbox.Ears{
		Began: func(ctx context.Context) {
			m.Changes.Begin(ctx)
			select {
			case began <- struct{}{}:
			default: // the names will be read anyway
			}
		},
		Heard: func(ctx context.Context, message json.RawMessage) {
			var ch told
			if err := json.Unmarshal(message, &ch); err != nil {
				m.log.ErrorContext(ctx, "a change was not understood", "message", string(message), "error", err)
				return
			}
			if ch.Tag != "" {
				m.Changes.Drop(ctx, ch.Tag)
				return
			}
			m.Catalog.Heard(ctx, ch.Change)
		},
		Lost: m.Changes.Lost,
	})
	learning.Wait()
}

// learn reads the names whenever hearing begins, and every so often. Until it has, every name passes.
func (m *Mall) learn(ctx context.Context, began <-chan struct{}) {
	tick := time.NewTicker(learnEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-began:
		case <-tick.C:
		}
		if err := m.Catalog.LearnNames(ctx); err != nil && ctx.Err() == nil {
			m.log.WarnContext(ctx, "names not learnt, made-up ones are looked up", "error", err)
		}
	}
}
