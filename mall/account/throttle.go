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

// rule bounds the attempts of one subject (an address, an account from one network, a browser) in a window. The first
// attempt opens a window of period, and after limit attempts further ones are refused until it closes. A limit of 0
// only counts.
type rule struct {
	name   string
	limit  int
	period time.Duration
}

// The rules for signing in, registering and changing a password.
var (
	ruleBrowser  = rule{"browser", 10, 15 * time.Minute} // a known browser
	ruleNetwork  = rule{"network", 10, 15 * time.Minute} // an account from one network
	ruleAddress  = rule{"addr", 60, 15 * time.Minute}    // a network, for all accounts
	ruleAccount  = rule{"account", 0, time.Hour}         // an account, from all networks; delays and refuses nobody
	ruleRegister = rule{"register", 20, time.Hour}

	// The same for second steps. Only who knows the password gets that far, so that an account can have a limit, too.
	ruleStepBrowser = rule{"step_browser", 10, 15 * time.Minute}
	ruleStepNetwork = rule{"step", 10, 15 * time.Minute}
	ruleStepAccount = rule{"step_account", 30, time.Hour}
	ruleStepMonth   = rule{"step_month", 100, 30 * 24 * time.Hour} // codes that can be guessed, since the last new password
	ruleStepWrong   = rule{"step_wrong", 4, 24 * time.Hour}        // the person is told of those beyond
	ruleStepTold    = rule{"step_told", 1, 24 * time.Hour}
	rulePasskey     = rule{"passkey", 120, 15 * time.Minute} // questions to passkeys, from a network

	ruleChange  = rule{"password", 10, 15 * time.Minute}
	ruleReset   = rule{"reset", 20, time.Hour}          // links for new passwords, from a network
	ruleResetOf = rule{"reset_of", 4, time.Hour}        // the same for one address, whether it has an account or not
	ruleMailTo  = rule{"mail_to", 12, 30 * time.Minute} // links to one address, whoever asks
	ruleLink    = rule{"link", 60, 15 * time.Minute}
	ruleSetup   = rule{"setup", 10, 15 * time.Minute} // codes of the setup, from a network
	ruleVerify  = rule{"verify", 6, time.Hour}        // links that one person asks for
)

// attempts is the count of one subject under one rule.
type attempts struct {
	rule
	subject string
}

// from returns the counts of a rule for an attempt from an address, one for each network that contains the address. of
// distinguishes counts of the same network.
func (r rule) from(addr, of string) []attempts {
	var all []attempts
	for i, n := range networks(addr) {
		wide := r
		wide.limit <<= i // more people share a wider network
		all = append(all, attempts{wide, of + "\x00" + n})
	}
	return all
}

// networks returns the networks by which an address is counted, the narrowest first. A text that is not an address is
// counted as it is.
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

// key returns the key of the count in Redis. It hashes the subject, since emails must not appear in keys.
func (a attempts) key() string {
	sum := sha256.Sum256([]byte(a.subject))
	return "attempts:" + a.name + ":" + hex.EncodeToString(sum[:16])
}

// throttle counts attempts by rules.
//
// All processes share the counts in Redis. Each process also counts in its own memory. Without Redis only these counts
// exist, so that n processes together permit n times as many attempts. If Redis has missed attempts of a window,
// because it was late for a moment, the attempts that this process saw still count. The cost of argon2id and the bound
// on hashings apply in any case.
type throttle struct {
	redis *redisbreaker.Breaker
	log   *slog.Logger
	now   func() time.Time

	mu    sync.Mutex
	local map[string]window
}

type window struct {
	count  int
	missed bool // Redis has not counted all of them
	closes time.Time
}

// maxLocal bounds the windows in memory. When the bound is reached, closed windows are dropped, and then all of them if
// that is not enough.
const maxLocal = 10_000

// countAttempt counts one attempt, or takes one back.
//
// KEYS[1] the count, a string: attempts and the moment at which their window closes, in milliseconds
// ARGV[1] now, ms   ARGV[2] the window, ms   ARGV[3] 1, or -1 to take one back
// returns {attempts in this window, the moment at which it closes}
//
// now is the caller's clock. A clock that runs ahead does not make a window longer than the rule says.
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

// take counts an attempt under every rule, in one round trip and before the attempt is made, so that concurrent
// attempts cannot exceed a limit together. If every rule permits the attempt, take returns the counts. Otherwise it
// returns how long to wait, and no rule has counted the attempt.
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

// giveBack takes back attempts that were counted but guessed no password, even after the context has ended.
func (t *throttle) giveBack(ctx context.Context, all []attempts) {
	t.add(context.WithoutCancel(ctx), all, -1)
}

// clear deletes the counts of a subject that has proved itself.
func (t *throttle) clear(ctx context.Context, all ...attempts) {
	t.mu.Lock()
	for _, a := range all {
		delete(t.local, a.key())
	}
	t.mu.Unlock()
	err := t.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		pipe := r.Pipeline() // a cluster permits commands of one key each
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

// add adds n to every count and returns the resulting windows.
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

// see adds n to the count in this process, and records whether Redis missed it. The caller holds the lock.
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
