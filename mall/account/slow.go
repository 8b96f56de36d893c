package account

import (
	"context"
	"time"
)

// How wrong passwords from all networks delay further attempts at one account.
const (
	slowFrom = 20                     // attempts of strangers in ruleAccount's window that wait for nothing
	slowStep = 100 * time.Millisecond // added by each further attempt
	slowMost = 8 * time.Second        // well below what a browser waits for a page
	maxSlow  = 256                    // attempts that wait at once in this process
)

// slowdown returns how long the n-th attempt of strangers at one account waits.
func slowdown(n int) time.Duration {
	return min(max(0, time.Duration(n-slowFrom))*slowStep, slowMost)
}

// slow delays attempts, a bounded number at once.
type slow struct {
	held chan struct{}
	wait func(ctx context.Context, d time.Duration) error
}

func newSlow() *slow {
	return &slow{held: make(chan struct{}, maxSlow), wait: wait}
}

// hold waits for d. Errors: ErrBusy if too many attempts wait already, the context's.
func (s *slow) hold(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case s.held <- struct{}{}:
	default:
		return ErrBusy
	}
	defer func() { <-s.held }()
	return s.wait(ctx, d)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
