package risk

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/away"
	"videomall/mall/fault"
	"videomall/telemetry"
)

// Why a line or a pass is refused.
var (
	ErrNoQueue     = fault.New(fault.NotFound, "queue_not_found", "There is no such line.")
	ErrQueueEnded  = fault.New(fault.Conflict, "queue_ended", "This sale has ended.")
	ErrPassInvalid = fault.New(fault.Forbidden, "queue_pass_invalid", "Wait for your turn first.")
)

// Floor is what a line leads to. Whoever sells says so anew at every look, so that a floor can be made wider while
// people wait.
type Floor struct {
	Name  string        // "campaign:7"; a to z, digits, ':', '-' and '_', at most 64
	Slots int           // people who may buy at once, at least 1
	Lease time.Duration // that one of them has; 60 s when 0
	Ends  time.Time     // of the sale; zero: nobody knows yet
}

const (
	usualLease = time.Minute
	// patience is how long a place is kept for somebody who does not look. Browsers wake a page that nobody sees at
	// least once a minute, so a page should ask a little more often than it needs to.
	patience = time.Minute
	// linePatience bounds what somebody in line waits for an answer. Waiting is what they are here for, and a line that
	// opened because a crowd made Redis slow would open at the worst of moments.
	linePatience = 5 * time.Second
	// forgetAfter is when a line that nobody looks at is gone, in milliseconds beyond lease and patience.
	forgetAfter = 10 * time.Minute
)

var queueName = regexp.MustCompile(`^[a-z0-9:_-]{1,64}$`)

func (f Floor) check() error {
	if !queueName.MatchString(f.Name) || f.Slots < 1 {
		return ErrNoQueue.Because("floor %q of %d", f.Name, f.Slots)
	}
	return nil
}

func (f Floor) lease() time.Duration {
	if f.Lease > 0 {
		return f.Lease
	}
	return usualLease
}

// Where somebody stands.
type Where string

// The places.
const (
	Outside Where = "outside" // never joined, left, lease over, or not seen for a minute
	InLine  Where = "in_line"
	OnFloor Where = "on_floor"
)

// Place is where a person stands at a line.
type Place struct {
	Where   Where
	Ticket  int64 // drawn once when joining; a lower one goes first. 0 without Redis
	Ahead   int   // people who go first; it never grows
	Waiting int   // people in line
	Inside  int   // people on the floor
	// Pass opens the buying verb on the floor until Until.
	Pass  string
	Until time.Time
}

// Queue keeps people in line, each line in Redis under one hash tag. Who joined first is admitted first; at most Slots
// people are on the floor at once, each until they leave or their lease is over. Without Redis the line is open and
// everybody is on the floor at once: PostgreSQL still decides who gets a unit.
type Queue struct {
	redis   *away.Redis
	key     []byte
	metrics *telemetry.Metrics
	log     *slog.Logger
	now     func() time.Time
}

// NewQueue takes the key that signs passes, at least 32 bytes.
func NewQueue(rdb redis.UniversalClient, key []byte, metrics *telemetry.Metrics, log *slog.Logger,
	now func() time.Time) (*Queue, error) {
	if len(key) < 32 {
		return nil, errors.New("risk: the key of passes is shorter than 32 bytes")
	}
	return &Queue{
		redis:   away.New(rdb),
		key:     key,
		metrics: metrics,
		log:     log,
		now:     now,
	}, nil
}

// lookQueue does everything that a line does, at every look of anybody: it forgets who is gone, admits who is next, and
// says where the person stands.
//
// KEYS[1] the line, a sorted set of people by ticket KEYS[2] when each in line was last seen, a sorted set, ms KEYS[3]
// the floor, a sorted set of people by the end of their lease, ms KEYS[4] tickets of people on the floor, a hash
// KEYS[5] the last ticket drawn ARGV[1] now, ms ARGV[2] the person, "" for nobody ARGV[3] the person's other name, ""
// without one ARGV[4] "join", "look", "leave" or "count" ARGV[5] slots ARGV[6] lease, ms ARGV[7] patience, ms ARGV[8]
// ms to keep the keys returns {0 outside, 1 in line, 2 on the floor; ticket; people ahead; people in line; people on
// the floor; end of the lease, ms}
//
// Places are scores, and nobody's score changes, so the number of people ahead only falls. A person who is known by the
// other name, as a browser that has signed in meanwhile, is the same person and keeps the place.
var lookQueue = redis.NewScript(`
local line, seen, floor, tickets = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, me, other, act, slots = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', floor, '-inf', now)) do
  redis.call('ZREM', floor, gone)
  redis.call('HDEL', tickets, gone)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', '(' .. (now - tonumber(ARGV[7])))) do
  redis.call('ZREM', line, gone)
  redis.call('ZREM', seen, gone)
end
local function standing(who)
  return redis.call('ZSCORE', line, who) or redis.call('ZSCORE', floor, who)
end
local function forget(who)
  for _, set in ipairs({line, seen, floor}) do redis.call('ZREM', set, who) end
  redis.call('HDEL', tickets, who)
end
if other ~= '' and standing(other) then
  local mine, theirs = redis.call('ZSCORE', line, me), redis.call('ZSCORE', line, other)
  local lease = redis.call('ZSCORE', floor, other)
  if lease and not redis.call('ZSCORE', floor, me) then
    local ticket = redis.call('HGET', tickets, other)
    forget(me)
    redis.call('ZADD', floor, lease, me)
    redis.call('HSET', tickets, me, ticket)
  elseif theirs and not redis.call('ZSCORE', floor, me) and (not mine or tonumber(theirs) < tonumber(mine)) then
    redis.call('ZADD', line, theirs, me)
  end
  forget(other)
end
if act == 'leave' then
  forget(me)
elseif act == 'join' and not standing(me) then
  redis.call('ZADD', line, redis.call('INCR', KEYS[5]), me)
end
if act ~= 'leave' and redis.call('ZSCORE', line, me) then
  redis.call('ZADD', seen, math.max(now, tonumber(redis.call('ZSCORE', seen, me) or 0)), me)
end
while redis.call('ZCARD', floor) < slots do
  local first = redis.call('ZPOPMIN', line)
  if not first[1] then break end
  redis.call('ZREM', seen, first[1])
  redis.call('ZADD', floor, now + tonumber(ARGV[6]), first[1])
  redis.call('HSET', tickets, first[1], first[2])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[8]) end
local waiting, inside = redis.call('ZCARD', line), redis.call('ZCARD', floor)
local lease = redis.call('ZSCORE', floor, me)
if lease then
  return {2, tonumber(redis.call('HGET', tickets, me)), 0, waiting, inside, tonumber(lease)}
end
local ticket = redis.call('ZSCORE', line, me)
if ticket then
  return {1, tonumber(ticket), redis.call('ZRANK', line, me), waiting, inside, 0}
end
return {0, 0, 0, waiting, inside, 0}
`)

// Join takes a place at the end of the line, or finds the one that the person has; on a floor with room it is on the
// floor. Somebody who is signed in is known by the account, else by the device, whose place the account takes over.
// Errors: ErrNoQueue, ErrQueueEnded.
func (q *Queue) Join(ctx context.Context, f Floor, s Subject) (Place, error) {
	return q.ask(ctx, f, s, "join")
}

// Look says where the person stands, and keeps the place. Errors: ErrNoQueue, ErrQueueEnded.
func (q *Queue) Look(ctx context.Context, f Floor, s Subject) (Place, error) {
	return q.ask(ctx, f, s, "look")
}

// Leave gives place, lease or both back: when they have bought, and when they go. Without Redis a lease ends by itself.
// Errors: ErrNoQueue.
func (q *Queue) Leave(ctx context.Context, f Floor, s Subject) error {
	f.Ends = time.Time{}
	_, err := q.ask(ctx, f, s, "leave")
	return err
}

// Waiting is how many people are in line; 0 without Redis, whose line is open. It asks no longer than a page may wait.
// Errors: ErrNoQueue, ErrQueueEnded.
func (q *Queue) Waiting(ctx context.Context, f Floor) (int, error) {
	p, err := q.ask(ctx, f, Subject{}, "count")
	return p.Waiting, err
}

func (q *Queue) ask(ctx context.Context, f Floor, s Subject, act string) (Place, error) {
	now, names := q.now(), names(s)
	if err := f.check(); err != nil {
		return Place{}, err
	}
	if act == "count" {
		names = []string{""}
	} else if len(names) == 0 {
		return Place{}, ErrNoQueue.Because("%s of nobody", act)
	}
	if !f.Ends.IsZero() && !f.Ends.After(now) {
		q.metrics.Queue(f.Name, 0, 0)
		return Place{}, ErrQueueEnded.Because("%s ended at %s", f.Name, f.Ends)
	}
	other := ""
	if len(names) > 1 {
		other = names[1]
	}
	ask := q.redis.Try // for what a page need not wait for: a number, or the rest of a lease
	if act == "join" || act == "look" {
		ask = func(ctx context.Context, do func(context.Context, redis.UniversalClient) error) error {
			return q.redis.Wait(ctx, linePatience, do)
		}
	}
	var n []int64
	err := ask(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		n, err = lookQueue.Run(ctx, r, queueKeys(f.Name), now.UnixMilli(), names[0], other, act, f.Slots,
			f.lease().Milliseconds(),
			patience.Milliseconds(), (f.lease() + patience + forgetAfter).Milliseconds()).Int64Slice()
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			return Place{}, fmt.Errorf("%s %s: %w", act, f.Name, ctx.Err())
		}
		if !errors.Is(err, away.ErrResting) {
			q.log.WarnContext(ctx, "the line is open", "queue", f.Name, "error", err)
		}
		return q.onFloor(f, Place{}, names[0], now.Add(f.lease())), nil
	}
	q.metrics.Queue(f.Name, int(n[3]), int(n[4]))
	p := Place{
		Where:   Outside,
		Ticket:  n[1],
		Ahead:   int(n[2]),
		Waiting: int(n[3]),
		Inside:  int(n[4]),
	}
	switch n[0] {
	case 1:
		p.Where = InLine
	case 2:
		p = q.onFloor(f, p, names[0], time.UnixMilli(n[5]))
	}
	return p, nil
}

func (q *Queue) onFloor(f Floor, p Place, name string, until time.Time) Place {
	p.Where = OnFloor
	p.Until = until
	p.Pass = q.sign(f.Name, name, until)
	return p
}

// names are what a person is known by in a line, the first one counting. Both say nothing to whoever reads Redis: an
// account by its number, a device by a part of its hash.
func names(s Subject) []string {
	var out []string
	if s.UserID != 0 {
		out = append(out, "u"+strconv.FormatInt(s.UserID, 10))
	}
	if raw, err := hex.DecodeString(s.Device); err == nil && len(raw) > 0 {
		out = append(out, "d"+s.Device)
	}
	return out
}

// queueKeys all lie in one slot of a cluster.
func queueKeys(name string) []string {
	tag := "queue:{" + name + "}:"
	return []string{tag + "line", tag + "seen", tag + "floor", tag + "tickets", tag + "last"}
}
