package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/network"
	"videomall/mall/redisbreaker"
)

// rule says how many attempts of one subject (an address, an account from one network, a browser) are made in a window:
// the first attempt opens a window of `period`, and more than `limit` within it are refused until it closes. A limit of
// 0 refuses nobody and only counts.
type rule struct {
	name   string
	limit  int
	period time.Duration
}

// The rules of signing in, of signing up and of changing a password.
var (
	ruleBrowser  = rule{"browser", 10, 15 * time.Minute} // a known browser
	ruleNetwork  = rule{"network", 10, 15 * time.Minute} // an account from one network
	ruleAddress  = rule{"addr", 60, 15 * time.Minute}    // a network, whichever accounts it tries
	ruleAccount  = rule{"account", 0, time.Hour}         // an account, from wherever: slows down and refuses nobody
	ruleRegister = rule{"register", 20, time.Hour}
	ruleChange   = rule{"password", 10, 15 * time.Minute}
)

// attempts is what one subject has under one rule.
type attempts struct {
	rule
	subject string
}

// from are the counts of a rule for an attempt from an address, by each of the networks that it lies in. of sets apart
// what one network asks for.
func (r rule) from(addr, of string) []attempts {
	var all []attempts
	for i, n := range networks(addr) {
		wide := r
		wide.limit <<= i // a network that more people share has more room
		all = append(all, attempts{wide, of + "\x00" + n})
	}
	return all
}

// networks are what an address is counted as, the narrowest first; what is no address is counted as it stands.
func networks(addr string) []string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return []string{addr}
	}
	var all []string
	for _, n := range network.Widening(ip) {
		all = append(all, n.String())
	}
	return all
}

// key hides the subject: an email has no business in Redis' key space.
func (a attempts) key() string {
	sum := sha256.Sum256([]byte(a.subject))
	return "attempts:" + a.name + ":" + hex.EncodeToString(sum[:16])
}

// throttle counts attempts by rules.
//
// The counts lie in Redis, shared by all processes. Each process counts for itself in memory too: without Redis that is
// all there is, so that n processes together let n times as many pass; and where Redis missed some of a window, because
// it was late for a moment, what this process saw itself still counts. argon2id's cost and the bound on hashings hold
// in any case.
type throttle struct {
	redis *redisbreaker.Breaker
	log   *slog.Logger
	now   func() time.Time

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

// countAttempt counts one attempt, or takes one back.
//
// KEYS[1] the count, a string: attempts and the moment at which their window closes, in milliseconds
// ARGV[1] now, ms   ARGV[2] the window, ms   ARGV[3] 1, or -1 to take one back
// returns {attempts in this window, the moment at which it closes}
//
// now is the caller's clock. Of one that runs ahead no window lasts longer than it should.
var countAttempt = redis.NewScript(`
local now, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local n, closes = 0, now + period
local count, at = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
if count and tonumber(at) > now then
  n, closes = tonumber(count), math.min(tonumber(at), closes)
end
n = n + tonumber(ARGV[3])
if n <= 0 then
  redis.call('DEL', KEYS[1])
  return {0, closes}
end
redis.call('SET', KEYS[1], string.format('%d %.0f', n, closes), 'PX', closes - now)
return {n, closes}`)

func newThrottle(rdb *redisbreaker.Breaker, log *slog.Logger, now func() time.Time) *throttle {
	return &throttle{
		redis: rdb,
		log:   log,
		now:   now,
		local: map[string]window{},
	}
}

// take counts an attempt under every rule, in one round trip and before it is made, so that attempts at the same moment
// can't slip through together. Either all of them have room, and it returns how many each has counted, or it says how
// long to wait and none has counted it.
func (t *throttle) take(ctx context.Context, all []attempts) (counts []int, wait time.Duration) {
	now := t.now()
	for i, w := range t.add(ctx, all, 1) {
		counts = append(counts, w.count)
		if limit := all[i].limit; limit > 0 && w.count > limit {
			wait = max(wait, w.closes.Sub(now), time.Second)
		}
	}
	if wait > 0 {
		t.giveBack(ctx, all)
		return nil, wait
	}
	return counts, 0
}

// giveBack takes back attempts that were counted and guessed nothing, also of somebody who has left meanwhile.
func (t *throttle) giveBack(ctx context.Context, all []attempts) {
	t.add(context.WithoutCancel(ctx), all, -1)
}

// clear forgets the attempts of a subject that has proved itself.
func (t *throttle) clear(ctx context.Context, all ...attempts) {
	t.mu.Lock()
	for _, a := range all {
		delete(t.local, a.key())
	}
	t.mu.Unlock()
	err := t.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		pipe := r.Pipeline() // one key a command, which a cluster allows
		for _, a := range all {
			pipe.Del(ctx, a.key())
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		t.log.WarnContext(ctx, "attempts not forgotten", "error", err)
	}
}

// add changes every count, and returns how they stand.
func (t *throttle) add(ctx context.Context, all []attempts, n int) []window {
	now := t.now()
	shared, err := t.shared(ctx, all, n, now)
	if err != nil && !errors.Is(err, redisbreaker.ErrOpen) && ctx.Err() == nil {
		t.log.WarnContext(ctx, "attempts counted in this process only", "error", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	stand := make([]window, len(all))
	for i, a := range all {
		seen := t.see(a, n, err != nil, now)
		if err == nil {
			stand[i] = shared[i]
		}
		if seen.missed && seen.count > stand[i].count {
			stand[i] = seen
		}
	}
	return stand
}

func (t *throttle) shared(ctx context.Context, all []attempts, n int, now time.Time) ([]window, error) {
	calls := make([]redisbreaker.Call, len(all))
	for i, a := range all {
		calls[i] = redisbreaker.Call{Keys: []string{a.key()}, Args: []any{now.UnixMilli(), a.period.Milliseconds(), n}}
	}
	var answers []*redis.Cmd
	err := t.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		answers, err = redisbreaker.RunEach(ctx, r, countAttempt, calls)
		return err
	})
	if err != nil {
		return nil, err
	}
	stand := make([]window, len(all))
	for i, answer := range answers {
		got, err := answer.Int64Slice()
		if err != nil {
			return nil, err
		}
		stand[i] = window{count: int(got[0]), closes: time.UnixMilli(got[1])}
	}
	return stand, nil
}

// see counts in this process, and whether Redis missed it. The caller holds the lock.
func (t *throttle) see(a attempts, n int, missed bool, now time.Time) window {
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
	key := a.key()
	w := t.local[key]
	if !w.closes.After(now) {
		w = window{closes: now.Add(a.period)}
	}
	w.count, w.missed = max(0, w.count+n), w.missed || missed
	if w.count == 0 {
		delete(t.local, key)
		return w
	}
	t.local[key] = w
	return w
}
