package order

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/batch"
	"videomall/mall/redisbreaker"
)

// keyLife is how long Redis remembers which order an idempotency key made. PostgreSQL remembers it for good.
const keyLife = 24 * time.Hour

// keys remembers idempotency keys in Redis, so that repeated requests are answered without a place in the writer's
// queue, and get their order even after the stock has sold out. PostgreSQL answers for keys that Redis does not know.
type keys struct {
	redis *redisbreaker.Breaker
	ask   *batch.Gatherer[attemptKey, string]
}

// newKeys returns keys in a Redis. With a nil client it behaves as if Redis were always unavailable.
func newKeys(client redis.UniversalClient) *keys {
	k := &keys{redis: redisbreaker.New(client)}
	k.ask = batch.New(batch.Options{Set: 256, Waiting: 1 << 16}, k.askSet)
	return k
}

// name is the key's name in Redis. It is hashed, since callers may put anything into a key.
func (k attemptKey) name() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", k.userID, k.key))
	return "order:key:" + hex.EncodeToString(sum[:16])
}

// askSet reads many keys in one round trip; the answer is empty for a key that Redis does not know.
func (k *keys) askSet(ctx context.Context, set []attemptKey) []batch.Result[string] {
	answers := make([]*redis.StringCmd, len(set))
	err := k.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		pipe := r.Pipeline() // one key for each command, as a cluster demands
		for i, key := range set {
			answers[i] = pipe.Get(ctx, key.name())
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	results := make([]batch.Result[string], len(set))
	for i := range results {
		if err != nil && !errors.Is(err, redis.Nil) {
			results[i].Err = err
			continue
		}
		results[i].Value = answers[i].Val()
	}
	return results
}

// find returns the number of the order that an attempt made before, or "" if Redis does not know it. Errors:
// ErrKeyReused.
func (k *keys) find(ctx context.Context, key attemptKey, hash []byte) (orderNo string, err error) {
	kept, err := k.ask.Do(ctx, key)
	if err != nil || kept == "" {
		return "", nil // PostgreSQL decides
	}
	orderNo, text, _ := strings.Cut(kept, " ")
	was, err := hex.DecodeString(text)
	if err != nil {
		return "", nil
	}
	if !bytes.Equal(was, hash) {
		return "", ErrKeyReused
	}
	return orderNo, nil
}

// keep remembers the orders that were just written. A failure is harmless: PostgreSQL answers for these keys.
func (k *keys) keep(ctx context.Context, set []*placeAttempt) {
	if len(set) == 0 {
		return
	}
	_ = k.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		pipe := r.Pipeline()
		for _, w := range set {
			pipe.Set(ctx, w.key().name(), w.answer.order.OrderNo+" "+hex.EncodeToString(w.hash), keyLife)
		}
		_, err := pipe.Exec(ctx)
		return err
	})
}
