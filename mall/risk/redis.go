package risk

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// redisPatience bounds what a request waits for Redis before it goes on without it.
	redisPatience = 250 * time.Millisecond
	// linePatience bounds what somebody in line waits for an answer. Waiting is what they are here for, and a line that opened
	// because a crowd made Redis slow would open at the worst of moments.
	linePatience = 5 * time.Second
	// redisRest is how long nobody asks a Redis that has just failed, so that its outage does not slow every request.
	redisRest = time.Second
)

var errResting = errors.New("redis failed a moment ago and is left alone")

// store is a Redis that may be away at any time.
type store struct {
	redis redis.UniversalClient
	until atomic.Int64 // rest until, in nanoseconds of the real clock: an outage is no matter of business time
}

// try runs do with bounded patience.
func (s *store) try(ctx context.Context, patience time.Duration, do func(context.Context, redis.UniversalClient) error) error {
	if time.Now().UnixNano() < s.until.Load() {
		return errResting
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := do(bounded, s.redis)
	// One that had all the patience of a line and was merely late is asked again at once.
	if err != nil && ctx.Err() == nil && !(patience == linePatience && slow(err)) {
		s.until.Store(time.Now().Add(redisRest).UnixNano())
	}
	return err
}

// slow tells a Redis that answers late, or to which all connections are busy, from one that is not there.
func slow(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout() || errors.Is(err, redis.ErrPoolTimeout)
}
