// Package redisbreaker owns the circuit breaker in front of a Redis that may be away, slow or emptied at any time: how
// long anybody waits for it, and how long it is not asked after it failed. It refuses to know what is stored there and
// what to do without it; that is each caller's to say.
package redisbreaker

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// patience bounds what a request waits for Redis before it goes on without it.
	patience = 250 * time.Millisecond
	// openFor is how long nobody asks a Redis that has just failed, so that its outage does not slow every page.
	openFor = time.Second
)

// ErrOpen is what Try answers for a Redis that has just failed, and without one.
var ErrOpen = errors.New("redis failed a moment ago and is not asked")

// Breaker is a Redis that may be away at any time. It is safe for concurrent use.
type Breaker struct {
	client    redis.UniversalClient
	openUntil atomic.Int64 // in nanoseconds of the real clock: an outage is no matter of business time
}

// New wraps a client; nil stands for a Redis that is always away.
func New(client redis.UniversalClient) *Breaker { return &Breaker{client: client} }

// Try runs do with bounded patience. A missing key comes back as redis.Nil and is no failure. Errors: do's own,
// ErrOpen.
func (b *Breaker) Try(ctx context.Context, do func(context.Context, redis.UniversalClient) error) error {
	return b.run(ctx, patience, func(err error) bool { return !errors.Is(err, redis.Nil) }, do)
}

// Wait is Try for somebody whom an answer without Redis would serve badly: it has the patience that its caller names,
// and a Redis that was merely late is asked again at once by the next one. Errors: those of Try.
func (b *Breaker) Wait(ctx context.Context, patience time.Duration, do func(context.Context,
	redis.UniversalClient) error) error {
	return b.run(ctx, patience, func(err error) bool { return !errors.Is(err, redis.Nil) && !late(err) }, do)
}

// run opens the breaker for a while after an error that fails calls a failure; a caller who has left is none.
func (b *Breaker) run(ctx context.Context, patience time.Duration, fails func(error) bool, do func(context.Context,
	redis.UniversalClient) error) error {
	if b.client == nil || time.Now().UnixNano() < b.openUntil.Load() {
		return ErrOpen
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := do(bounded, b.client)
	if err != nil && ctx.Err() == nil && fails(err) {
		b.openUntil.Store(time.Now().Add(openFor).UnixNano())
	}
	return err
}

// late tells a Redis that answers late, or to which all connections are busy, from one that is not there.
func late(err error) bool {
	var slow net.Error
	return errors.As(err, &slow) && slow.Timeout() || errors.Is(err, redis.ErrPoolTimeout)
}
