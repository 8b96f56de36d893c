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
	"encoding/json"
	"log/slog"
	"reflect"
	"time"

	"videomall/telemetry"
)

// longest bounds Options.Fresh, so that the record of a change in Redis outlives every value that it makes void.
const longest = 5 * time.Minute

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
//
// It only converts values. The work is done by store, which has no type parameters: each package that can reach a Cache
// compiles its methods again (decision 0040).
type Cache[T any] struct{ store *store }

// New returns a Cache whose values the given changes make void.
func New[T any](changes *Changes, o Options[T], log *slog.Logger, metrics *telemetry.Metrics) *Cache[T] {
	s := &store{
		name:      o.Name,
		fresh:     min(cmp.Or(o.Fresh, 30*time.Second), longest),
		absent:    o.Absent,
		absentFor: cmp.Or(o.AbsentFor, 5*time.Second),
		patience:  cmp.Or(o.Patience, 2*time.Second),
		changes:   changes,
		log:       log,
		counts:    metrics.Cache(o.Name),
		flights:   map[string]*flight{},
	}
	s.stale = cmp.Or(o.Stale, s.fresh)
	var weigh func(*entry) uint32
	if o.Weight != nil {
		weigh = func(e *entry) uint32 { return o.Weight(valueOf[T](e)) }
	}
	s.memory = newMemory(cmp.Or(o.Most, 10_000), weigh)
	if !o.Local {
		s.form = formOf(reflect.TypeFor[T]())
		s.decode = func(b []byte) (any, error) {
			var v T
			err := json.Unmarshal(b, &v)
			return v, err
		}
	}
	return &Cache[T]{s}
}

// Get returns the value of key and loads it if it is not cached. The tags name what the value is made from. The value
// is shared with other callers and must not be changed. Errors: those of the load, Options.Absent for a value that is
// known not to exist, and those of ctx.
func (c *Cache[T]) Get(ctx context.Context, key string, tags []string, load Load[T]) (T, error) {
	if c == nil || !c.store.changes.begun() {
		v, _, err := load(ctx)
		return v, err
	}
	e, ok := c.store.cached(ctx, key)
	if !ok {
		c.store.counts.Miss()
		var err error
		e, err = c.store.load(ctx, key, tags, func(ctx context.Context) (any, Policy, error) {
			return load(ctx)
		})
		if err != nil {
			var none T
			return none, err
		}
	}
	return valueOf[T](e), e.err
}

// Peek returns the value of key if it may be served now. It never waits: a stale value is returned, and the load that
// made it reloads it in the background.
func (c *Cache[T]) Peek(ctx context.Context, key string) (T, bool) {
	if c != nil && c.store.changes.begun() {
		if e, ok := c.store.cached(ctx, key); ok && e.err == nil {
			return valueOf[T](e), true
		}
	}
	var none T
	return none, false
}

// valueOf returns the value of an entry, or the zero value if it does not exist.
func valueOf[T any](e *entry) T {
	v, _ := e.value.(T)
	return v
}
