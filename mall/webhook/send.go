package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/webhook/internal/dbsqlc"
)

const (
	// lease is for how long nobody else sends what one process has begun to send.
	lease = 30 * time.Second
	// turnFor is after how long a turn begins nothing more, so that an endpoint with much to say lets others have the
	// worker.
	turnFor = 4 * time.Second
	// maxRest bounds the pause of an endpoint that fails.
	maxRest = time.Minute
)

// GiveUpAfter is for how long an endpoint may fail before it is switched off.
const GiveUpAfter = 5 * 24 * time.Hour

// pauses are those between the tries of one message: a day in all.
var pauses = [...]time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour,
	4 * time.Hour, 8 * time.Hour, 8 * time.Hour}

// MaxAttempts is how often a message is tried before it is set aside.
const MaxAttempts = len(pauses) + 1

// Backoff is the pause after the given number of failed tries, a tenth longer or shorter by chance, which is from 0 to
// 1: receivers that were down together are not called together.
func Backoff(attempts int, chance float64) time.Duration {
	pause := pauses[min(max(attempts, 1), len(pauses))-1]
	return time.Duration(float64(pause) * (0.9 + chance/5))
}

// rest is how long an endpoint that failed so often in a row is left alone, whatever else waits for it.
func rest(failures int) time.Duration {
	return min(time.Second<<min(max(failures, 1)-1, 6), maxRest)
}

// Turn sends what is due at one endpoint, one message after the other, for a few seconds. It makes its calls outside of
// any transaction. A receiver that fails is no error; it returns how many calls were made.
func (w *Webhooks) Turn(ctx context.Context, endpointID int64) (calls int, err error) {
	for began := w.deps.Now(); calls == 0 || w.deps.Now().Sub(began) < turnFor; calls++ {
		d, p, err := w.claim(ctx, endpointID)
		if err != nil || d.ID == 0 {
			return calls, err
		}
		r := w.sending.call(ctx, p)
		if ctx.Err() != nil && r.status == 0 {
			return calls, ctx.Err() // we are being stopped: nobody failed, and the lease ends by itself
		}
		if err := w.settle(context.WithoutCancel(ctx), d, r); err != nil {
			return calls, err
		}
	}
	return calls, nil
}

// claim leases the next message that is due at an endpoint; one without an id when there is none.
func (w *Webhooks) claim(ctx context.Context, endpointID int64) (d dbsqlc.WebhookDelivery, p parcel, err error) {
	err = db.InTx(ctx, w.deps.Pool, func(tx pgx.Tx) error {
		at := w.deps.Now()
		e, err := w.q.LockEndpoint(ctx, tx, endpointID)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && (State(e.State) != On || e.RestsUntil.After(at)) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lock webhook %d: %w", endpointID, err)
		}
		secrets, err := w.wrap.secrets(e, at)
		if err != nil {
			return err
		}
		row, err := w.q.ClaimDelivery(ctx, tx, dbsqlc.ClaimDeliveryParams{
			EndpointID: endpointID,
			At:         at,
			LeasedTo:   at.Add(lease),
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("claim a message for webhook %d: %w", endpointID, err)
		}
		d, p = row, parcel{
			url:       e.Url,
			messageID: row.MessageID,
			body:      row.Body,
			secrets:   secrets,
			at:        at,
		}
		return nil
	})
	return d, p, err
}

// settle writes down what came of a call, and what follows for the message and for its endpoint.
func (w *Webhooks) settle(ctx context.Context, d dbsqlc.WebhookDelivery, r result) error {
	return db.InTx(ctx, w.deps.Pool, func(tx pgx.Tx) error {
		e, err := w.q.LockEndpoint(ctx, tx, d.EndpointID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // removed meanwhile, with all that was sent to it
		}
		if err != nil {
			return fmt.Errorf("lock webhook %d: %w", d.EndpointID, err)
		}
		if err := w.noteTx(ctx, tx, d.ID, r); err != nil {
			return err
		}
		if err := w.moveTx(ctx, tx, d, r); err != nil {
			return err
		}
		if State(e.State) != On {
			return nil
		}
		return w.judgeTx(ctx, tx, e, r)
	})
}

func (w *Webhooks) noteTx(ctx context.Context, tx pgx.Tx, deliveryID int64, r result) error {
	headers, err := json.Marshal(r.headers)
	if err != nil {
		return err
	}
	err = w.q.InsertAttempt(ctx, tx, dbsqlc.InsertAttemptParams{
		DeliveryID: deliveryID,
		At:         r.at,
		Headers:    headers,
		Status:     int32(r.status),
		Millis:     int32(r.took.Milliseconds()),
		Answer:     r.answer,
		Failure:    r.failure,
	})
	return failed(err, "note a try of message %d", deliveryID)
}

// moveTx settles a message, or says when it is tried again. Where the lease was over meanwhile, who took over decides.
func (w *Webhooks) moveTx(ctx context.Context, tx pgx.Tx, d dbsqlc.WebhookDelivery, r result) (err error) {
	at, attempts := w.deps.Now(), int(d.Attempts)+1
	if r.failure != "" && attempts < MaxAttempts {
		_, err = w.q.DelayDelivery(ctx, tx, dbsqlc.DelayDeliveryParams{
			ID:       d.ID,
			LeasedTo: *d.LeasedTo,
			NextAt:   at.Add(Backoff(attempts, rand.Float64())),
		})
		return failed(err, "delay message %d", d.ID)
	}
	state := Delivered
	if r.failure != "" {
		state = Dead
	}
	_, err = w.q.SettleDelivery(ctx, tx, dbsqlc.SettleDeliveryParams{
		ID:       d.ID,
		LeasedTo: *d.LeasedTo,
		State:    string(state),
		At:       at,
	})
	return failed(err, "settle message %d", d.ID)
}

// judgeTx draws from a call what it says of the endpoint.
func (w *Webhooks) judgeTx(ctx context.Context, tx pgx.Tx, e dbsqlc.WebhookEndpoint, r result) (err error) {
	at := w.deps.Now()
	switch {
	case r.failure == "":
		if e.Failures == 0 {
			return nil
		}
		err = w.q.NoteSuccess(ctx, tx, dbsqlc.NoteSuccessParams{ID: e.ID, At: at})
	case r.status == 410:
		_, err = w.switchTx(ctx, tx, e.ID, int(e.Version), Gone)
	case e.FailingSince != nil && at.Sub(*e.FailingSince) >= GiveUpAfter:
		_, err = w.switchTx(ctx, tx, e.ID, int(e.Version), Failed)
	default:
		err = w.q.NoteFailure(ctx, tx, dbsqlc.NoteFailureParams{
			ID:         e.ID,
			At:         at,
			RestsUntil: at.Add(rest(int(e.Failures) + 1)),
		})
	}
	return failed(err, "judge webhook %d", e.ID)
}
