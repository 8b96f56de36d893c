package cache

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"videomall/telemetry"
)

const (
	// jitter is the largest share of a lifetime that is taken away at random, so that values which were loaded together
	// do not expire together.
	jitter = 0.2
	// loading bounds one load, which continues when the request that started it is canceled.
	loading = 15 * time.Second
)

// store is a Cache whose values are of any type.
type store struct {
	name         string
	fresh, stale time.Duration // as in Options, with their defaults
	absent       error
	absentFor    time.Duration
	patience     time.Duration
	decode       func([]byte) (any, error) // reads a value from Redis; nil keeps values out of it
	form         string                    // identifies the fields of the type in Redis' keys
	changes      *Changes
	memory       memory
	log          *slog.Logger
	counts       *telemetry.CacheCounts

	mu      sync.Mutex
	flights map[string]*flight
}

// entry is a cached value. It is immutable.
type entry struct {
	value  any
	err    error // Options.Absent if the value does not exist
	tags   []string
	load   Load[any]
	seq    uint64    // Changes.seq before the load began
	loaded time.Time // when the load began
	fresh  time.Time
	until  time.Time
}

// memory is *otter.Cache[string, *entry], which must not be a field (decision 0040).
type memory interface {
	GetIfPresent(key string) (*entry, bool)
	Set(key string, e *entry) (*entry, bool)
}

// newMemory returns a memory for at most so many values, or bytes if weigh says how many a value takes.
func newMemory(most int, weigh func(*entry) uint32) memory {
	if weigh == nil {
		return otter.Must(&otter.Options[string, *entry]{MaximumSize: most})
	}
	return otter.Must(&otter.Options[string, *entry]{
		MaximumWeight: uint64(most),
		Weigher:       func(_ string, e *entry) uint32 { return weigh(e) },
	})
}

// cached returns the entry of key if it may be served now, and starts a reload if the entry is stale.
func (s *store) cached(ctx context.Context, key string) (*entry, bool) {
	e, ok := s.memory.GetIfPresent(key)
	if !ok {
		return nil, false
	}
	now := s.changes.now()
	verdict := s.changes.judge(e.seq, e.loaded, e.tags, now)
	switch {
	case verdict == void || !now.Before(e.until):
		return nil, false
	case verdict == aging || !now.Before(e.fresh):
		s.counts.Stale()
		s.fly(ctx, key, e.tags, e.load)
		return e, true
	}
	s.counts.Hit()
	return e, true
}

// made returns an entry for the result of a load.
func (s *store) made(v any, policy Policy, err error, load Load[any], tags []string, seq uint64,
	began time.Time,
) *entry {
	e := &entry{
		value:  v,
		err:    err,
		load:   load,
		tags:   tags,
		seq:    seq,
		loaded: began,
	}
	fresh, stale := s.fresh, s.stale
	switch {
	case err != nil:
		fresh, stale = s.absentFor, 0
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
