package waitingroom

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/redisbreaker"
	"videomall/telemetry"
)

const (
	// absence is how long a position is kept for somebody who does not look. Browsers wake a hidden page at least once
	// a minute, so a page should ask a little more often than it needs to.
	absence = time.Minute
	// answerTimeout bounds how long somebody in the queue waits for Redis. It is long, since people expect to wait
	// here, and a queue that opened because a crowd has made Redis slow would open at the worst moment.
	answerTimeout = 5 * time.Second
	// forgetAfter is how long Redis keeps a queue that nobody looks at, beyond lease and absence.
	forgetAfter = 10 * time.Minute
)

// Queue keeps the queues of all waiting rooms in Redis, each under one hash tag. People are admitted in the order in
// which they joined. At most Slots people are admitted at once, each until they leave or their lease ends. Without
// Redis everybody is admitted at once; PostgreSQL still decides who gets a unit.
type Queue struct {
	redis   *redisbreaker.Breaker
	key     []byte
	metrics *telemetry.Metrics
	log     *slog.Logger
	now     func() time.Time
}

// Deps are the dependencies of a Queue.
type Deps struct {
	Redis   redis.UniversalClient
	Key     []byte // signs tickets, at least 32 bytes
	Metrics *telemetry.Metrics
	Log     *slog.Logger
	Now     func() time.Time
}

// New returns a Queue. It fails if the key is shorter than 32 bytes.
func New(d Deps) (*Queue, error) {
	if len(d.Key) < 32 {
		return nil, errors.New("waitingroom: the key of tickets is shorter than 32 bytes")
	}
	return &Queue{
		redis:   redisbreaker.New(d.Redis),
		key:     d.Key,
		metrics: d.Metrics,
		log:     d.Log,
		now:     d.Now,
	}, nil
}

// visitQueue does all the work of a queue at every request: it removes people who are gone, admits those who are next,
// and returns the position of the visitor.
//
// KEYS[1] the queue, a sorted set of people by number
// KEYS[2] when each person in the queue was last seen, a sorted set, ms
// KEYS[3] the admitted, a sorted set of people by the end of their lease, ms
// KEYS[4] numbers of the admitted, a hash
// KEYS[5] the last number drawn
// ARGV[1] now, ms
// ARGV[2] the visitor, "" for nobody
// ARGV[3] the visitor's other name, "" without one
// ARGV[4] "join", "look", "leave" or "count"
// ARGV[5] slots
// ARGV[6] lease, ms
// ARGV[7] absence, ms
// ARGV[8] ms to keep the keys
// returns {0 outside, 1 queued, 2 admitted; number; people ahead; people in the queue; people admitted; end of the
// lease, ms}
//
// Positions are scores that never change, so the number of people ahead only falls. A visitor whom the queue knows by
// the other name, such as the device of a browser that has signed in meanwhile, is the same person and keeps the
// position.
var visitQueue = redis.NewScript(`
local queue, seen, admitted, numbers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, me, other, act, slots = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', admitted, '-inf', now)) do
  redis.call('ZREM', admitted, gone)
  redis.call('HDEL', numbers, gone)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', '(' .. (now - tonumber(ARGV[7])))) do
  redis.call('ZREM', queue, gone)
  redis.call('ZREM', seen, gone)
end
local function standing(who)
  return redis.call('ZSCORE', queue, who) or redis.call('ZSCORE', admitted, who)
end
local function forget(who)
  for _, set in ipairs({queue, seen, admitted}) do redis.call('ZREM', set, who) end
  redis.call('HDEL', numbers, who)
end
if other ~= '' and standing(other) then
  local mine, theirs = redis.call('ZSCORE', queue, me), redis.call('ZSCORE', queue, other)
  local lease = redis.call('ZSCORE', admitted, other)
  if lease and not redis.call('ZSCORE', admitted, me) then
    local number = redis.call('HGET', numbers, other)
    forget(me)
    redis.call('ZADD', admitted, lease, me)
    redis.call('HSET', numbers, me, number)
  elseif theirs and not redis.call('ZSCORE', admitted, me) and (not mine or tonumber(theirs) < tonumber(mine)) then
    redis.call('ZADD', queue, theirs, me)
  end
  forget(other)
end
if act == 'leave' then
  forget(me)
elseif act == 'join' and not standing(me) then
  redis.call('ZADD', queue, redis.call('INCR', KEYS[5]), me)
end
if act ~= 'leave' and redis.call('ZSCORE', queue, me) then
  redis.call('ZADD', seen, math.max(now, tonumber(redis.call('ZSCORE', seen, me) or 0)), me)
end
while redis.call('ZCARD', admitted) < slots do
  local first = redis.call('ZPOPMIN', queue)
  if not first[1] then break end
  redis.call('ZREM', seen, first[1])
  redis.call('ZADD', admitted, now + tonumber(ARGV[6]), first[1])
  redis.call('HSET', numbers, first[1], first[2])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[8]) end
local waiting, inside = redis.call('ZCARD', queue), redis.call('ZCARD', admitted)
local lease = redis.call('ZSCORE', admitted, me)
if lease then
  return {2, tonumber(redis.call('HGET', numbers, me)), 0, waiting, inside, tonumber(lease)}
end
local number = redis.call('ZSCORE', queue, me)
if number then
  return {1, tonumber(number), redis.call('ZRANK', queue, me), waiting, inside, 0}
end
return {0, 0, 0, waiting, inside, 0}
`)

// Join gives the visitor a position at the end of the queue, or returns the one that they have. If the room has a free
// slot, they are admitted. A visitor who is signed in is known by the account, and takes over the position of their
// device; others are known by the device. Errors: ErrUnknown, ErrEnded.
func (q *Queue) Join(ctx context.Context, a Admission, v Visitor) (Position, error) {
	return q.visit(ctx, a, v, "join")
}

// Look returns the position of the visitor and keeps it alive. Errors: ErrUnknown, ErrEnded.
func (q *Queue) Look(ctx context.Context, a Admission, v Visitor) (Position, error) {
	return q.visit(ctx, a, v, "look")
}

// Leave gives up the visitor's position and lease, when they have bought or go away. Without Redis a lease ends by
// itself. Errors: ErrUnknown.
func (q *Queue) Leave(ctx context.Context, a Admission, v Visitor) error {
	a.Ends = time.Time{}
	_, err := q.visit(ctx, a, v, "leave")
	return err
}

// Waiting returns how many people are in the queue, which is 0 without Redis, when everybody is admitted. It waits for
// Redis no longer than a page may. Errors: ErrUnknown, ErrEnded.
func (q *Queue) Waiting(ctx context.Context, a Admission) (int, error) {
	p, err := q.visit(ctx, a, Visitor{}, "count")
	return p.Waiting, err
}

func (q *Queue) visit(ctx context.Context, a Admission, v Visitor, act string) (Position, error) {
	now, names := q.now(), names(v)
	if err := a.check(); err != nil {
		return Position{}, err
	}
	if act == "count" {
		names = []string{""}
	} else if len(names) == 0 {
		return Position{}, ErrUnknown.Because("%s of nobody", act)
	}
	if !a.Ends.IsZero() && !a.Ends.After(now) {
		q.metrics.Queue(a.Room, 0, 0)
		return Position{}, ErrEnded.Because("%s ended at %s", a.Room, a.Ends)
	}
	other := ""
	if len(names) > 1 {
		other = names[1]
	}
	ask := q.redis.Try // a page need not wait for a number or to give up a lease
	if act == "join" || act == "look" {
		ask = func(ctx context.Context, do func(context.Context, redis.UniversalClient) error) error {
			return q.redis.Wait(ctx, answerTimeout, do)
		}
	}
	var n []int64
	err := ask(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		n, err = visitQueue.Run(ctx, r, queueKeys(a.Room), now.UnixMilli(), names[0], other, act, a.Slots,
			a.lease().Milliseconds(),
			absence.Milliseconds(), (a.lease() + absence + forgetAfter).Milliseconds()).Int64Slice()
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			return Position{}, fmt.Errorf("%s %s: %w", act, a.Room, ctx.Err())
		}
		if !errors.Is(err, redisbreaker.ErrOpen) {
			q.log.WarnContext(ctx, "without Redis everybody is admitted", "queue", a.Room, "error", err)
		}
		return q.admitted(a, Position{}, names[0], now.Add(a.lease())), nil
	}
	q.metrics.Queue(a.Room, int(n[3]), int(n[4]))
	p := Position{
		Status:   Outside,
		Number:   n[1],
		Ahead:    int(n[2]),
		Waiting:  int(n[3]),
		Admitted: int(n[4]),
	}
	switch n[0] {
	case 1:
		p.Status = Queued
	case 2:
		p = q.admitted(a, p, names[0], time.UnixMilli(n[5]))
	}
	return p, nil
}

func (q *Queue) admitted(a Admission, p Position, name string, until time.Time) Position {
	p.Status = Admitted
	p.Until = until
	p.Ticket = q.sign(a.Room, name, until)
	return p
}

// names returns the names of a visitor in a queue, of which the first counts: the number of the account, and the hash
// of the device. Neither tells a reader of Redis who the visitor is.
func names(v Visitor) []string {
	var out []string
	if v.UserID != 0 {
		out = append(out, "u"+strconv.FormatInt(v.UserID, 10))
	}
	if raw, err := hex.DecodeString(v.Device); err == nil && len(raw) > 0 {
		out = append(out, "d"+v.Device)
	}
	return out
}

// queueKeys returns the keys of a room, which lie in one slot of a cluster.
func queueKeys(room string) []string {
	tag := "queue:{" + room + "}:"
	return []string{tag + "line", tag + "seen", tag + "floor", tag + "tickets", tag + "last"}
}
