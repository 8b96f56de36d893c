package account

import (
	"context"
	"slices"
	"sync"

	"videomall/mall/fault"
)

// lane is a queue in which attempts wait for a hashing.
type lane int

const (
	strangers lane = iota
	familiars      // browsers that signed in before, people who are signed in, and whoever runs the mall
)

const (
	// maxWaiting is how many may wait in one lane. At about 30 ms a hashing on each core the last of them waits for
	// about two seconds, and waiting longer would help nobody.
	maxWaiting = 128
	// familiarTurns is how many hashings in a row familiars get before one stranger gets one, while both lanes wait.
	familiarTurns = 3
)

// ErrBusy reports that too many people are signing in at this moment.
var ErrBusy = fault.New(fault.Unavailable, "sign_in_busy", "Very many people are signing in. Try again in a moment.")

// pool bounds how many hashings run at once; the others wait for their turn. Familiars have a lane of their own and
// most of the turns, so that they are served during a flood of strangers. Strangers keep a share, since anybody can
// become familiar by making an account.
type pool struct {
	mu      sync.Mutex
	free    int
	waiting [2][]chan struct{} // by lane, in order of arrival
	row     int                // turns of familiars since the last one of a stranger
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
	if at < 0 { // the turn was given at the same moment, so it is passed on
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
