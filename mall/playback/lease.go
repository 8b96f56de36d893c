package playback

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/redisbreaker"
)

// holdStream takes or keeps the one stream of an account, or of a device that plays for free.
//
// KEYS[1] that stream, a string "<deadline> <session> <device>"
// ARGV[1] session   ARGV[2] device   ARGV[3] now, ARGV[4] lease, both in milliseconds
// ARGV[5] "keep": only the session that holds it, or a free one; "open": also this device's other session;
// "take": whoever holds it
// returns 1 when the session now holds the stream, 0 when another does
//
// The deadline is compared with the caller's clock; Redis's own expiry only sweeps.
var holdStream = redis.NewScript(`
local held = redis.call('GET', KEYS[1])
if held and ARGV[5] ~= 'take' then
  local deadline, session, device = string.match(held, '^(%d+) (%S+) (%S+)$')
  local mine = session == ARGV[1] or (ARGV[5] == 'open' and device == ARGV[2])
  if deadline and tonumber(deadline) > tonumber(ARGV[3]) and not mine then
    return 0
  end
end
local deadline = string.format('%d', tonumber(ARGV[3]) + tonumber(ARGV[4]))
redis.call('SET', KEYS[1], deadline .. ' ' .. ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[4])
return 1
`)

// How a session asks for the stream.
const (
	holdKeep = "keep"
	holdOpen = "open"
	holdTake = "take"
)

// leases keeps streams in Redis. While Redis is down people play without a lease: the worst that can happen is a second
// screen for a while, and a refusal would punish everybody who paid. Skipped leases are counted and logged.
type leases struct {
	redis   *redisbreaker.Breaker
	ttl     time.Duration
	now     func() time.Time
	log     *slog.Logger
	skipped atomic.Int64
}

// hold reports whether the session has the stream; it is false while another session holds it.
func (l *leases) hold(ctx context.Context, holder, session, device, how string) bool {
	held := 0
	err := l.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		held, err = holdStream.Run(ctx, r, []string{"playback:stream:" + holder},
			session, device, l.now().UnixMilli(), l.ttl.Milliseconds(), how).Int()
		return err
	})
	if err != nil {
		l.skipped.Add(1)
		if ctx.Err() == nil && !errors.Is(err, redisbreaker.ErrOpen) {
			l.log.Warn("playing without a stream lease", "holder", holder, "error", err)
		}
		return true
	}
	return held == 1
}

// LeasesSkipped counts how often since the start a stream was not checked because Redis was away.
func (p *Playback) LeasesSkipped() int64 { return p.leases.skipped.Load() }
