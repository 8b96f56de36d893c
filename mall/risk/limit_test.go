package risk_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/db/dbtest"
	"videomall/mall/risk"
	"videomall/telemetry"
)

// clock stands still until a test moves it.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

var silent = slog.New(slog.DiscardHandler)

func limits(rdb redis.UniversalClient, c *clock, p risk.Policies) *risk.Limits {
	return risk.NewLimits(risk.LimitsDeps{
		Redis:    rdb,
		Policies: p,
		Metrics:  telemetry.NewMetrics(),
		Log:      silent,
		Now:      c.now,
	})
}

// gone returns a client of a Redis that does not exist.
func gone(t *testing.T) redis.UniversalClient {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

// both runs a test with Redis and without. The buckets must behave the same.
func both(t *testing.T, rule func(t *testing.T, rdb redis.UniversalClient)) {
	t.Parallel()
	t.Run("redis", func(t *testing.T) { t.Parallel(); rule(t, dbtest.Redis(t)) })
	t.Run("memory", func(t *testing.T) { t.Parallel(); rule(t, gone(t)) })
}

func wait(t *testing.T, err error) time.Duration {
	t.Helper()
	var knows interface{ RetryAfter() time.Duration }
	if !errors.Is(err, risk.ErrRateLimited) || !errors.As(err, &knows) {
		t.Fatalf("err = %v", err)
	}
	return knows.RetryAfter()
}

func TestLimits_Take_spends_and_refills_a_bucket(t *testing.T) {
	both(t, func(t *testing.T, rdb redis.UniversalClient) {
		c := newClock()
		l := limits(rdb, c, risk.Policies{risk.Orders: {risk.User: {Tokens: 5, Per: 10 * time.Second}}})
		ctx, ann := t.Context(), risk.Subject{UserID: 7}
		for i := range 5 {
			standings, err := l.Take(ctx, risk.Orders, ann)
			if err != nil {
				t.Fatalf("request %d: %v", i, err)
			}
			if s := standings[0]; s.Left != 4-i || s.Policy != "order-user" ||
				s.Full != time.Duration(i+1)*2*time.Second {
				t.Errorf("request %d: %+v", i, s)
			}
		}
		if _, err := l.Take(ctx, risk.Orders, ann); wait(t, err) != 2*time.Second {
			t.Errorf("wait %s, want 2s", wait(t, err))
		}
		if _, err := l.Take(ctx, risk.Orders, risk.Subject{UserID: 8}); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		if _, err := l.Take(ctx, risk.API, ann); err != nil {
			t.Errorf("another class: %v", err)
		}
		c.advance(2*time.Second - time.Microsecond)
		if _, err := l.Take(ctx, risk.Orders, ann); wait(t, err) != time.Microsecond {
			t.Errorf("a token came back too early, or the refusal cost one: %s", wait(t, err))
		}
		c.advance(time.Microsecond)
		if _, err := l.Take(ctx, risk.Orders, ann); err != nil {
			t.Errorf("after 2 s: %v", err)
		}
		c.advance(time.Hour)
		for i := range 5 {
			if _, err := l.Take(ctx, risk.Orders, ann); err != nil {
				t.Fatalf("an hour later, request %d: %v", i, err)
			}
		}
		if _, err := l.Take(ctx, risk.Orders, ann); err == nil {
			t.Error("an idle bucket holds more than its tokens")
		}
	})
}

func TestLimits_Take_refusal_leaves_the_other_buckets_full(t *testing.T) {
	both(t, func(t *testing.T, rdb redis.UniversalClient) {
		c := newClock()
		l := limits(rdb, c, risk.Policies{risk.Pages: {
			risk.User:    {1, time.Minute},
			risk.Device:  {4, time.Minute},
			risk.Address: {8, time.Minute},
		}})
		office := netip.MustParseAddr("192.0.2.1")
		ann := risk.Subject{
			UserID:  1,
			Device:  strings.Repeat("a", 32),
			Address: office,
		}
		if _, err := l.Take(t.Context(), risk.Pages, ann); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			standings, err := l.Take(t.Context(), risk.Pages, ann)
			wait(t, err)
			if standings[0].Kind != risk.User || standings[1].Left != 3 || standings[2].Left != 7 {
				t.Fatalf("%+v", standings)
			}
		}
		for i := range 7 {
			if _, err := l.Take(t.Context(), risk.Pages, risk.Subject{Address: office}); err != nil {
				t.Fatalf("a colleague's request %d: %v", i, err)
			}
		}
		if _, err := l.Take(t.Context(), risk.Pages, risk.Subject{Address: office}); err == nil {
			t.Error("the bucket of the address never refuses")
		}
	})
}

func TestLimits_Take_concurrent_requests_share_one_bucket(t *testing.T) {
	both(t, func(t *testing.T, rdb redis.UniversalClient) {
		c := newClock()
		l := limits(rdb, c, risk.Policies{risk.Orders: {risk.User: {20, time.Minute}}})
		var passed atomic.Int64
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := l.Take(context.WithoutCancel(t.Context()), risk.Orders,
					risk.Subject{UserID: 7}); err == nil {
					passed.Add(1)
				}
			})
		}
		all.Wait()
		if passed.Load() != 20 {
			t.Errorf("%d passed, want 20", passed.Load())
		}
	})
}

func TestLimits_Take_counts_addresses_by_network(t *testing.T) {
	both(t, func(t *testing.T, rdb redis.UniversalClient) {
		for name, pair := range map[string]struct {
			a, b string
			same bool
		}{
			"two of IPv4":         {"192.0.2.1", "192.0.2.2", false},
			"one in two forms":    {"192.0.2.3", "::ffff:192.0.2.3", true},
			"one network of IPv6": {"2001:db8:1:1::1", "2001:db8:1:1:ffff::2", true},
			"two of them":         {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		} {
			l := limits(rdb, newClock(), risk.Policies{risk.Pages: {risk.Address: {1, time.Minute}}})
			_, first := l.Take(t.Context(), risk.Pages, risk.Subject{Address: netip.MustParseAddr(pair.a)})
			_, second := l.Take(t.Context(), risk.Pages, risk.Subject{Address: netip.MustParseAddr(pair.b)})
			if first != nil || (second != nil) != pair.same {
				t.Errorf("%s: %v, %v", name, first, second)
			}
		}
		l := limits(rdb, newClock(), risk.Policies{risk.Pages: {risk.Address: {1, time.Minute}}})
		for range 3 { // loopback addresses, of an untrusted proxy or a test
			for _, a := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1"} {
				if s, err := l.Take(t.Context(), risk.Pages,
					risk.Subject{Address: netip.MustParseAddr(a)}); err != nil || s != nil {
					t.Errorf("%s is counted: %v %v", a, s, err)
				}
			}
		}
	})
}

func TestLimits_Take_shares_buckets_under_keys_that_name_nobody(t *testing.T) {
	t.Parallel()
	rdb, c := dbtest.Redis(t), newClock()
	p := risk.Policies{risk.Pages: {risk.User: {2, time.Minute}, risk.Address: {9, time.Minute}}}
	one, other := limits(rdb, c, p), limits(rdb, c, p)
	ann := risk.Subject{UserID: 424242, Address: netip.MustParseAddr("192.0.2.77")}
	for _, l := range []*risk.Limits{one, other} {
		if _, err := l.Take(t.Context(), risk.Pages, ann); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := one.Take(t.Context(), risk.Pages, ann); err == nil {
		t.Error("two processes permitted three requests")
	}
	keys, err := rdb.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("%v %v", keys, err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "bucket:{page:") || strings.Contains(key, "424242") ||
			strings.Contains(key, "192.0.2") {
			t.Errorf("key %s", key)
		}
		if left, err := rdb.PTTL(t.Context(), key).Result(); err != nil || left <= 0 || left > time.Minute {
			t.Errorf("%s lives %s, %v", key, left, err)
		}
	}
}

// TestLimits_Take_tolerates_a_clock_that_runs_behind has a process with a late clock read a bucket that, by this clock,
// lacks more tokens than it can hold.
func TestLimits_Take_tolerates_a_clock_that_runs_behind(t *testing.T) {
	t.Parallel()
	rdb, right, behind := dbtest.Redis(t), newClock(), newClock()
	right.advance(time.Hour)
	p := risk.Policies{risk.Pages: {risk.User: {10, 10 * time.Second}}}
	fast, slow := limits(rdb, right, p), limits(rdb, behind, p)
	ann := risk.Subject{UserID: 1}
	for range 5 {
		if _, err := fast.Take(t.Context(), risk.Pages, ann); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := slow.Take(t.Context(), risk.Pages, ann); wait(t, err) != time.Second {
		t.Errorf("waits %s, want one token's time", wait(t, err))
	}
	for range 5 {
		if _, err := fast.Take(t.Context(), risk.Pages, ann); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fast.Take(t.Context(), risk.Pages, ann); err == nil {
		t.Error("the process with the late clock gave tokens away")
	}
}

func TestLimits_Take_without_redis_counts_in_bounded_memory(t *testing.T) {
	t.Parallel()
	c := newClock()
	p := risk.Policies{risk.Pages: {risk.User: {1, time.Minute}}}
	l := limits(gone(t), c, p)
	const many = 50_000
	for n := range many {
		if _, err := l.Take(t.Context(), risk.Pages, risk.Subject{UserID: int64(n + 1)}); err != nil {
			t.Fatal(err)
		}
		if n == 100 {
			if _, err := l.Take(t.Context(), risk.Pages, risk.Subject{UserID: 50}); err == nil {
				t.Error("requests are not counted")
			}
		}
	}
	if n := l.Remembered(); n == 0 || n > risk.MaxLocal {
		t.Errorf("%d buckets are remembered", n)
	}
}

func TestLimits_Take_counts_while_redis_fails_and_comes_back(t *testing.T) {
	t.Parallel()
	server, c := dbtest.RedisServer(t), newClock()
	l := limits(server.Client, c, risk.Policies{risk.Pages: {risk.User: {2, time.Minute}}})
	ann := risk.Subject{UserID: 1}
	take := func() error { _, err := l.Take(t.Context(), risk.Pages, ann); return err }
	if err := errors.Join(take(), take()); err != nil || take() == nil {
		t.Fatal("not counted with Redis", err)
	}
	server.Kill()
	if err := errors.Join(take(), take()); err != nil || take() == nil {
		t.Fatal("not counted without Redis", err)
	}
	server.Restart()
	server.Flush() // Redis returns without scripts and buckets
	for deadline := time.Now().Add(time.Minute); take() != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("Redis is not asked again")
		}
	}
	if n := server.Client.DBSize(t.Context()).Val(); n != 1 {
		t.Errorf("%d keys", n)
	}
}

func TestLimits_Take_counts_nothing_without_a_policy(t *testing.T) {
	t.Parallel()
	l := limits(gone(t), newClock(), nil)
	for n := range 3 {
		s := risk.Subject{
			UserID:  1,
			Device:  fmt.Sprint(n),
			Address: netip.MustParseAddr("192.0.2." + strconv.Itoa(n)),
		}
		if standings, err := l.Take(t.Context(), risk.Orders, s); err != nil || standings != nil {
			t.Errorf("%v %v", standings, err)
		}
	}
}
