package cache

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// flight is a load that several callers may wait for.
type flight[T any] struct {
	seq   uint64 // Changes.seq before the load began
	done  chan struct{}
	entry *entry[T] // set before done is closed, like err
	err   error
}

// wait returns the result of the one load of key.
func (c *Cache[T]) wait(ctx context.Context, key string, tags []string, load Load[T]) (*entry[T], error) {
	f := c.fly(ctx, key, tags, load)
	select {
	case <-f.done:
		return f.entry, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fly joins the running load of key, or begins one. A load that began before the last change of its tags may return
// what was true before the change, so a caller that comes after the change gets a new load.
func (c *Cache[T]) fly(ctx context.Context, key string, tags []string, load Load[T]) *flight[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.flights[key]; ok && c.changes.holds(f.seq, tags) {
		return f
	}
	f := &flight[T]{seq: c.changes.seq.Load(), done: make(chan struct{})}
	began := c.changes.now()
	// A caller that found nothing cached may arrive here after the load which then ran has ended. It uses its result.
	if e, ok := c.remembered(key); ok && began.Before(e.fresh) &&
		c.changes.judge(e.seq, e.loaded, e.tags, began) == valid {
		f.entry = e
		close(f.done)
		return f
	}
	c.flights[key] = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loading)
	go func() {
		defer cancel()
		f.entry, f.err = c.bring(ctx, f.seq, began, key, tags, load)
		if f.err == nil {
			c.memory.Set(key, f.entry)
		} else {
			c.log.DebugContext(ctx, "not loaded into the cache", "cache", c.o.Name, "key", key, "error", f.err)
		}
		c.mu.Lock()
		if c.flights[key] == f {
			delete(c.flights, key)
		}
		c.mu.Unlock()
		close(f.done)
	}()
	return f
}

// bring gets the value from Redis, or runs the load when this process has the turn.
func (c *Cache[T]) bring(ctx context.Context, seq uint64, began time.Time, key string, tags []string,
	load Load[T],
) (*entry[T], error) {
	if c.o.Local || !c.changes.connected() {
		return c.source(ctx, seq, began, tags, load)
	}
	deadline := time.Now().Add(c.o.Patience)
	for pause := 4 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		found, stamp, err := c.read(ctx, key, tags)
		if err != nil {
			return c.source(ctx, seq, began, tags, load)
		}
		if found != nil {
			return c.shared(found, seq, began, tags, load)
		}
		release, ok, err := c.takeTurn(ctx, key, stamp)
		if err != nil {
			return c.source(ctx, seq, began, tags, load)
		}
		if ok {
			defer release()
			// The process that had the turn before may have written the value since it was last read.
			if found, stamp, err = c.read(ctx, key, tags); err == nil && found != nil {
				return c.shared(found, seq, began, tags, load)
			}
			return c.bringAndShare(ctx, seq, began, key, stamp, tags, load)
		}
		if time.Now().After(deadline) { // the process that has the turn is too slow, or has died
			return c.bringAndShare(ctx, seq, began, key, stamp, tags, load)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (c *Cache[T]) bringAndShare(ctx context.Context, seq uint64, began time.Time, key, stamp string, tags []string,
	load Load[T],
) (*entry[T], error) {
	e, err := c.source(ctx, seq, began, tags, load)
	if err == nil && stamp != "" {
		c.write(ctx, key, stamp, e)
	}
	return e, err
}

// source runs the load. Absence is a result like any other.
func (c *Cache[T]) source(ctx context.Context, seq uint64, began time.Time, tags []string,
	load Load[T],
) (*entry[T], error) {
	v, policy, err := caught(ctx, load)
	if err != nil && (c.o.Absent == nil || !errors.Is(err, c.o.Absent)) {
		c.counts.Failed()
		return nil, err
	}
	c.counts.Loaded()
	if err != nil {
		err = c.o.Absent
	}
	return c.made(v, policy, err, load, tags, seq, began), nil
}

// caught runs the load and turns a panic into an error for all who wait. The load runs outside of any request, so the
// panic would otherwise end the process.
func caught[T any](ctx context.Context, load Load[T]) (v T, policy Policy, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while loading: %v\n%s", p, debug.Stack())
		}
	}()
	return load(ctx)
}
