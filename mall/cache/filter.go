package cache

import (
	"context"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"

	"videomall/telemetry"
)

// What a Filter is built for: one name in a hundred that does not exist passes as if it did, and costs what it would
// have cost without the filter. That takes 9.6 bits a name and 7 looks: 1.2 MB for a million names.
const (
	filterError = 0.01
	filterLooks = 7
	filterLeast = 10_000 // names that the smallest one has room for
)

// Filter is a Bloom filter over the names of what exists, so that names that somebody made up cost neither Redis nor
// PostgreSQL a look. It may let through what does not exist, and never holds back what does. Until it is filled, and
// whenever the process does not hear of what is new, everything passes.
type Filter struct {
	changes *Changes
	counts  *telemetry.CacheCounts
	seed    maphash.Seed

	mu      sync.Mutex // of those who write
	live    atomic.Pointer[bits]
	filling *bits
}

type bits struct {
	words []atomic.Uint64
	floor uint64 // of Changes, before it was filled
}

// NewFilter makes one that is not filled.
func NewFilter(changes *Changes, counts *telemetry.CacheCounts) *Filter {
	return &Filter{
		changes: changes,
		counts:  counts,
		seed:    maphash.MakeSeed(),
	}
}

// Fill builds the filter anew from all names that exist, which each is to hand over one by one; expected is about how
// many. What is added meanwhile is in it too.
func (f *Filter) Fill(ctx context.Context, expected int64, each func(ctx context.Context,
	add func(name string)) error) error {
	n := float64(max(expected+expected/2, filterLeast)) // room for half as many again until the next time
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

// Passes is false when the name surely does not exist.
func (f *Filter) Passes(name string) bool {
	if f == nil {
		return true
	}
	b := f.live.Load()
	// What was new while nothing was heard is missing in a filter that was filled before.
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

// places are the two numbers from which all looks follow (Kirsch and Mitzenmacher, 2006).
func (f *Filter) places(name string) (first, step uint64) {
	h := maphash.String(f.seed, name)
	return h, h>>32 | h<<32 | 1
}
