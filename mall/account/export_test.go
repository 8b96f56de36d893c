package account

import (
	"context"
	"time"
)

// FillHasher fills the hasher and both lanes, as when very many people sign in at once, until empty is called.
func (a *Accounts) FillHasher() (empty func()) {
	p := &a.hasher.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.free
	p.free = 0
	for l := range p.waiting {
		for range maxWaiting {
			p.waiting[l] = append(p.waiting[l], make(chan struct{}))
		}
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = free
		clear(p.waiting[:])
	}
}

// FloodHasher fills the hasher and the lane of strangers until empty is called; serve ends one hashing.
func (a *Accounts) FloodHasher() (serve, empty func()) {
	empty = a.FillHasher()
	p := &a.hasher.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[familiars] = nil
	return p.leave, empty
}

// Waiting returns how many attempts of known and of unknown browsers wait for a hashing.
func (a *Accounts) Waiting() (known, unknown int) {
	p := &a.hasher.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting[familiars]), len(p.waiting[strangers])
}

// Slowed makes delayed attempts call wait instead of waiting.
func (a *Accounts) Slowed(wait func(context.Context, time.Duration) error) { a.slow.wait = wait }

// CountAddress counts an attempt from an address, for no particular account.
func (a *Accounts) CountAddress(ctx context.Context, addr string) (wait time.Duration) {
	_, wait = a.throttle.take(ctx, ruleAddress.from(addr, ""))
	return wait
}

// The bounds of the package.
const (
	MaxWaiting = maxWaiting
	MaxSlow    = maxSlow
)

// Slowdown is slowdown.
func Slowdown(n int) time.Duration { return slowdown(n) }

// Pool is a pool of one hashing at a time.
type Pool struct{ pool }

// NewPool returns a Pool that is free.
func NewPool() *Pool { return &Pool{pool{free: 1}} }

// Enter waits for a turn, in the lane of known or of unknown browsers.
func (p *Pool) Enter(ctx context.Context, known bool) (leave func(), err error) {
	if known {
		return p.enter(ctx, familiars)
	}
	return p.enter(ctx, strangers)
}

// Waiting returns how many wait for a turn.
func (p *Pool) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting[familiars]) + len(p.waiting[strangers])
}

// HOTP is hotp.
func HOTP(secret string, counter int64) (string, error) { return hotp(secret, counter) }
