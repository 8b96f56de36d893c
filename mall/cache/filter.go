package cache

import (
	"context"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"

	"videomall/telemetry"
)

// A Filter lets one invented name in a hundred pass, which then costs as much as without the filter. This takes 9.6
// bits and 7 probes a name: 1.2 MB for a million names.
const (
	filterError = 0.01
	filterLooks = 7
	filterLeast = 10_000 // names that the smallest filter has room for
)

// Filter is a Bloom filter over the names that exist, so that invented names cost neither Redis nor PostgreSQL a query.
// It may pass a name that does not exist, but it never refuses one that does. Every name passes until the filter is
// filled, and whenever the process does not hear of new names.
type Filter struct {
	changes *Changes
	counts  *telemetry.CacheCounts
	seed    maphash.Seed

	mu      sync.Mutex // held by writers
	live    atomic.Pointer[bits]
	filling *bits
}

type bits struct {
	words []atomic.Uint64
	floor uint64 // Changes.floor before the filter was filled
}

// NewFilter returns a Filter that is not filled.
func NewFilter(changes *Changes, counts *telemetry.CacheCounts) *Filter {
	return &Filter{
		changes: changes,
		counts:  counts,
		seed:    maphash.MakeSeed(),
	}
}

// Fill rebuilds the filter from all names that exist. The function each calls add for every name; expected is about how
// many there are. Names that Add receives meanwhile are included.
func (f *Filter) Fill(ctx context.Context, expected int64, each func(ctx context.Context,
	add func(name string)) error,
) error {
	n := float64(max(expected+expected/2, filterLeast)) // leaves room for half as many again until the next Fill
	b := &bits{
		words: make([]atomic.Uint64, int(math.Ceil(-n*math.Log(filterError)/(math.Ln2*math.Ln2)/64))),
		floor: f.changes.floor.Load(),
	}
	f.mu.Lock()
	f.filling = b
	f.mu.Unlock()
	err := each(ctx, func(name string) { f.set(b, name) })
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.filling == b {
		f.filling = nil
		if err == nil {
			f.live.Store(b)
		}
	}
	return err
}

// Add lets a new name pass.
func (f *Filter) Add(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range []*bits{f.live.Load(), f.filling} {
		if b != nil {
			f.set(b, name)
		}
	}
}

// Passes returns false if the name certainly does not exist.
func (f *Filter) Passes(name string) bool {
	if f == nil {
		return true
	}
	b := f.live.Load()
	// A filter that was filled before a gap lacks the names which were added during the gap.
	if b == nil || !f.changes.connected() || b.floor != f.changes.floor.Load() {
		return true
	}
	first, step := f.places(name)
	for i := range uint64(filterLooks) {
		at := (first + i*step) % (uint64(len(b.words)) * 64)
		if b.words[at/64].Load()&(1<<(at%64)) == 0 {
			f.counts.Refused()
			return false
		}
	}
	return true
}

func (f *Filter) set(b *bits, name string) {
	first, step := f.places(name)
	for i := range uint64(filterLooks) {
		at := (first + i*step) % (uint64(len(b.words)) * 64)
		b.words[at/64].Or(1 << (at % 64))
	}
}

// places returns the two numbers from which all probes of a name follow (Kirsch and Mitzenmacher, 2006).
func (f *Filter) places(name string) (first, step uint64) {
	h := maphash.String(f.seed, name)
	return h, h>>32 | h<<32 | 1
}
