package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/away"
)

// throttle counts attempts of one subject (an email, an address) in windows: the first attempt opens a window of `period`,
// and more than `limit` within it are refused until it closes.
//
// The count lives in Redis, shared by all processes. Each process counts for itself in memory too: without Redis that is all there is, so
// that n processes together let n times as many pass; and where Redis missed some of a window, because it was late for a moment, what this
// process saw itself still counts. argon2id's cost and the bound on hashings hold in any case.
type throttle struct {
	redis  *away.Redis
	log    *slog.Logger
	now    func() time.Time
	name   string
	limit  int
	period time.Duration

	mu    sync.Mutex
	local map[string]window
}

type window struct {
	count  int
	missed bool // Redis has not heard of all of them
	closes time.Time
}

// maxLocal bounds the memory of the fallback; when it is full, windows that are closed go first, then all of them.
const maxLocal = 10_000

// countAttempt counts one attempt.
// KEYS[1] the subject's counter. ARGV[1] the window in milliseconds.
// Returns {attempts in this window, milliseconds until it closes}.
var countAttempt = redis.NewScript(`
local n = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {n, left}`)

func newThrottle(rdb *away.Redis, log *slog.Logger, now func() time.Time, name string, limit int, period time.Duration) *throttle {
	return &throttle{redis: rdb, log: log, now: now, name: name, limit: limit, period: period, local: map[string]window{}}
}

// take counts an attempt before it is made, so that attempts at the same moment cannot slip through together. When too many
// were made it says how long to wait; zero means go on.
func (t *throttle) take(ctx context.Context, subject string) (wait time.Duration) {
	n, left, err := t.shared(ctx, subject)
	seen := t.seen(subject, err != nil)
	if err != nil {
		t.log.WarnContext(ctx, "attempts counted in this process only", "throttle", t.name, "error", err)
	}
	if seen.missed && seen.count > n {
		n, left = seen.count, seen.closes.Sub(t.now())
	}
	if n <= t.limit {
		return 0
	}
	return max(left, time.Second)
}

// clear forgets the attempts of a subject that has proved itself.
func (t *throttle) clear(ctx context.Context, subject string) {
	t.mu.Lock()
	delete(t.local, subject)
	t.mu.Unlock()
	err := t.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error { return r.Del(ctx, t.key(subject)).Err() })
	if err != nil {
		t.log.WarnContext(ctx, "attempts not forgotten", "throttle", t.name, "error", err)
	}
}

func (t *throttle) shared(ctx context.Context, subject string) (n int, left time.Duration, err error) {
	var got []int64
	err = t.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		got, err = countAttempt.Run(ctx, r, []string{t.key(subject)}, t.period.Milliseconds()).Int64Slice()
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return int(got[0]), time.Duration(got[1]) * time.Millisecond, nil
}

// seen counts an attempt in this process, and whether Redis missed it.
func (t *throttle) seen(subject string, missed bool) window {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if len(t.local) >= maxLocal {
		for key, w := range t.local {
			if !w.closes.After(now) {
				delete(t.local, key)
			}
		}
		if len(t.local) >= maxLocal {
			clear(t.local)
		}
	}
	w := t.local[subject]
	if !w.closes.After(now) {
		w = window{closes: now.Add(t.period)}
	}
	w.count, w.missed = w.count+1, w.missed || missed
	t.local[subject] = w
	return w
}

// key hides the subject: an email has no business in Redis' key space.
func (t *throttle) key(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return "attempts:" + t.name + ":" + hex.EncodeToString(sum[:16])
}
