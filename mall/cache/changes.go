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
	// grace is for how long a value that Age named is still served, and for how long one is when nothing is heard of
	// changes.
	grace = time.Second
	// mostMarks bounds the memory of what has changed; when it is full, everything counts as changed.
	mostMarks = 50_000
	// saidFor is how long Redis remembers a change: longer than any value lives there.
	saidFor = 2 * longest
	// epochKey is what every value in Redis is stamped with; another epoch makes all of them void.
	epochKey = "cache:epoch"
)

func changeKey(tag string) string { return "cache:change:" + tag }

// Changes is what this process knows of changes, for all its caches, and what it tells Redis of them.
//
// Until Connect nothing is cached: a process that does not hear of changes can't know what is void. Between Disconnect
// and the next Connect it hears nothing for a while: what it caches lives a second, and Redis is not believed.
//
// Without Redis a change is told to nobody there, and its invalidation is pending: before this process reads values
// there again it begins a new epoch, in which those that were written before are void.
type Changes struct {
	redis *redisbreaker.Breaker
	log   *slog.Logger
	now   func() time.Time

	seq                 atomic.Uint64 // counts changes; a value remembers how far it was when its load began
	floor               atomic.Uint64 // everything that began before is void
	state               atomic.Int32
	pendingInvalidation atomic.Bool

	mu    sync.Mutex // of writers
	marks sync.Map   // tag → *mark
	count int
}

const (
	idle         = int32(iota) // not begun
	connected                  // between Connect and Disconnect
	disconnected               // after Disconnect
)

// mark is what was heard of a tag. It is never changed.
type mark struct {
	void uint64 // what began before this change is void
	aged uint64 // what began before this one is aging, and void from the end of the grace that the first of them opened
	ends time.Time
}

type verdict int

const (
	valid verdict = iota
	aging         // may be served while it is loaded anew
	void
)

// NewChanges makes one for a process. It knows nothing and caches nothing until Connect.
func NewChanges(rdb *redisbreaker.Breaker, log *slog.Logger, now func() time.Time) *Changes {
	return &Changes{
		redis: rdb,
		log:   log,
		now:   now,
	}
}

// Connect says that from now on every change is heard. What was cached before is void, here and in Redis.
func (c *Changes) Connect(ctx context.Context) {
	c.pendingInvalidation.Store(true)
	c.floor.Store(c.seq.Add(1))
	c.settle(ctx)
	c.floor.Store(c.seq.Add(1)) // what was read from Redis meanwhile
	c.state.Store(connected)
}

// Disconnect says that changes may go unheard from now on.
func (c *Changes) Disconnect() { c.state.CompareAndSwap(connected, disconnected) }

// Drop makes void what is made of one of the tags, here at once and in Redis: whoever asks next waits for the new
// value.
func (c *Changes) Drop(ctx context.Context, tags ...string) {
	c.note(ctx, tags, func(m mark, seq uint64, _ time.Time) mark { m.void = seq; return m })
}

// Age is Drop for what changes often and may be a second late: a value is served for up to a second more, while the
// first who asks has it loaded anew.
func (c *Changes) Age(ctx context.Context, tags ...string) {
	c.note(ctx, tags, func(m mark, seq uint64, now time.Time) mark {
		if !now.Before(m.ends) { // an earlier grace is over: what it was granted to is void
			m.void, m.ends = max(m.void, m.aged), now.Add(grace)
		}
		m.aged = seq
		return m
	})
}

// note marks before it tells Redis, for the readers of this process, and after, for what they read from Redis
// meanwhile.
func (c *Changes) note(ctx context.Context, tags []string, change func(mark, uint64, time.Time) mark) {
	if c.state.Load() == idle {
		return
	}
	c.mark(tags, change)
	err := c.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		pipe := r.Pipeline() // one key a command, which a cluster allows
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

// judge says what has become of a value whose load began at seq, and at the moment loaded.
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

// holds says that nothing of the tags has changed since seq.
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

// settle begins a new epoch in Redis if an invalidation is pending; false while it can't.
func (c *Changes) settle(ctx context.Context) bool {
	if !c.pendingInvalidation.Load() {
		return true
	}
	c.pendingInvalidation.Store(false) // before, so that a change that is missed meanwhile is pending again
	err := c.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		return r.Set(ctx, epochKey, rand.Text(), 0).Err()
	})
	if err != nil {
		c.pendingInvalidation.Store(true)
	}
	return err == nil
}
