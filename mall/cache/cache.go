// Package cache owns the cached answers that many ask for: in the memory of the process, behind it in Redis, with one
// loader a key across processes, and void as soon as somebody says that what it was made of has changed. It refuses to
// know what the answers are: a caller brings the loading, the tags that a change will name, and the moment from which
// time itself makes a value wrong.
//
// Redis may be away, slow or emptied at any time. Then every process loads for itself, once a key, and nothing waits
// for longer than mall/redisbreaker allows.
package cache

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"videomall/telemetry"
)

const (
	// longest bounds Options.Fresh, so that what is said of a change in Redis outlives every value it voids.
	longest = 5 * time.Minute
	// jitter is the share of a lifetime that chance takes away, so that what was loaded together does not end together.
	jitter = 0.2
	// loading bounds one load, which goes on when the one who asked for it has left.
	loading = 15 * time.Second
)

// Options say how long and how much a Cache holds. The zero value of a field is what stands beside it.
type Options[T any] struct {
	Name  string        // in Redis' keys and in metrics
	Fresh time.Duration // for how long a value is served as it is; 30 s, at most 5 min, less up to a fifth by chance
	Stale time.Duration // for how long after that it is served while one loads it anew; as Fresh
	// Absent is the error by which a load says that there is no such thing; nil: none is cached. It is cached for
	// AbsentFor; 5 s.
	Absent    error
	AbsentFor time.Duration
	// Weight is how many bytes a value takes, and Most the sum of all; without Weight, Most counts values. 10,000.
	Weight func(T) uint32
	Most   int
	// Local keeps values out of Redis: those that cannot be written down, and those that are made quickly of what is
	// there.
	Local bool
	// Patience is how long a process waits for another one's load before it loads too; 2 s.
	Patience time.Duration
}

// Policy is what a load knows of its value's end beyond the cache's own rule.
type Policy struct {
	Until time.Time // from then on the value is wrong, for a price ends or begins; zero: no such moment
	Fresh time.Duration
	Stale time.Duration // both instead of the cache's; Fresh 0 leaves them
	Tags  []string      // further tags, where only the load can tell them; Local caches only
}

// Load makes a value. It runs once for all who wait, and not bound to any of them.
type Load[T any] func(ctx context.Context) (T, Policy, error)

// Cache holds values of one kind. It is safe for concurrent use; a nil one loads at every call.
type Cache[T any] struct {
	o       Options[T]
	changes *Changes
	memory  *otter.Cache[string, *entry[T]]
	form    string // of T, in Redis' keys
	log     *slog.Logger
	counts  *telemetry.CacheCounts

	mu      sync.Mutex
	flights map[string]*flight[T]
}

// entry is a cached value. It is never changed.
type entry[T any] struct {
	value  T
	err    error // Options.Absent: there is no such thing
	tags   []string
	load   Load[T]
	seq    uint64    // of Changes, before the load began
	loaded time.Time // the load's beginning
	fresh  time.Time
	until  time.Time
}

// New makes a Cache over what the process hears of changes.
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
	bound := &otter.Options[string, *entry[T]]{MaximumSize: o.Most}
	if o.Weight != nil {
		bound = &otter.Options[string, *entry[T]]{
			MaximumWeight: uint64(o.Most),
			Weigher: func(_ string, e *entry[T]) uint32 {
				return o.Weight(e.value)
			},
		}
	}
	c.memory = otter.Must(bound)
	if !o.Local {
		c.form = formOf[T]()
	}
	return c
}

// Get returns the value of key, loading it where none is cached. tags name what it is made of. What is returned is
// shared with others: read only. Errors: the load's own, Options.Absent for what is known not to exist, ctx's.
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

// Peek returns the value of key if it may be served now. It never waits: a value that is getting old is loaded anew
// behind the caller's back, by the load that made it.
func (c *Cache[T]) Peek(ctx context.Context, key string) (T, bool) {
	if c != nil && c.changes.begun() {
		if e, ok := c.cached(ctx, key); ok && e.err == nil {
			return e.value, true
		}
	}
	var none T
	return none, false
}

// cached finds what may be served now, and has it loaded anew if it is getting old.
func (c *Cache[T]) cached(ctx context.Context, key string) (*entry[T], bool) {
	e, ok := c.memory.GetIfPresent(key)
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

// made is an entry of what a load returned.
func (c *Cache[T]) made(v T, policy Policy, err error, load Load[T], tags []string, seq uint64,
	began time.Time) *entry[T] {
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
