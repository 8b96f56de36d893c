package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/webhook/internal/dbsqlc"
)

// DeliveryState is the state of a message.
type DeliveryState string

// The states of a message.
const (
	Pending   DeliveryState = "pending" // due, or waiting for the next attempt
	Delivered DeliveryState = "delivered"
	Dead      DeliveryState = "dead" // set aside after the last attempt, or when its endpoint was turned off
)

// Delivery is a message as it was sent to one endpoint. Status, Took and Failure are those of its last attempt.
type Delivery struct {
	ID        int64
	MessageID string
	Type      string
	Aggregate string
	Test      bool
	State     DeliveryState
	Attempts  int // since it was made or resent
	NextAt    time.Time
	CreatedAt time.Time
	Status    int
	Took      time.Duration
	Failure   string
	Body      string    // set only by Webhooks.Delivery
	Tries     []Attempt // set only by Webhooks.Delivery, the oldest first
}

// Attempt is one attempt to send a message. Status is 0 without a response; Failure is a slug, empty for a success.
type Attempt struct {
	At      time.Time
	Headers map[string]string // of the request
	Status  int
	Took    time.Duration
	Answer  string // the beginning of the response's body
	Failure string
}

// Deliveries returns up to most messages of an endpoint, the newest first: only those before an id unless that is 0,
// and only those in one state unless that is "". Errors: ErrNotFound, also for endpoints of others.
func (w *Webhooks) Deliveries(ctx context.Context, ownerID, id int64, state DeliveryState, before int64,
	most int,
) ([]Delivery, error) {
	if _, err := w.Get(ctx, ownerID, id); err != nil {
		return nil, err
	}
	rows, err := w.q.Deliveries(ctx, w.deps.Pool, dbsqlc.DeliveriesParams{
		EndpointID: id,
		State:      string(state),
		Before:     before,
		Most:       int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("messages of webhook %d: %w", id, err)
	}
	list := make([]Delivery, len(rows))
	for n, r := range rows {
		list[n] = Delivery{
			ID:        r.ID,
			MessageID: r.MessageID,
			Type:      r.Type,
			Aggregate: r.Aggregate,
			Test:      r.EventID == nil,
			State:     DeliveryState(r.State),
			Attempts:  int(r.Attempts),
			NextAt:    r.NextAt,
			CreatedAt: r.CreatedAt,
			Status:    int(r.Status),
			Took:      time.Duration(r.Millis) * time.Millisecond,
			Failure:   r.Failure,
		}
	}
	return list, nil
}

// Delivery returns one message with its body and its attempts. Errors: ErrNotFound, also for messages of others.
func (w *Webhooks) Delivery(ctx context.Context, ownerID, id, deliveryID int64) (Delivery, error) {
	if _, err := w.Get(ctx, ownerID, id); err != nil {
		return Delivery{}, err
	}
	r, err := w.q.Delivery(ctx, w.deps.Pool, dbsqlc.DeliveryParams{ID: deliveryID, EndpointID: id})
	if err != nil {
		return Delivery{}, found(err, "message %d of webhook %d", deliveryID, id)
	}
	d := Delivery{
		ID:        r.ID,
		MessageID: r.MessageID,
		Type:      r.Type,
		Aggregate: r.Aggregate,
		Test:      r.EventID == nil,
		State:     DeliveryState(r.State),
		Attempts:  int(r.Attempts),
		NextAt:    r.NextAt,
		CreatedAt: r.CreatedAt,
		Body:      r.Body,
	}
	rows, err := w.q.Attempts(ctx, w.deps.Pool, r.ID)
	if err != nil {
		return Delivery{}, fmt.Errorf("tries of message %d: %w", deliveryID, err)
	}
	for _, a := range rows {
		t := Attempt{
			At:      a.At,
			Status:  int(a.Status),
			Took:    time.Duration(a.Millis) * time.Millisecond,
			Answer:  a.Answer,
			Failure: a.Failure,
		}
		if err := json.Unmarshal(a.Headers, &t.Headers); err != nil {
			return Delivery{}, fmt.Errorf("headers of a try of message %d: %w", deliveryID, err)
		}
		d.Tries = append(d.Tries, t)
		d.Status = t.Status
		d.Took = t.Took
		d.Failure = t.Failure
	}
	return d, nil
}

// Resend sends a message that was delivered or set aside again, under the same id and with all its attempts. Pending
// messages of its aggregate come after it. Errors: ErrNotFound, also for a test; ErrOff, ErrWaiting.
func (w *Webhooks) Resend(ctx context.Context, ownerID, id, deliveryID int64) error {
	return db.InTx(ctx, w.deps.Pool, func(tx pgx.Tx) error {
		e, err := w.ownedTx(ctx, tx, ownerID, id)
		if err != nil {
			return err
		}
		if State(e.State) != On {
			return ErrOff.Because("webhook %d is %s", id, e.State)
		}
		d, err := w.q.Delivery(ctx, tx, dbsqlc.DeliveryParams{ID: deliveryID, EndpointID: id})
		if err != nil {
			return found(err, "message %d of webhook %d", deliveryID, id)
		}
		if d.EventID == nil {
			return ErrNotFound.Because("message %d is a test", deliveryID)
		}
		n, err := w.q.ReviveDelivery(ctx, tx, dbsqlc.ReviveDeliveryParams{
			ID:         deliveryID,
			EndpointID: id,
			At:         w.deps.Now(),
		})
		if err == nil && n == 0 {
			return ErrWaiting.Because("message %d", deliveryID)
		}
		return failed(err, "resend message %d", deliveryID)
	})
}

// Purge deletes messages that were settled longer than age ago, and returns how many.
func (w *Webhooks) Purge(ctx context.Context, age time.Duration) (int64, error) {
	n, err := w.q.Purge(ctx, w.deps.Pool, w.deps.Now().Add(-age))
	return n, failed(err, "purge messages")
}
