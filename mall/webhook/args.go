package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Queue keeps slow receivers from delaying anything else.
const Queue = "webhooks"

// TurnTime bounds one run of a turn, with the call that it began last.
const TurnTime = turnFor + deadline + 5*time.Second

// TurnArgs sends what is due at one endpoint.
type TurnArgs struct {
	EndpointID int64 `json:"endpointId"`
}

// Kind names the job in the database.
func (TurnArgs) Kind() string { return "webhook_turn" }

// InsertOpts lets one turn of an endpoint wait or run, so that a slow receiver holds one worker at most. A second
// attempt is for the turn of a killed process, which else would end as a dead letter.
func (TurnArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue:       Queue,
		MaxAttempts: 2,
		UniqueOpts: river.UniqueOpts{ByArgs: true,
			ByState: []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending,
				rivertype.JobStateRunning,
				rivertype.JobStateRetryable, rivertype.JobStateScheduled}},
	}
}

// Enqueue gives a turn to every endpoint at which something is due. The rows say what that is and jobs only carry it,
// so that nothing hangs on one job. Hence whoever tells enqueues nothing: two relays that enqueue for the same
// endpoints in another order would wait for each other.
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
