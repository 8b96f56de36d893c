package redisbreaker

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Call is one run of a script: its keys, which lie in one slot of a cluster, and its arguments.
type Call struct {
	Keys []string
	Args []any
}

// RunEach runs a script once for each call, in one round trip, by its hash. A node that has forgotten the script, as
// after a restart or a flush, is sent it again for those calls that it refused for this reason: they have changed
// nothing, so none is run twice. Errors: those of the client; the first call that failed stands for all, whatever
// became of the others.
func RunEach(ctx context.Context, r redis.UniversalClient, script *redis.Script, calls []Call) ([]*redis.Cmd, error) {
	answers := make([]*redis.Cmd, len(calls))
	pipe := r.Pipeline()
	for i, c := range calls {
		answers[i] = script.EvalSha(ctx, pipe, c.Keys, c.Args...)
	}
	if _, err := pipe.Exec(ctx); err != nil && !redis.HasErrorPrefix(err, "NOSCRIPT") {
		return nil, err
	}
	for i, c := range calls {
		if redis.HasErrorPrefix(answers[i].Err(), "NOSCRIPT") {
			answers[i] = script.Run(ctx, r, c.Keys, c.Args...)
		}
		if err := answers[i].Err(); err != nil {
			return nil, err
		}
	}
	return answers, nil
}
