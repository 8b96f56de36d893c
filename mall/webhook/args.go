package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Queue is the River queue of webhooks. It keeps slow receivers from delaying other jobs.
const Queue = "webhooks"

// TurnTime bounds one run of a turn, including its last call.
const TurnTime = turnFor + deadline + 5*time.Second

// TurnArgs are the arguments of the job that sends what is due at one endpoint.
type TurnArgs struct {
	EndpointID int64 `json:"endpointId"`
}

// Kind returns the name of the job in the database.
func (TurnArgs) Kind() string { return "webhook_turn" }

// InsertOpts permits one waiting or running turn for each endpoint, so that a slow receiver occupies at most one
// worker. The second attempt is for the turn of a killed process, which would otherwise end as a dead letter.
func (TurnArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue:       Queue,
		MaxAttempts: 2,
		UniqueOpts: river.UniqueOpts{
			ByArgs: true,
			ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending,
				rivertype.JobStateRunning,
				rivertype.JobStateRetryable, rivertype.JobStateScheduled,
			},
		},
	}
}

// Enqueue enqueues a turn for every endpoint at which something is due, and returns how many. The rows say what is due,
// so that nothing depends on a single job. NotifyTx therefore enqueues nothing: two relays that enqueued turns for the
// same endpoints in a different order would wait for each other.
func (w *Webhooks) Enqueue(ctx context.Context) (int, error) {
	ids, err := w.q.DueEndpoints(ctx, w.deps.Pool, w.deps.Now())
	if err != nil || len(ids) == 0 {
		return 0, failed(err, "webhooks with something due")
	}
	turns := make([]river.InsertManyParams, len(ids))
	for n, id := range ids {
		turns[n] = river.InsertManyParams{Args: TurnArgs{id}}
	}
	if _, err := w.deps.River.InsertMany(ctx, turns); err != nil {
		return 0, fmt.Errorf("enqueue turns of %d webhooks: %w", len(ids), err)
	}
	return len(ids), nil
}
