// Package cache owns the cache of values that many requests read. It keeps them in the memory of the process and,
// behind that, in Redis. Across all processes one of them loads a key, and a value becomes void as soon as a change of
// what it was made from is announced. The package refuses to know what the values are: a caller supplies the load, the
// tags by which a change names its values, and the time from which a value is wrong.
//
// Redis may be unavailable, slow or emptied at any time. Then every process loads for itself, once a key, and nothing
// waits longer than mall/redisbreaker allows.
package cache

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"videomall/telemetry"
)

const (
	// longest bounds Options.Fresh, so that the record of a change in Redis outlives every value that it makes void.
	longest = 5 * time.Minute
	// jitter is the largest share of a lifetime that is taken away at random, so that values which were loaded together
	// do not expire together.
	jitter = 0.2
	// loading bounds one load, which continues when the request that started it is canceled.
	loading = 15 * time.Second
)

// Options say how much a Cache holds and for how long. The comment of a field names its default.
type Options[T any] struct {
	Name  string        // in Redis' keys and in metrics
	Fresh time.Duration // how long a value is fresh; 30 s, at most 5 min, less up to a fifth at random
	Stale time.Duration // how long after that it is served while it is reloaded; as long as Fresh
	// Absent is the error by which a load reports that the value does not exist. It is cached for AbsentFor, by default
	// 5 s. If Absent is nil, absence is not cached.
	Absent    error
	AbsentFor time.Duration
	// Weight returns the bytes that a value takes, and Most bounds their sum. Without Weight, Most is the number of
	// values; 10,000.
	Weight func(T) uint32
	Most   int
	// Local keeps the values out of Redis, because they cannot be encoded or because they are quickly made from other
	// values that are cached there.
	Local bool
	// Patience is how long a process waits for the load of another process before it loads the value itself; 2 s.
	Patience time.Duration
}

// Policy is what a load adds to the rules of the cache about how long its value may be served.
type Policy struct {
	Until time.Time // when the value becomes wrong, as when a price ends or begins; zero if it never does
	Fresh time.Duration
	Stale time.Duration // Fresh and Stale replace those of the cache, unless Fresh is 0
	Tags  []string      // further tags that only the load can tell; for Local caches only
}

// Load makes a value. It runs once for all callers that wait for it, and none of them can cancel it.
type Load[T any] func(ctx context.Context) (T, Policy, error)

// Cache holds values of one type. It is safe for concurrent use. A nil Cache loads at every call.
type Cache[T any] struct {
	o       Options[T]
	changes *Changes
	memory  memory
	form    string // identifies the fields of T in Redis' keys
	log     *slog.Logger
	counts  *telemetry.CacheCounts

	mu      sync.Mutex
	flights map[string]*flight[T]
}

// entry is a cached value. It is immutable.
type entry[T any] struct {
	value  T
	err    error // Options.Absent if the value does not exist
	tags   []string
	load   Load[T]
	seq    uint64    // Changes.seq before the load began
	loaded time.Time // when the load began
	fresh  time.Time
	until  time.Time
}

// New returns a Cache whose values the given changes make void.
func New[T any](changes *Changes, o Options[T], log *slog.Logger, metrics *telemetry.Metrics) *Cache[T] {
	o.Fresh = min(cmp.Or(o.Fresh, 30*time.Second), longest)
	o.Stale, o.AbsentFor = cmp.Or(o.Stale, o.Fresh), cmp.Or(o.AbsentFor, 5*time.Second)
	o.Most, o.Patience = cmp.Or(o.Most, 10_000), cmp.Or(o.Patience, 2*time.Second)
	c := &Cache[T]{
		o:       o,
		changes: changes,
		log:     log,
		counts:  metrics.Cache(o.Name),
		flights: map[string]*flight[T]{},
	}
	var weigh func(any) uint32
	if o.Weight != nil {
		weigh = func(e any) uint32 { return o.Weight(e.(*entry[T]).value) }
	}
	c.memory = newMemory(o.Most, weigh)
	if !o.Local {
		c.form = formOf[T]()
	}
	return c
}

// Get returns the value of key and loads it if it is not cached. The tags name what the value is made from. The value
// is shared with other callers and must not be changed. Errors: those of the load, Options.Absent for a value that is
// known not to exist, and those of ctx.
func (c *Cache[T]) Get(ctx context.Context, key string, tags []string, load Load[T]) (T, error) {
	if c == nil || !c.changes.begun() {
		v, _, err := load(ctx)
		return v, err
	}
	if e, ok := c.cached(ctx, key); ok {
		return e.value, e.err
	}
	c.counts.Miss()
	e, err := c.wait(ctx, key, tags, load)
	if err != nil {
		var none T
		return none, err
	}
	return e.value, e.err
}

// Peek returns the value of key if it may be served now. It never waits: a stale value is returned, and the load that
// made it reloads it in the background.
func (c *Cache[T]) Peek(ctx context.Context, key string) (T, bool) {
	if c != nil && c.changes.begun() {
		if e, ok := c.cached(ctx, key); ok && e.err == nil {
			return e.value, true
		}
	}
	var none T
	return none, false
}

// cached returns the entry of key if it may be served now, and starts a reload if the entry is stale.
func (c *Cache[T]) cached(ctx context.Context, key string) (*entry[T], bool) {
	e, ok := c.remembered(key)
	if !ok {
		return nil, false
	}
	now := c.changes.now()
	verdict := c.changes.judge(e.seq, e.loaded, e.tags, now)
	switch {
	case verdict == void || !now.Before(e.until):
		return nil, false
	case verdict == aging || !now.Before(e.fresh):
		c.counts.Stale()
		c.fly(ctx, key, e.tags, e.load)
		return e, true
	}
	c.counts.Hit()
	return e, true
}

// remembered returns the entry of key whether or not it may be served.
func (c *Cache[T]) remembered(key string) (*entry[T], bool) {
	e, ok := c.memory.GetIfPresent(key)
	if !ok {
		return nil, false
	}
	return e.(*entry[T]), true
}

// made returns an entry for the result of a load.
func (c *Cache[T]) made(v T, policy Policy, err error, load Load[T], tags []string, seq uint64,
	began time.Time,
) *entry[T] {
	e := &entry[T]{
		value:  v,
		err:    err,
		load:   load,
		tags:   tags,
		seq:    seq,
		loaded: began,
	}
	fresh, stale := c.o.Fresh, c.o.Stale
	switch {
	case err != nil:
		fresh, stale = c.o.AbsentFor, 0
	case policy.Fresh > 0:
		fresh, stale = min(policy.Fresh, longest), policy.Stale
	}
	if len(policy.Tags) > 0 {
		e.tags = append(append([]string{}, tags...), policy.Tags...)
	}
	fresh -= time.Duration(rand.Float64() * jitter * float64(fresh))
	e.fresh, e.until = began.Add(fresh), began.Add(fresh+stale)
	if !policy.Until.IsZero() {
		if policy.Until.Before(e.until) {
			e.until = policy.Until
		}
		if policy.Until.Before(e.fresh) {
			e.fresh = policy.Until
		}
	}
	return e
}
