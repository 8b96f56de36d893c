package redisbreaker

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Call is one run of a script: its keys, which must lie in one slot of a cluster, and its arguments.
type Call struct {
	Keys []string
	Args []any
}

// RunEach runs a script by its hash, once for each call, in one round trip. If a node does not have the script, as
// after a restart or a flush, RunEach sends it for the calls that the node refused; these have changed nothing, so no
// call runs twice. Errors: those of the client. The first failed call is returned, whatever became of the others.
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
