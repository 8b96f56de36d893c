package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/outbox/internal/dbsqlc"
)

// batch bounds one transaction of the relay.
const batch = 100

// Relay delivers the events that are due to every subscriber and returns the number of deliveries. Any number of
// processes may relay at once: events of one aggregate reach a subscriber in order, one at a time. An error of a
// handler does not fail the relay; it delays the events of that aggregate for that subscriber.
func (o *Outbox) Relay(ctx context.Context) (delivered int, err error) {
	var failed []error
	for _, s := range o.subscribers {
		n, err := o.relayTo(ctx, s)
		delivered += n
		if err != nil {
			failed = append(failed, fmt.Errorf("relay to %s: %w", s.name, err))
		}
	}
	return delivered, errors.Join(failed...)
}

func (o *Outbox) relayTo(ctx context.Context, s subscriber) (delivered int, err error) {
	if err := o.q.AddCursor(ctx, o.pool, s.name); err != nil {
		return 0, err
	}
	for {
		fanned, err := o.fanOut(ctx, s)
		if err != nil {
			return delivered, err
		}
		tried, n, err := o.deliver(ctx, s)
		delivered += n
		if err != nil || (fanned == 0 && tried == 0) {
			return delivered, err
		}
	}
}

// fanOut writes deliveries for the events after a subscriber's cursor, and moves the cursor behind them.
func (o *Outbox) fanOut(ctx context.Context, s subscriber) (read int, err error) {
	err = db.InTx(ctx, o.pool, func(tx pgx.Tx) error {
		at, err := o.q.LockCursor(ctx, tx, s.name)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		events, err := o.q.EventsAfter(ctx, tx, dbsqlc.EventsAfterParams{
			StreamXid: at.Xid,
			EventID:   at.EventID,
			MaxRows:   batch,
		})
		if err != nil || len(events) == 0 {
			return err
		}
		read = len(events)
		arg := dbsqlc.InsertDeliveriesParams{Subscriber: s.name, NextAt: o.now()}
		for _, e := range events {
			if slices.Contains(s.types, e.Type) {
				arg.EventIds = append(arg.EventIds, e.ID)
				arg.Aggregates = append(arg.Aggregates, e.Aggregate)
			}
		}
		if err := o.q.InsertDeliveries(ctx, tx, arg); err != nil {
			return err
		}
		last := events[len(events)-1]
		return o.q.MoveCursor(ctx, tx, dbsqlc.MoveCursorParams{
			Subscriber: s.name,
			StreamXid:  last.Xid,
			EventID:    last.ID,
		})
	})
	return read, err
}

// deliver hands the first waiting event of each aggregate to the subscriber, each in a savepoint of its own.
func (o *Outbox) deliver(ctx context.Context, s subscriber) (tried, delivered int, err error) {
	err = db.InTx(ctx, o.pool, func(tx pgx.Tx) error {
		due, err := o.q.DueDeliveries(ctx, tx, dbsqlc.DueDeliveriesParams{
			Subscriber: s.name,
			At:         o.now(),
			MaxRows:    batch,
		})
		if err != nil {
			return err
		}
		tried = len(due)
		for _, d := range due {
			event := Event{
				ID:        d.EventID,
				XID:       d.Xid,
				Type:      d.Type,
				Aggregate: d.Aggregate,
				Payload:   d.Payload,
				CreatedAt: d.CreatedAt,
			}
			refused := pgx.BeginFunc(ctx, tx, func(savepoint pgx.Tx) error { return handle(ctx, savepoint, s, event) })
			if ctx.Err() != nil {
				return ctx.Err() // the process is stopping, so the handler did not fail
			}
			if err := o.noteTx(ctx, tx, s, event, int(d.Attempts), refused); err != nil {
				return err
			}
			if refused == nil {
				delivered++
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return tried, delivered, nil
}

// handle calls a subscriber and turns a panic into an error, so that one event can't stop the others.
func handle(ctx context.Context, tx pgx.Tx, s subscriber, e Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("subscriber %s panicked at event %d: %v", s.name, e.ID, p)
		}
	}()
	return s.handle(ctx, tx, e)
}

func (o *Outbox) noteTx(ctx context.Context, tx pgx.Tx, s subscriber, e Event, attempts int, refused error) error {
	now := o.now()
	switch {
	case refused == nil:
		return o.q.SettleDelivery(ctx, tx, dbsqlc.SettleDeliveryParams{
			Subscriber: s.name,
			EventID:    e.ID,
			State:      "delivered",
			At:         now,
		})
	case attempts+1 >= MaxAttempts:
		return o.q.SettleDelivery(ctx, tx, dbsqlc.SettleDeliveryParams{
			Subscriber: s.name,
			EventID:    e.ID,
			State:      "dead",
			LastError:  refused.Error(),
			At:         now,
		})
	default:
		return o.q.DelayDelivery(ctx, tx, dbsqlc.DelayDeliveryParams{
			Subscriber: s.name,
			EventID:    e.ID,
			LastError:  refused.Error(),
			NextAt:     now.Add(Backoff(attempts + 1)),
		})
	}
}
