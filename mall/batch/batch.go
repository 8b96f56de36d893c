// Package batch gathers what arrives at the same moment into sets, so that many callers share one round trip and one
// commit. It owns waiting and the bounds of waiting; what is done with a set, and what an answer means, it refuses to
// know.
package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrFull is the answer to a caller for whom there is no place to wait. It is given at once: whoever hears it may tell
// a person to try again, while a longer queue would only make everybody wait for what they no longer want.
var ErrFull = errors.New("batch: the queue is full")

// ErrPanicked is the answer to every caller of a set whose work panicked.
var ErrPanicked = errors.New("batch: the work panicked")

// Result is the answer to one caller of a set.
type Result[R any] struct {
	Value R
	Err   error
}

// Options bound a Gatherer. The zero value of a field means the default beside it.
type Options struct {
	Workers int // sets in work at the same time: 1
	Crowd   int // callers that wait before another set is begun beside one that is in work: 1
	Set     int // callers in one set: 512
	Waiting int // callers that wait for their set: 8 times Set
	// Slow is how long a set may be in work before those who come then are served beside it, be they no crowd, since it
	// waits for something that need not concern them: 100 ms.
	Slow time.Duration
}

// Gatherer hands what arrives to Do in sets. A lone caller waits for nobody: there is no timer, and a set is whatever
// has arrived while the workers were busy. It keeps no goroutine while nobody asks, so it needs no end of its own; Wait
// is for those who want to see the last set done. It is safe for concurrent use.
type Gatherer[T, R any] struct {
	do  func(context.Context, []T) []Result[R]
	opt Options

	mu      sync.Mutex
	waiting []call[T, R]
	working int
	begun   time.Time // of the youngest set
	idle    sync.Cond
}

type call[T, R any] struct {
	ctx    context.Context
	item   T
	answer chan Result[R]
}

// New makes a Gatherer. do answers a set: one Result for each item, at the item's place. Its context carries the values
// of the first caller's and no deadline, since a set is not given up because one of its callers has left: do bounds
// itself.
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

// Do joins the next set and waits for the answer. A caller whose context ends stops waiting and hears its error; what
// it asked for may be done all the same. Errors: ErrFull, ErrPanicked, the context's, and those of the work.
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

// Waiting is how many callers wait for a set now.
func (g *Gatherer[T, R]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// Wait returns when nobody waits and nothing is in work. Callers that come meanwhile are served too.
func (g *Gatherer[T, R]) Wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.working > 0 {
		g.idle.Wait()
	}
}

// work serves sets until nobody waits.
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

// next takes a set, passing over callers that have left before their turn; an empty one ends the worker: nobody waits,
// or too few to be served beside the set that is in work.
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

// answer does the work, and gives every caller an answer whatever becomes of it.
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
