package cache_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/db/dbtest"
	"videomall/mall/cache"
	"videomall/mall/redisbreaker"
)

// clock is a business clock that stands still until a test moves it.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) now() time.Time       { return time.UnixMicro(c.at.Load()) }
func (c *clock) pass(d time.Duration) { c.at.Add(d.Microseconds()) }

type video struct {
	Title string
	Price int64
}

var errNoVideo = errors.New("no such video")

// process is one of several processes that share a Redis. Each has a memory of its own and is told of changes by
// itself.
type process struct {
	*cache.Cache[video]
	changes *cache.Changes
}

func open(t *testing.T, rdb redis.UniversalClient, c *clock, adjust ...func(*cache.Options[video])) process {
	t.Helper()
	changes := cache.NewChanges(cache.ChangesDeps{
		Redis: redisbreaker.New(rdb),
		Log:   slog.New(slog.DiscardHandler),
		Now:   c.now,
	})
	changes.Connect(t.Context())
	o := cache.Options[video]{
		Name:     "film",
		Absent:   errNoVideo,
		Patience: time.Minute,
	}
	for _, a := range adjust {
		a(&o)
	}
	return process{cache.New(changes, o, slog.New(slog.DiscardHandler), nil), changes}
}

// source is where videos are loaded from. It counts the loads.
type source struct {
	loads  atomic.Int64
	price  atomic.Int64
	fail   atomic.Pointer[error]
	policy cache.Policy
	slow   time.Duration
}

func (s *source) load(context.Context) (video, cache.Policy, error) {
	s.loads.Add(1)
	price := s.price.Load()
	time.Sleep(s.slow)
	if err := s.fail.Load(); err != nil {
		return video{}, cache.Policy{}, *err
	}
	return video{"The Sea", price}, s.policy, nil
}

func (s *source) wants(t *testing.T, loads int64) {
	t.Helper()
	if got := s.loads.Load(); got != loads {
		t.Errorf("loaded %d times, not %d", got, loads)
	}
}

func (p process) price(t *testing.T, s *source) int64 {
	t.Helper()
	f, err := p.Get(t.Context(), "sea", []string{"sea"}, s.load)
	if err != nil {
		t.Fatal(err)
	}
	return f.Price
}

// becomes waits until a reload in the background has brought the price.
func (p process) becomes(t *testing.T, s *source, want int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); p.price(t, s) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the price never becomes %d", want)
		}
	}
}

func TestCache_Get_cold_key_loads_once_across_processes(t *testing.T) {
	t.Parallel()
	rdb, c := dbtest.Redis(t), newClock()
	s := &source{slow: 50 * time.Millisecond}
	var readers sync.WaitGroup
	processes := []process{open(t, rdb, c), open(t, rdb, c)}
	for n := range 500 {
		readers.Go(func() {
			f, err := processes[n%2].Get(t.Context(), "sea", []string{"sea"}, s.load)
			if err != nil || f.Title != "The Sea" {
				t.Errorf("%v %v", f, err)
			}
		})
	}
	readers.Wait()
	s.wants(t, 1)
}

func TestCache_Get_serves_a_stale_value_while_one_reader_reloads_it(t *testing.T) {
	t.Parallel()
	c, s := newClock(), &source{}
	p := open(t, dbtest.Redis(t), c)
	p.price(t, s)
	c.pass(31 * time.Second)
	s.price.Store(7)
	s.slow = 20 * time.Millisecond
	for range 100 { // no reader waits, and one load runs
		if got := p.price(t, s); got != 0 && got != 7 {
			t.Fatalf("a price of %d", got)
		}
	}
	p.becomes(t, s, 7)
	s.wants(t, 2)
	c.pass(2 * time.Minute)
	s.price.Store(8)
	if got := p.price(t, s); got != 8 {
		t.Errorf("the value is still %d after its lifetime", got)
	}
}

func TestCache_Get_spreads_the_end_of_values_loaded_together(t *testing.T) {
	t.Parallel()
	c, s := newClock(), &source{}
	p := open(t, dbtest.Redis(t), c, func(o *cache.Options[video]) { o.Local, o.Stale = true, time.Nanosecond })
	const keys = 400
	ask := func() (loaded int64) {
		before := s.loads.Load()
		for n := range keys {
			if _, err := p.Get(t.Context(), fmt.Sprint(n), nil, s.load); err != nil {
				t.Fatal(err)
			}
		}
		return s.loads.Load() - before
	}
	if got := ask(); got != keys {
		t.Fatalf("%d loads of %d cold keys", got, keys)
	}
	c.pass(23 * time.Second)
	if got := ask(); got != 0 {
		t.Errorf("%d of %d expired before four fifths of their lifetime", got, keys)
	}
	c.pass(4 * time.Second) // they expire between 24 and 30 s, so about half have expired at 27 s
	if got := ask(); got < keys/4 || got > keys*3/4 {
		t.Errorf("%d of %d expired by the middle of the spread", got, keys)
	}
}

func TestCache_Get_caches_an_absence_briefly(t *testing.T) {
	t.Parallel()
	rdb, c, s := dbtest.Redis(t), newClock(), &source{}
	s.fail.Store(new(fmt.Errorf("film 9: %w", errNoVideo)))
	a, b := open(t, rdb, c), open(t, rdb, c)
	for _, p := range []process{a, a, b, b} {
		if _, err := p.Get(t.Context(), "sea", []string{"sea"}, s.load); !errors.Is(err, errNoVideo) {
			t.Fatal(err)
		}
	}
	s.wants(t, 1)
	if _, ok := a.Peek(t.Context(), "sea"); ok {
		t.Error("Peek returned a value that does not exist")
	}
	c.pass(5 * time.Second)
	s.fail.Store(nil)
	if a.price(t, s) != 0 || b.price(t, s) != 0 {
		t.Error("the value is still absent after it was made")
	}
	s.wants(t, 2)
}

func TestCache_Get_does_not_cache_errors(t *testing.T) {
	t.Parallel()
	c, s := newClock(), &source{}
	p := open(t, dbtest.Redis(t), c)
	s.fail.Store(new(errors.New("the database is away")))
	for range 2 {
		if _, err := p.Get(t.Context(), "sea", nil, s.load); err == nil {
			t.Error("no error")
		}
	}
	s.wants(t, 2)
	_, err := p.Get(t.Context(), "sea", nil, func(context.Context) (video, cache.Policy, error) { panic("oh") })
	if err == nil {
		t.Error("a load that panicked returned no error")
	}
}

func TestCache_Get_value_ends_at_its_Until(t *testing.T) {
	t.Parallel()
	rdb, c, s := dbtest.Redis(t), newClock(), &source{}
	a, b := open(t, rdb, c), open(t, rdb, c)
	s.policy.Until = c.now().Add(10 * time.Second)
	a.price(t, s)
	b.price(t, s)
	s.wants(t, 1)
	c.pass(10 * time.Second)
	s.price.Store(5)
	s.policy.Until = time.Time{}
	if a.price(t, s) != 5 || b.price(t, s) != 5 {
		t.Error("a value was served after its Until")
	}
	s.wants(t, 2)
}

// takenTurns is a Redis in which another process has every turn and never releases it.
type takenTurns struct{}

func (takenTurns) DialHook(next redis.DialHook) redis.DialHook { return next }
func (takenTurns) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (takenTurns) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if got, ok := cmd.(*redis.BoolCmd); ok {
			got.SetVal(false)
			return nil
		}
		return next(ctx, cmd)
	}
}

func TestCache_Get_waits_for_a_dead_loader_up_to_Patience(t *testing.T) {
	t.Parallel()
	rdb, c, s := dbtest.Redis(t), newClock(), &source{}
	p := open(t, rdb, c, func(o *cache.Options[video]) { o.Patience = 50 * time.Millisecond })
	p.price(t, s)
	rdb.AddHook(takenTurns{})
	p.changes.Drop(t.Context(), "sea")
	s.price.Store(3)
	if got := p.price(t, s); got != 3 {
		t.Errorf("price %d", got)
	}
	s.wants(t, 2)
}
