package risk

import (
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A bucket is stored as one number: the time, in microseconds of the Unix epoch, at which it is full again. Every token
// that is taken moves that time one interval forward. A missing key is a full bucket, so idle buckets need no key.

// takeToken takes a token from a bucket, or gives one back to it.
//
// KEYS[1] the bucket, a string: the time at which it is full, µs
// ARGV[1] now, µs   ARGV[2] µs in which one token comes back   ARGV[3] tokens of a full bucket
// ARGV[4] tokens to take: 1, or -1 to give one back
// returns {1 if taken, else 0; tokens left; µs until the token could be taken; µs until the bucket is full}
//
// now is the caller's clock. To a clock that runs behind, a bucket may seem to lack more tokens than it can hold; it
// then counts as empty.
var takeToken = redis.NewScript(`
local now, interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local most = now + interval * capacity
local full = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or now), now), most)
local after = full + interval * tonumber(ARGV[4])
if after > most then
  return {0, math.floor((most - full) / interval), after - most, full - now}
end
if after <= now then
  redis.call('DEL', KEYS[1])
  after = now
else
  redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
end
return {1, math.floor((most - after) / interval), 0, after - now}
`)

// drawn is the answer of one bucket.
type drawn struct {
	taken bool
	left  int
	wait  time.Duration // until the token could be taken
	full  time.Duration // until the bucket is full
}

// take is takeToken without Redis. It returns the time to store, in µs.
func take(full, now int64, r Rate, tokens int64) (int64, drawn) {
	interval := r.interval()
	most := now + interval*int64(r.Tokens)
	full = min(max(full, now), most)
	after := full + interval*tokens
	if after > most {
		return full, drawn{
			left: int((most - full) / interval),
			wait: micro(after - most),
			full: micro(full - now),
		}
	}
	after = max(after, now)
	return after, drawn{
		taken: true,
		left:  int((most - after) / interval),
		full:  micro(after - now),
	}
}

func micro(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// maxLocal bounds the buckets in memory. When the bound is reached, full buckets are dropped, and then all of them if
// that is not enough.
const maxLocal = 20_000

// local keeps buckets in the memory of this process while Redis is away.
type local struct {
	mu   sync.Mutex
	full map[string]int64
}

// takeAll takes one token from every bucket, or from none of them.
func (l *local) takeAll(buckets []bucket, now int64) []drawn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.full)+len(buckets) > maxLocal {
		for key, at := range l.full {
			if at <= now {
				delete(l.full, key)
			}
		}
		if len(l.full)+len(buckets) > maxLocal {
			clear(l.full)
		}
	}
	got, moments, all := make([]drawn, len(buckets)), make([]int64, len(buckets)), true
	for i, b := range buckets {
		moments[i], got[i] = take(l.full[b.key], now, b.rate, 1)
		all = all && got[i].taken
	}
	for i, b := range buckets {
		switch {
		case all:
			l.full[b.key] = moments[i]
		case got[i].taken:
			got[i].left++ // the token is not taken after all
		}
	}
	return got
}

// giveBack returns one token to every bucket.
func (l *local) giveBack(buckets []bucket, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range buckets {
		l.full[b.key], _ = take(l.full[b.key], now, b.rate, -1)
	}
}

// bucket identifies the bucket of one subject under one policy.
type bucket struct {
	key  string
	kind Kind
	rate Rate
}

// args returns the arguments of takeToken.
func (b bucket) args(now int64, tokens int) []any {
	return []any{strconv.FormatInt(now, 10), b.rate.interval(), b.rate.Tokens, tokens}
}
