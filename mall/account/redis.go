package account

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// redisPatience bounds what a page waits for Redis before it goes on without it.
	redisPatience = 250 * time.Millisecond
	// redisRest is how long nobody asks a Redis that has just failed, so that its outage does not slow every page.
	redisRest = time.Second
)

var errResting = errors.New("redis failed a moment ago and is left alone")

// store is a Redis that may be away at any time.
type store struct {
	redis redis.UniversalClient
	until atomic.Int64 // rest until, in nanoseconds of the real clock: an outage is no matter of business time
}

// try runs do with bounded patience. A missing key comes back as redis.Nil and is no failure.
func (s *store) try(ctx context.Context, do func(context.Context, redis.UniversalClient) error) error {
	if time.Now().UnixNano() < s.until.Load() {
		return errResting
	}
	bounded, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	err := do(bounded, s.redis)
	if err != nil && !errors.Is(err, redis.Nil) && ctx.Err() == nil {
		s.until.Store(time.Now().Add(redisRest).UnixNano())
	}
	return err
}
