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

// Rate is Tokens at once, which come back evenly within Per. A bucket that was full lets up to twice as many through in
// one Per: those that it held and those that came back.
type Rate struct {
	Tokens int
	Per    time.Duration
}

// interval is the time in which one token comes back, in microseconds, at least one.
func (r Rate) interval() int64 { return max(1, r.Per.Microseconds()/int64(r.Tokens)) }

// Class is a sort of request with a policy of its own.
type Class string

// The classes.
const (
	Pages  Class = "page"
	API    Class = "api"
	Orders Class = "order" // placing one, by page or API
	Free   Class = "free"  // asking to watch what is free of a video
	// Coupons are codes that nobody gave out.
	Coupons Class = "coupon"
)

// Policies say how much a subject of each kind may ask for; what is not named, or has no tokens, is not limited.
type Policies map[Class]map[Kind]Rate

// Standing is how one bucket stands after a request.
type Standing struct {
	Policy string // "order-user"
	Rate   Rate
	Left   int
	Full   time.Duration // until it is full again
	Kind   Kind
}

// Limits counts requests by user, device and address.
//
// The buckets lie in Redis, shared by all processes. Without Redis each process counts for itself in bounded memory, so
// that n processes together let n times as many pass. See docs/decisions/0012-the-buckets-clock.md.
type Limits struct {
	redis    *redisbreaker.Breaker
	ask      *batch.Gatherer[[]bucket, []drawn]
	local    *local
	policies Policies
	metrics  *telemetry.Metrics
	log      *slog.Logger
	now      func() time.Time
}

// LimitsDeps are what limits stand on.
type LimitsDeps struct {
	Redis    redis.UniversalClient // need not answer
	Policies Policies              // empty ones limit nothing and ask nobody
	Metrics  *telemetry.Metrics
	Log      *slog.Logger
	Now      func() time.Time
}

// NewLimits makes the limits.
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
// shares with those who ask at the same moment. Either all of them had a token, or ErrRateLimited, which knows when to
// come back, and none has lost one: what was taken is given back in a second round trip, which only refusals pay for.
// The standings come in both cases, the one that is nearest to refusing first.
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

// GiveBack returns what Take took for something that turned out not to count. Where it fails the subject has one token
// less for a while.
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

// buckets are those that the request is counted in. An address of this machine is no visitor's: a proxy that is not
// trusted stands there, or a test, and one bucket for all behind it would shut the mall.
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
	if a := network.Normal(s.Address); a.IsValid() && !a.IsLoopback() {
		add(Address, network.Of(a).String())
	}
	return out
}

// bucketKey hides the subject: who asked has no business in Redis' key space. Each bucket lies in a slot of its own, so
// that a cluster spreads them.
func bucketKey(class Class, kind Kind, subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return "bucket:{" + string(class) + ":" + string(kind) + ":" + hex.EncodeToString(sum[:16]) + "}"
}

// askSet asks the buckets of many requests in one round trip; where one of a request's refuses, what its others gave is
// given back.
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
	if len(back) > 0 { // a failure here costs the subjects a token and nothing else
		_, _ = l.shared(ctx, back, now, -1)
	}
	return results
}

// revert names the buckets that are to get their token back, since another one of the same request has refused.
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
