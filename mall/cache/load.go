package cache

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// flight is a load that several callers may wait for.
type flight struct {
	seq   uint64 // Changes.seq before the load began
	done  chan struct{}
	entry *entry // set before done is closed, like err
	err   error
}

// load returns the result of the one load of key.
func (s *store) load(ctx context.Context, key string, tags []string, load Load[any]) (*entry, error) {
	f := s.fly(ctx, key, tags, load)
	select {
	case <-f.done:
		return f.entry, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fly joins the running load of key, or begins one. A load that began before the last change of its tags may return
// what was true before the change, so a caller that comes after the change gets a new load.
func (s *store) fly(ctx context.Context, key string, tags []string, load Load[any]) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.flights[key]; ok && s.changes.holds(f.seq, tags) {
		return f
	}
	f := &flight{seq: s.changes.seq.Load(), done: make(chan struct{})}
	began := s.changes.now()
	// A caller that found nothing cached may arrive here after the load which then ran has ended. It uses its result.
	if e, ok := s.memory.GetIfPresent(key); ok && began.Before(e.fresh) &&
		s.changes.judge(e.seq, e.loaded, e.tags, began) == valid {
		f.entry = e
		close(f.done)
		return f
	}
	s.flights[key] = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loading)
	go func() {
		defer cancel()
		f.entry, f.err = s.bring(ctx, f.seq, began, key, tags, load)
		if f.err == nil {
			s.memory.Set(key, f.entry)
		} else {
			s.log.DebugContext(ctx, "not loaded into the cache", "cache", s.name, "key", key, "error", f.err)
		}
		s.mu.Lock()
		if s.flights[key] == f {
			delete(s.flights, key)
		}
		s.mu.Unlock()
		close(f.done)
	}()
	return f
}

// bring gets the value from Redis, or runs the load when this process has the turn.
func (s *store) bring(ctx context.Context, seq uint64, began time.Time, key string, tags []string,
	load Load[any],
) (*entry, error) {
	if s.decode == nil || !s.changes.connected() {
		return s.source(ctx, seq, began, tags, load)
	}
	deadline := time.Now().Add(s.patience)
	for pause := 4 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		found, stamp, err := s.read(ctx, key, tags)
		if err != nil {
			return s.source(ctx, seq, began, tags, load)
		}
		if found != nil {
			return s.shared(found, seq, began, tags, load)
		}
		release, ok, err := s.takeTurn(ctx, key, stamp)
		if err != nil {
			return s.source(ctx, seq, began, tags, load)
		}
		if ok {
			defer release()
			// The process that had the turn before may have written the value since it was last read.
			if found, stamp, err = s.read(ctx, key, tags); err == nil && found != nil {
				return s.shared(found, seq, began, tags, load)
			}
			return s.bringAndShare(ctx, seq, began, key, stamp, tags, load)
		}
		if time.Now().After(deadline) { // the process that has the turn is too slow, or has died
			return s.bringAndShare(ctx, seq, began, key, stamp, tags, load)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (s *store) bringAndShare(ctx context.Context, seq uint64, began time.Time, key, stamp string, tags []string,
	load Load[any],
) (*entry, error) {
	e, err := s.source(ctx, seq, began, tags, load)
	if err == nil && stamp != "" {
		s.write(ctx, key, stamp, e)
	}
	return e, err
}

// source runs the load. Absence is a result like any other.
func (s *store) source(ctx context.Context, seq uint64, began time.Time, tags []string,
	load Load[any],
) (*entry, error) {
	v, policy, err := caught(ctx, load)
	if err != nil && (s.absent == nil || !errors.Is(err, s.absent)) {
		s.counts.Failed()
		return nil, err
	}
	s.counts.Loaded()
	if err != nil {
		err = s.absent
	}
	return s.made(v, policy, err, load, tags, seq, began), nil
}

// caught runs the load and turns a panic into an error for all who wait. The load runs outside of any request, so the
// panic would otherwise end the process.
func caught(ctx context.Context, load Load[any]) (v any, policy Policy, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while loading: %v\n%s", p, debug.Stack())
		}
	}()
	return load(ctx)
}
