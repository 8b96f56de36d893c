package cache

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/redisbreaker"
)

const (
	// grace is how long a value is still served after Age has named it, and how long any value is served while the
	// process hears of no changes.
	grace = time.Second
	// mostMarks bounds the marks in memory. When the bound is reached, everything counts as changed.
	mostMarks = 50_000
	// saidFor is how long Redis keeps the record of a change, which is longer than it keeps any value.
	saidFor = 2 * longest
	// epochKey holds the epoch with which every value in Redis is stamped. A new epoch makes all of them void.
	epochKey = "cache:epoch"
)

func changeKey(tag string) string { return "cache:change:" + tag }

// Changes records for all caches of this process what has changed, and passes it on to Redis.
//
// Nothing is cached before Connect, since a process that does not hear of changes cannot know which values are void.
// Between Disconnect and the next Connect the process hears of no changes: it caches values for one second and does not
// read them from Redis.
//
// If Redis cannot be told of a change, the invalidation is pending: before this process reads values from Redis again,
// it begins a new epoch there, which makes all earlier values void.
type Changes struct {
	redis *redisbreaker.Breaker
	log   *slog.Logger
	now   func() time.Time

	seq                 atomic.Uint64 // counts changes; an entry keeps the count from before its load began
	floor               atomic.Uint64 // entries with a lower seq are void
	state               atomic.Int32
	pendingInvalidation atomic.Bool

	mu    sync.Mutex // held by writers
	marks sync.Map   // tag → *mark
	count int
}

const (
	idle         = int32(iota) // before the first Connect
	connected                  // between Connect and Disconnect
	disconnected               // after Disconnect
)

// mark is the last changes of a tag. It is immutable.
type mark struct {
	void uint64    // loads that began before this change are void
	aged uint64    // loads that began before this change are aging, and void from ends on
	ends time.Time // of the grace, which the first of several changes by Age began
}

type verdict int

const (
	valid verdict = iota
	aging         // may be served while it is reloaded
	void
)

// ChangesDeps are the dependencies of Changes.
type ChangesDeps struct {
	Redis *redisbreaker.Breaker
	Log   *slog.Logger
	Now   func() time.Time
}

// NewChanges returns the Changes of a process. Nothing is cached until Connect.
func NewChanges(d ChangesDeps) *Changes {
	return &Changes{
		redis: d.Redis,
		log:   d.Log,
		now:   d.Now,
	}
}

// Connect declares that the process hears of every change from now on. Everything that was cached before is void, in
// memory and in Redis.
func (c *Changes) Connect(ctx context.Context) {
	c.pendingInvalidation.Store(true)
	c.floor.Store(c.seq.Add(1))
	c.settle(ctx)
	c.floor.Store(c.seq.Add(1)) // voids what was read from Redis meanwhile
	c.state.Store(connected)
}

// Disconnect declares that the process may miss changes from now on.
func (c *Changes) Disconnect() { c.state.CompareAndSwap(connected, disconnected) }

// Drop makes every value with one of the tags void, in this process and in Redis. The next reader waits for the new
// value.
func (c *Changes) Drop(ctx context.Context, tags ...string) {
	c.note(ctx, tags, func(m mark, seq uint64, _ time.Time) mark { m.void = seq; return m })
}

// Age is Drop for values that change often and may be a second late: a value is served for up to one second more, and
// the first reader starts its reload.
func (c *Changes) Age(ctx context.Context, tags ...string) {
	c.note(ctx, tags, func(m mark, seq uint64, now time.Time) mark {
		if !now.Before(m.ends) { // an earlier grace has ended, and its values are void
			m.void, m.ends = max(m.void, m.aged), now.Add(grace)
		}
		m.aged = seq
		return m
	})
}

// note marks the tags twice: before it tells Redis, for the readers of this process, and afterwards, for what they have
// read from Redis meanwhile.
func (c *Changes) note(ctx context.Context, tags []string, change func(mark, uint64, time.Time) mark) {
	if c.state.Load() == idle {
		return
	}
	c.mark(tags, change)
	err := c.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		pipe := r.Pipeline() // a cluster permits commands of one key each
		for _, tag := range tags {
			pipe.Set(ctx, changeKey(tag), rand.Text(), saidFor)
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		c.pendingInvalidation.Store(true)
		c.log.DebugContext(ctx, "redis not told of a change", "tags", tags, "error", err)
	}
	c.mark(tags, change)
}

func (c *Changes) mark(tags []string, change func(mark, uint64, time.Time) mark) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seq, now := c.seq.Add(1), c.now()
	if c.count+len(tags) > mostMarks {
		c.floor.Store(seq)
		c.marks.Clear()
		c.count = 0
	}
	for _, tag := range tags {
		var m mark
		if old, ok := c.marks.Load(tag); ok {
			m = *old.(*mark)
		} else {
			c.count++
		}
		m = change(m, seq, now)
		c.marks.Store(tag, &m)
	}
}

func (c *Changes) begun() bool     { return c.state.Load() != idle }
func (c *Changes) connected() bool { return c.state.Load() == connected }

// judge returns whether a value may still be served whose load began at the count seq and the time loaded.
func (c *Changes) judge(seq uint64, loaded time.Time, tags []string, now time.Time) verdict {
	if seq < c.floor.Load() || c.state.Load() != connected && !now.Before(loaded.Add(grace)) {
		return void
	}
	worst := valid
	for _, tag := range tags {
		found, ok := c.marks.Load(tag)
		if !ok {
			continue
		}
		switch m := found.(*mark); {
		case seq < m.void, seq < m.aged && !now.Before(m.ends):
			return void
		case seq < m.aged:
			worst = aging
		}
	}
	return worst
}

// holds reports whether none of the tags has changed since seq.
func (c *Changes) holds(seq uint64, tags []string) bool {
	if seq < c.floor.Load() {
		return false
	}
	for _, tag := range tags {
		if found, ok := c.marks.Load(tag); ok && seq < max(found.(*mark).void, found.(*mark).aged) {
			return false
		}
	}
	return true
}

// settle begins a new epoch in Redis if an invalidation is pending. It returns false if Redis cannot be told.
func (c *Changes) settle(ctx context.Context) bool {
	if !c.pendingInvalidation.Load() {
		return true
	}
	c.pendingInvalidation.Store(false) // first, so that a change which Redis misses meanwhile stays pending
	err := c.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		return r.Set(ctx, epochKey, rand.Text(), 0).Err()
	})
	if err != nil {
		c.pendingInvalidation.Store(true)
	}
	return err == nil
}
