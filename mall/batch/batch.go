// Package batch gathers calls that arrive at the same moment into sets, so that many callers share one round trip and
// one commit. It owns the queue and its bounds; it does not know what is done with a set, or what a result means.
package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrFull is returned at once if the queue is full. The caller may tell a person to try again; in a longer queue people
// would only wait for results that they no longer want.
var ErrFull = errors.New("batch: the queue is full")

// ErrPanicked is returned to every caller of a set whose work panicked.
var ErrPanicked = errors.New("batch: the work panicked")

// Result is the result for one caller of a set.
type Result[R any] struct {
	Value R
	Err   error
}

// Options are the bounds of a Gatherer. A field that is zero has its default, which is given beside it.
type Options struct {
	Workers int // the number of sets processed at the same time: 1
	Crowd   int // how many callers must wait before another set is begun beside a running one: 1
	Set     int // the largest number of callers in one set: 512
	Waiting int // the largest number of waiting callers: 8 times Set
	// Slow is how long a set may run before another one is begun beside it even for fewer callers than Crowd, since it
	// may wait for something that does not concern them: 100 ms.
	Slow time.Duration
}

// Gatherer processes the items of its callers in sets. A single caller is served at once: there is no timer, and a set
// is whatever has arrived while the workers were busy. A Gatherer has no goroutine while it is idle, so it need not be
// closed; Wait waits for the last set. It is safe for concurrent use.
type Gatherer[T, R any] struct {
	do  func(context.Context, []T) []Result[R]
	opt Options

	mu      sync.Mutex
	waiting []call[T, R]
	working int
	begun   time.Time // when the latest set was begun
	idle    sync.Cond
}

type call[T, R any] struct {
	ctx    context.Context
	item   T
	answer chan Result[R]
}

// New returns a Gatherer. do processes a set and returns one Result for each item, in the same order. Its context has
// the values of the first caller's context but is never canceled, since a set goes on if one of its callers leaves: do
// must set its own deadline.
func New[T, R any](opt Options, do func(context.Context, []T) []Result[R]) *Gatherer[T, R] {
	if opt.Workers <= 0 {
		opt.Workers = 1
	}
	if opt.Crowd <= 0 {
		opt.Crowd = 1
	}
	if opt.Slow <= 0 {
		opt.Slow = 100 * time.Millisecond
	}
	if opt.Set <= 0 {
		opt.Set = 512
	}
	if opt.Waiting <= 0 {
		opt.Waiting = 8 * opt.Set
	}
	g := &Gatherer[T, R]{do: do, opt: opt}
	g.idle.L = &g.mu
	return g
}

// Do adds item to the next set and waits for its result. If ctx ends, Do returns its error at once, but item may be
// processed all the same. Errors: ErrFull, ErrPanicked, that of ctx, and those of the work.
func (g *Gatherer[T, R]) Do(ctx context.Context, item T) (R, error) {
	var none R
	if err := ctx.Err(); err != nil {
		return none, err
	}
	c := call[T, R]{
		ctx:    ctx,
		item:   item,
		answer: make(chan Result[R], 1),
	}
	g.mu.Lock()
	if len(g.waiting) >= g.opt.Waiting {
		g.mu.Unlock()
		return none, ErrFull
	}
	g.waiting = append(g.waiting, c)
	if g.working == 0 ||
		g.working < g.opt.Workers && (len(g.waiting) >= g.opt.Crowd || time.Since(g.begun) > g.opt.Slow) {
		g.working++
		go g.work()
	}
	g.mu.Unlock()
	select {
	case r := <-c.answer:
		return r.Value, r.Err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// Waiting returns the number of callers that wait for a set.
func (g *Gatherer[T, R]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// Wait waits until no caller waits and no set is running. It also waits for callers that come meanwhile.
func (g *Gatherer[T, R]) Wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.working > 0 {
		g.idle.Wait()
	}
}

// work processes sets until there is none for this worker.
func (g *Gatherer[T, R]) work() {
	for {
		set := g.next()
		if len(set) == 0 {
			return
		}
		items := make([]T, len(set))
		for i, c := range set {
			items[i] = c.item
		}
		results := g.answer(context.WithoutCancel(set[0].ctx), items)
		for i, c := range set {
			c.answer <- results[i]
		}
	}
}

// next takes a set from the queue, without the callers that have left. It returns an empty set, which ends the worker,
// if no caller waits, or too few for another set beside the running one.
func (g *Gatherer[T, R]) next() []call[T, R] {
	g.mu.Lock()
	defer g.mu.Unlock()
	var set []call[T, R]
	alone := g.working == 1 || time.Since(g.begun) > g.opt.Slow
	for (alone && len(g.waiting) > 0 || len(g.waiting) >= g.opt.Crowd) && len(set) == 0 {
		n := min(len(g.waiting), g.opt.Set)
		for _, c := range g.waiting[:n] {
			if c.ctx.Err() == nil {
				set = append(set, c)
			}
		}
		rest := copy(g.waiting, g.waiting[n:])
		clear(g.waiting[rest:])
		g.waiting = g.waiting[:rest]
	}
	if len(set) > 0 {
		g.begun = time.Now()
	} else {
		g.working--
		if g.working == 0 {
			g.idle.Broadcast()
		}
	}
	return set
}

// answer does the work. It returns a result for every caller even if the work panics or returns too few results.
func (g *Gatherer[T, R]) answer(ctx context.Context, items []T) (results []Result[R]) {
	defer func() {
		p := recover()
		if p == nil && len(results) == len(items) {
			return
		}
		err := fmt.Errorf("%w: %v", ErrPanicked, p)
		if p == nil {
			err = fmt.Errorf("batch: %d answers to %d callers", len(results), len(items))
		}
		results = make([]Result[R], len(items))
		for i := range results {
			results[i].Err = err
		}
	}()
	return g.do(ctx, items)
}
