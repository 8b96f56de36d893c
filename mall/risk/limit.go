package risk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/batch"
	"videomall/mall/network"
	"videomall/mall/redisbreaker"
	"videomall/telemetry"
)

// Rate permits Tokens requests at once; the tokens come back evenly within Per. A full bucket permits up to twice as
// many requests in one Per: those for the tokens that it holds, and those for the tokens that come back.
type Rate struct {
	Tokens int
	Per    time.Duration
}

// interval returns the time in which one token comes back, in microseconds, at least one.
func (r Rate) interval() int64 { return max(1, r.Per.Microseconds()/int64(r.Tokens)) }

// Class is a kind of request with a policy of its own.
type Class string

// The classes.
const (
	Pages  Class = "page"
	API    Class = "api"
	Orders Class = "order" // placing an order, by page or API
	Free   Class = "free"  // asking to watch the free part of a video
	// Coupons are attempts at coupon codes that do not exist.
	Coupons Class = "coupon"
	// Partners are requests below the partners' part of the API.
	Partners Class = "partner"
)

// Policies say how many requests a subject of each kind may make. A class or kind that is absent or has no tokens is
// not limited.
type Policies map[Class]map[Kind]Rate

// Standing is the state of one bucket after a request.
type Standing struct {
	Policy string // "order-user"
	Rate   Rate
	Left   int
	Full   time.Duration // until the bucket is full again
	Kind   Kind
}

// Limits counts requests by user, device, address and partner's key.
//
// All processes share the buckets in Redis. Without Redis each process counts for itself in bounded memory, so that n
// processes together permit n times as many requests. See docs/decisions/0012-rate-limits-use-the-callers-clock.md.
type Limits struct {
	redis    *redisbreaker.Breaker
	ask      *batch.Gatherer[[]bucket, []drawn]
	local    *local
	policies Policies
	metrics  *telemetry.Metrics
	log      *slog.Logger
	now      func() time.Time
}

// LimitsDeps are the dependencies of Limits.
type LimitsDeps struct {
	Redis    redis.UniversalClient // may be unavailable
	Policies Policies              // if empty, nothing is limited and Redis is not asked
	Metrics  *telemetry.Metrics
	Log      *slog.Logger
	Now      func() time.Time
}

// NewLimits returns Limits with the given dependencies.
func NewLimits(d LimitsDeps) *Limits {
	l := &Limits{
		redis:    redisbreaker.New(d.Redis),
		local:    &local{full: map[string]int64{}},
		policies: d.Policies,
		metrics:  d.Metrics,
		log:      d.Log,
		now:      d.Now,
	}
	l.ask = batch.New(batch.Options{Set: 256, Waiting: 1 << 16}, l.askSet)
	return l
}

// Take counts one request of the class against every bucket of the subject that has a rate, in one round trip that it
// shares with concurrent callers. If a bucket has no token, Take returns ErrRateLimited, which holds the time to wait,
// and no bucket loses one: tokens that were taken are given back in a second round trip, which only refusals cost. Take
// returns the standings in both cases, the one with the fewest tokens first.
func (l *Limits) Take(ctx context.Context, class Class, s Subject) ([]Standing, error) {
	buckets := l.buckets(class, s)
	if len(buckets) == 0 {
		return nil, nil
	}
	now := l.now().UnixMicro()
	got, err := l.ask.Do(ctx, buckets)
	if err != nil {
		if !errors.Is(err, redisbreaker.ErrOpen) && ctx.Err() == nil {
			l.log.WarnContext(ctx, "requests counted in this process only", "error", err)
		}
		got = l.local.takeAll(buckets, now)
	}
	standings, wait, refused := make([]Standing, len(buckets)), time.Duration(0), false
	for i, b := range buckets {
		standings[i] = Standing{
			Policy: string(class) + "-" + string(b.kind),
			Rate:   b.rate,
			Left:   got[i].left,
			Full:   got[i].full,
			Kind:   b.kind,
		}
		if !got[i].taken {
			wait, refused = max(wait, got[i].wait), true
			l.metrics.RateLimited(string(class), string(b.kind))
			l.log.InfoContext(ctx, "rate limited", "policy", standings[i].Policy, "user", s.UserID, "device", s.Device,
				"address", s.Address)
		}
	}
	slices.SortStableFunc(standings, func(a, b Standing) int { return a.Left - b.Left })
	if refused {
		return standings, limited{ErrRateLimited, wait}
	}
	return standings, nil
}

// GiveBack returns the tokens that Take took for a request that turned out not to count. If it fails, the subject has
// one token less for a while.
func (l *Limits) GiveBack(ctx context.Context, class Class, s Subject) {
	buckets := l.buckets(class, s)
	if len(buckets) == 0 {
		return
	}
	now := l.now().UnixMicro()
	if _, err := l.shared(context.WithoutCancel(ctx), buckets, now, -1); err != nil {
		l.local.giveBack(buckets, now)
	}
}

// buckets returns the buckets in which a request is counted. Loopback addresses are not counted: such an address
// belongs to an untrusted proxy or a test, and one bucket for everybody behind it would close the mall.
func (l *Limits) buckets(class Class, s Subject) []bucket {
	var out []bucket
	add := func(kind Kind, subject string) {
		if rate := l.policies[class][kind]; rate.Tokens > 0 && subject != "" {
			out = append(out, bucket{bucketKey(class, kind, subject), kind, rate})
		}
	}
	if s.UserID != 0 {
		add(User, strconv.FormatInt(s.UserID, 10))
	}
	add(Device, s.Device)
	add(Key, s.Key)
	if a := network.Normal(s.Address); a.IsValid() && !a.IsLoopback() {
		add(Address, network.Of(a).String())
	}
	return out
}

// bucketKey returns the key of a bucket in Redis. It hashes the subject, since keys must not tell who asked. Each
// bucket has a hash tag of its own, so that a cluster spreads them.
func bucketKey(class Class, kind Kind, subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return "bucket:{" + string(class) + ":" + string(kind) + ":" + hex.EncodeToString(sum[:16]) + "}"
}

// askSet asks the buckets of many requests in one round trip. If a bucket of a request refuses, the tokens from the
// other buckets of that request are given back.
func (l *Limits) askSet(ctx context.Context, set [][]bucket) []batch.Result[[]drawn] {
	var back []bucket
	now := l.now().UnixMicro()
	got, err := l.shared(ctx, slices.Concat(set...), now, 1)
	results := make([]batch.Result[[]drawn], len(set))
	for i, buckets := range set {
		if results[i].Err = err; err != nil {
			continue
		}
		results[i].Value, got = got[:len(buckets):len(buckets)], got[len(buckets):]
		back = append(back, revert(buckets, results[i].Value)...)
	}
	if len(back) > 0 { // a failure here costs each subject only a token
		_, _ = l.shared(ctx, back, now, -1)
	}
	return results
}

// revert returns the buckets that get their token back, because another bucket of the same request has refused.
func revert(buckets []bucket, got []drawn) (back []bucket) {
	if !slices.ContainsFunc(got, func(d drawn) bool { return !d.taken }) {
		return nil
	}
	for i, b := range buckets {
		if got[i].taken {
			got[i].left++
			back = append(back, b)
		}
	}
	return back
}

// shared runs takeToken on each bucket in Redis.
func (l *Limits) shared(ctx context.Context, buckets []bucket, now int64, tokens int) (got []drawn, err error) {
	calls := make([]redisbreaker.Call, len(buckets))
	for i, b := range buckets {
		calls[i] = redisbreaker.Call{Keys: []string{b.key}, Args: b.args(now, tokens)}
	}
	var answers []*redis.Cmd
	err = l.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		answers, err = redisbreaker.RunEach(ctx, r, takeToken, calls)
		return err
	})
	if err != nil {
		return nil, err
	}
	got = make([]drawn, len(buckets))
	for i, c := range answers {
		n, err := c.Int64Slice()
		if err != nil {
			return nil, err
		}
		got[i] = drawn{
			taken: n[0] == 1,
			left:  int(n[1]),
			wait:  micro(n[2]),
			full:  micro(n[3]),
		}
	}
	return got, nil
}
