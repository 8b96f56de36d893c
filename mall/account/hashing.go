package account

import (
	"context"
	"slices"
	"sync"

	"videomall/mall/fault"
)

// lane is where somebody waits for a hashing.
type lane int

const (
	strangers lane = iota
	familiars      // browsers that signed in before, people who are signed in, and whoever runs the mall
)

const (
	// maxWaiting is how many may wait in one lane; with some 30 ms a hashing on each core that is about two seconds,
	// after which waiting longer helps nobody.
	maxWaiting = 128
	// familiarTurns is how many of a row of hashings familiars get before one stranger does, while both wait.
	familiarTurns = 3
)

// ErrBusy says that too many people prove themselves at this moment.
var ErrBusy = fault.New(fault.Unavailable, "sign_in_busy", "Very many people are signing in. Try again in a moment.")

// pool lets a number of hashings run at once and others wait their turn. Familiars have a lane of their own and most of
// the turns, so that a flood of strangers leaves them served; strangers keep a share, since anybody can become familiar
// by making an account.
type pool struct {
	mu      sync.Mutex
	free    int
	waiting [2][]chan struct{} // by lane, in order of arrival
	row     int                // turns that familiars had since a stranger's
}

// enter waits for a turn; leave ends it. Errors: ErrBusy, the context's.
func (p *pool) enter(ctx context.Context, l lane) (leave func(), err error) {
	p.mu.Lock()
	if p.free > 0 {
		p.free--
		p.mu.Unlock()
		return p.leave, nil
	}
	if len(p.waiting[l]) >= maxWaiting {
		p.mu.Unlock()
		return nil, ErrBusy
	}
	turn := make(chan struct{})
	p.waiting[l] = append(p.waiting[l], turn)
	p.mu.Unlock()
	select {
	case <-turn:
		return p.leave, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	at := slices.Index(p.waiting[l], turn)
	if at >= 0 {
		p.waiting[l] = slices.Delete(p.waiting[l], at, at+1)
	}
	p.mu.Unlock()
	if at < 0 { // the turn came at the same moment, and goes to the next one
		p.leave()
	}
	return nil, ctx.Err()
}

func (p *pool) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := familiars
	switch {
	case len(p.waiting[strangers]) == 0 && len(p.waiting[familiars]) == 0:
		p.free++
		return
	case len(p.waiting[familiars]) == 0, len(p.waiting[strangers]) > 0 && p.row >= familiarTurns:
		next = strangers
	}
	if next == strangers {
		p.row = 0
	} else {
		p.row++
	}
	turn := p.waiting[next][0]
	p.waiting[next] = slices.Delete(p.waiting[next], 0, 1)
	close(turn)
}
