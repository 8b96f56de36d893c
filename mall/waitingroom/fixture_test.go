package waitingroom_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/waitingroom"
	"videomall/telemetry"
)

var (
	queueKey = []byte("a key of thirty-two bytes, no less")
	device   = strings.Repeat("0123456789abcdef", 2)
)

// clock stands still until a test moves it.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time { return time.Unix(0, c.at.Load()) }

func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// gone returns a client of a Redis that does not exist.
func gone(t *testing.T) redis.UniversalClient {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

func open(rdb redis.UniversalClient, key []byte, metrics *telemetry.Metrics, c *clock) (*waitingroom.Queue, error) {
	return waitingroom.New(waitingroom.Deps{
		Redis:   rdb,
		Key:     key,
		Metrics: metrics,
		Log:     slog.New(slog.DiscardHandler),
		Now:     c.now,
	})
}

func newQueue(t *testing.T, rdb redis.UniversalClient, c *clock) *waitingroom.Queue {
	t.Helper()
	q, err := open(rdb, queueKey, telemetry.NewMetrics(), c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// crowd is how many people ask Redis at the same moment. More would only wait for a connection, and on a slow machine
// longer than a queue waits for Redis.
const crowd = 64

func person(n int64) waitingroom.Visitor { return waitingroom.Visitor{UserID: n} }

type verb func(context.Context, waitingroom.Admission, waitingroom.Visitor) (waitingroom.Position, error)

// stands calls ask and fails the test on an error.
func stands(t *testing.T, ask verb, f waitingroom.Admission, s waitingroom.Visitor) waitingroom.Position {
	t.Helper()
	p, err := ask(context.WithoutCancel(t.Context()), f, s)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	return p
}
