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
	// lease is how long no other process sends a message that one process has begun to send.
	lease = 30 * time.Second
	// turnFor is how long a turn begins new calls, so that an endpoint with many messages leaves the worker to others.
	turnFor = 4 * time.Second
	// maxRest bounds the pause of an endpoint that fails.
	maxRest = time.Minute
)

// GiveUpAfter is how long an endpoint may fail before it is turned off.
const GiveUpAfter = 5 * 24 * time.Hour

// pauses are the shortest pauses between the attempts of one message, a day in all. moveTx sets the time of the next
// attempt by them, and the periodic task send_webhooks looks every second for what is due: River retries nothing here.
var pauses = [...]time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour,
	4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
}

// MaxAttempts is the number of attempts before a message is set aside.
const MaxAttempts = len(pauses) + 1

// Backoff returns the pause after the given number of failed attempts, up to a tenth longer or shorter. chance is a
// random number from 0 to 1, so that receivers which were down together are not called together.
func Backoff(attempts int, chance float64) time.Duration {
	pause := pauses[min(max(attempts, 1), len(pauses))-1]
	return time.Duration(float64(pause) * (0.9 + chance/5))
}

// rest returns the pause of an endpoint after so many failures in a row, during which none of its messages is sent.
func rest(failures int) time.Duration {
	return min(time.Second<<min(max(failures, 1)-1, 6), maxRest)
}

// Turn sends what is due at one endpoint, one message after another, for a few seconds, and returns how many calls it
// made. It makes its calls outside of any transaction. A failure of the receiver is not an error.
func (w *Webhooks) Turn(ctx context.Context, endpointID int64) (calls int, err error) {
	for began := w.deps.Now(); calls == 0 || w.deps.Now().Sub(began) < turnFor; calls++ {
		d, p, err := w.claim(ctx, endpointID)
		if err != nil || d.ID == 0 {
			return calls, err
		}
		r := w.sending.call(ctx, p)
		if ctx.Err() != nil && r.status == 0 {
			return calls, ctx.Err() // the process is stopping; the receiver did not fail, and the lease ends by itself
		}
		if err := w.settle(context.WithoutCancel(ctx), d, r); err != nil {
			return calls, err
		}
	}
	return calls, nil
}

// claim leases the next message that is due at an endpoint. If there is none, the message has no id.
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

// settle records the result of a call, and changes the message and its endpoint accordingly.
func (w *Webhooks) settle(ctx context.Context, d dbsqlc.WebhookDelivery, r result) error {
	return db.InTx(ctx, w.deps.Pool, func(tx pgx.Tx) error {
		e, err := w.q.LockEndpoint(ctx, tx, d.EndpointID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // the endpoint was removed meanwhile, with all its messages
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

// moveTx settles a message or schedules its next attempt. It changes nothing if the lease has ended meanwhile and
// another process has taken the message over.
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

// judgeTx changes the state of an endpoint according to the result of a call.
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
