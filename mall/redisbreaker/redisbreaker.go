// Package redisbreaker owns the circuit breaker in front of a Redis that may be unavailable, slow or emptied at any
// time: how long a caller waits for it, and how long it is not asked after a failure. It refuses to know what is stored
// there and what to do without it, which each caller decides.
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
	// patience bounds how long a request waits for Redis before it goes on without it.
	patience = 250 * time.Millisecond
	// openFor is how long Redis is not asked after a failure, so that an outage does not slow every page.
	openFor = time.Second
)

// ErrOpen reports that Redis is not asked, because it has just failed or there is none.
var ErrOpen = errors.New("redis failed a moment ago and is not asked")

// Breaker is a circuit breaker in front of a Redis client. It is safe for concurrent use.
type Breaker struct {
	client    redis.UniversalClient
	openUntil atomic.Int64 // in nanoseconds of the real clock, since outages do not follow business time
}

// New returns a Breaker for a client; without one, nil, it is always open.
func New(client redis.UniversalClient) *Breaker { return &Breaker{client: client} }

// Try runs do with a time limit of 250 ms. A missing key is returned as redis.Nil and does not count as a failure.
// Errors: those of do, ErrOpen.
func (b *Breaker) Try(ctx context.Context, do func(context.Context, redis.UniversalClient) error) error {
	return b.run(ctx, patience, func(err error) bool { return !errors.Is(err, redis.Nil) }, do)
}

// Wait is Try for a caller that can hardly do without Redis: the caller chooses the time limit, and a timeout does not
// open the breaker. Errors: those of Try.
func (b *Breaker) Wait(ctx context.Context, patience time.Duration, do func(context.Context,
	redis.UniversalClient) error,
) error {
	return b.run(ctx, patience, func(err error) bool { return !errors.Is(err, redis.Nil) && !late(err) }, do)
}

// run runs do, and opens the breaker for a while after an error for which fails returns true. The end of the caller's
// context does not count.
func (b *Breaker) run(ctx context.Context, patience time.Duration, fails func(error) bool, do func(context.Context,
	redis.UniversalClient) error,
) error {
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

// late reports whether an error means that Redis answered too late, or that all connections to it were busy.
func late(err error) bool {
	var slow net.Error
	return errors.As(err, &slow) && slow.Timeout() || errors.Is(err, redis.ErrPoolTimeout)
}
