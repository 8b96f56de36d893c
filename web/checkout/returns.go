package checkout

import (
	"context"
	"sync"
)

// returns are the ways back from a provider that this process is following, by their states: one at a time for each.
type returns struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // closed when the way is done
}

// take waits until nobody follows the way with the state. The caller calls done once it has followed it.
func (r *returns) take(ctx context.Context, state string) (done func(), err error) {
	for {
		mine := make(chan struct{})
		r.mu.Lock()
		other, taken := r.busy[state]
		if !taken {
			r.busy[state] = mine
		}
		r.mu.Unlock()
		if !taken {
			return func() {
				r.mu.Lock()
				delete(r.busy, state)
				r.mu.Unlock()
				close(mine)
			}, nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
