// Package away owns the manners towards a Redis that may be away, slow or emptied at any time: how long anybody waits
// for it, and how long it is left alone after it failed. It refuses to know what is kept there and what to do without
// it; that is each caller's to say.
package away

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
	// rest is how long nobody asks a Redis that has just failed, so that its outage does not slow every page.
	rest = time.Second
)

// ErrResting is what Try says of a Redis that has just failed, and of none at all.
var ErrResting = errors.New("redis failed a moment ago and is left alone")

// Redis is a Redis that may be away at any time. It is safe for concurrent use.
type Redis struct {
	client redis.UniversalClient
	until  atomic.Int64 // rest until, in nanoseconds of the real clock: an outage is no matter of business time
}

// New wraps a client; nil stands for a Redis that is always away.
func New(client redis.UniversalClient) *Redis { return &Redis{client: client} }

// Try runs do with bounded patience. A missing key comes back as redis.Nil and is no failure. Errors: do's own,
// ErrResting.
func (r *Redis) Try(ctx context.Context, do func(context.Context, redis.UniversalClient) error) error {
	return r.run(ctx, patience, func(err error) bool { return !errors.Is(err, redis.Nil) }, do)
}

// Wait is Try for somebody whom an answer without Redis would serve badly: it has the patience that its caller names,
// and a Redis that was merely late is asked again at once by the next one. Errors: those of Try.
func (r *Redis) Wait(ctx context.Context, patience time.Duration, do func(context.Context,
	redis.UniversalClient) error) error {
	return r.run(ctx, patience, func(err error) bool { return !errors.Is(err, redis.Nil) && !late(err) }, do)
}

// run leaves Redis alone for a while after an error that fails calls a failure; a caller who has left is none.
func (r *Redis) run(ctx context.Context, patience time.Duration, fails func(error) bool, do func(context.Context,
	redis.UniversalClient) error) error {
	if r.client == nil || time.Now().UnixNano() < r.until.Load() {
		return ErrResting
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := do(bounded, r.client)
	if err != nil && ctx.Err() == nil && fails(err) {
		r.until.Store(time.Now().Add(rest).UnixNano())
	}
	return err
}

// late tells a Redis that answers late, or to which all connections are busy, from one that is not there.
func late(err error) bool {
	var slow net.Error
	return errors.As(err, &slow) && slow.Timeout() || errors.Is(err, redis.ErrPoolTimeout)
}
