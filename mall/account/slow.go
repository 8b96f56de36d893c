package account

import (
	"context"
	"time"
)

// How wrong passwords from all over slow the next attempts at one account down.
const (
	slowFrom = 20                     // attempts of strangers in ruleAccount's window that cost nothing
	slowStep = 100 * time.Millisecond // that each one after them adds
	slowMost = 8 * time.Second        // well below what a browser waits for a page
	maxSlow  = 256                    // that wait at once in this process
)

// slowdown is how long an attempt waits when it is the n-th of strangers at one account.
func slowdown(n int) time.Duration {
	return min(max(0, time.Duration(n-slowFrom))*slowStep, slowMost)
}

// slow holds attempts back, a bounded number at once.
type slow struct {
	held chan struct{}
	wait func(ctx context.Context, d time.Duration) error
}

func newSlow() *slow {
	return &slow{held: make(chan struct{}, maxSlow), wait: wait}
}

// hold lets d pass. Errors: ErrBusy, when too many are held already; the context's.
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
