package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/outbox/internal/dbsqlc"
)

// ErrNotDead says that there is no such dead letter, or no longer.
var ErrNotDead = fault.New(fault.NotFound, "dead_letter_not_found", "There is no such dead letter.")

// DeadLetter is an event that a subscriber has refused for good, or refused and is to be tried again. A dead one no
// longer delays the events behind it.
type DeadLetter struct {
	Subscriber string
	Event      Event
	Attempts   int
	LastError  string
	DiedAt     time.Time // zero for an event that will be tried again
	NextAt     time.Time // when it will be tried again; meaningless for a dead one
}

// Trying reports whether the event will be tried again, so that it is not dead yet.
func (l DeadLetter) Trying() bool { return l.DiedAt.IsZero() }

// letter converts a delivery with its event. The three queries select the same columns, so that one row type serves
// all.
func letter(r dbsqlc.LettersOfRow) DeadLetter {
	l := DeadLetter{
		Subscriber: r.Subscriber,
		Attempts:   int(r.Attempts),
		LastError:  r.LastError,
		NextAt:     r.NextAt,
		Event: Event{
			ID:        r.EventID,
			Type:      r.Type,
			Aggregate: r.Aggregate,
			Payload:   r.Payload,
			CreatedAt: r.CreatedAt,
		},
	}
	if r.SettledAt != nil {
		l.DiedAt = *r.SettledAt
	}
	return l
}

// Dead lists the dead letters, the latest first.
func (o *Outbox) Dead(ctx context.Context, limit int) ([]DeadLetter, error) {
	rows, err := o.q.DeadDeliveries(ctx, o.pool, int32(limit))
	if err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	letters := make([]DeadLetter, len(rows))
	for i, r := range rows {
		letters[i] = letter(dbsqlc.LettersOfRow(r))
	}
	return letters, nil
}

// Refused lists the events that were refused at least once and will be tried again, the next one first.
func (o *Outbox) Refused(ctx context.Context, limit int) ([]DeadLetter, error) {
	rows, err := o.q.RefusedDeliveries(ctx, o.pool, int32(limit))
	if err != nil {
		return nil, fmt.Errorf("refused events: %w", err)
	}
	letters := make([]DeadLetter, len(rows))
	for i, r := range rows {
		letters[i] = letter(dbsqlc.LettersOfRow(r))
	}
	return letters, nil
}

// Lookup lists, for one event, the subscribers by which it is a dead letter, or was refused and will be tried again.
func (o *Outbox) Lookup(ctx context.Context, eventID int64) ([]DeadLetter, error) {
	rows, err := o.q.LettersOf(ctx, o.pool, eventID)
	if err != nil {
		return nil, fmt.Errorf("letters of event %d: %w", eventID, err)
	}
	letters := make([]DeadLetter, len(rows))
	for i, r := range rows {
		letters[i] = letter(r)
	}
	return letters, nil
}

// CountDead counts the dead letters.
func (o *Outbox) CountDead(ctx context.Context) (int64, error) { return o.q.CountDead(ctx, o.pool) }

// Retry has a dead letter tried again, with all its attempts; by is the operator's account. Errors: ErrNotDead.
func (o *Outbox) Retry(ctx context.Context, by int64, subscriber string, eventID int64) error {
	return o.settling(ctx, by, "retry", subscriber, eventID, func(tx pgx.Tx) (int64, error) {
		return o.q.ReviveDelivery(ctx, tx, dbsqlc.ReviveDeliveryParams{
			Subscriber: subscriber,
			EventID:    eventID,
			NextAt:     o.now(),
		})
	})
}

// Discard deletes a dead letter; by is the operator's account. Errors: ErrNotDead.
func (o *Outbox) Discard(ctx context.Context, by int64, subscriber string, eventID int64) error {
	return o.settling(ctx, by, "discard", subscriber, eventID, func(tx pgx.Tx) (int64, error) {
		return o.q.DiscardDelivery(ctx, tx, dbsqlc.DiscardDeliveryParams{Subscriber: subscriber, EventID: eventID})
	})
}

// Cancel discards an event that was refused and would be tried again, so that the events behind it go on; by is the
// operator's account. Errors: ErrNotDead, also if it was delivered meanwhile.
func (o *Outbox) Cancel(ctx context.Context, by int64, subscriber string, eventID int64) error {
	return o.settling(ctx, by, "cancel", subscriber, eventID, func(tx pgx.Tx) (int64, error) {
		return o.q.CancelDelivery(ctx, tx, dbsqlc.CancelDeliveryParams{Subscriber: subscriber, EventID: eventID})
	})
}

func (o *Outbox) settling(ctx context.Context, by int64, verb, subscriber string, eventID int64,
	do func(pgx.Tx) (int64, error),
) error {
	return db.InTx(ctx, o.pool, func(tx pgx.Tx) error {
		n, err := do(tx)
		if err = settled(n, err, verb, subscriber, eventID); err != nil || o.audit == nil {
			return err
		}
		return o.audit(ctx, tx, by, "letter."+verb, fmt.Sprintf("event:%d", eventID),
			map[string]any{"subscriber": subscriber})
	})
}

func settled(rows int64, err error, verb, subscriber string, eventID int64) error {
	if err != nil {
		return fmt.Errorf("%s event %d of %s: %w", verb, eventID, subscriber, err)
	}
	if rows == 0 {
		return ErrNotDead.Because("%s event %d of %s", verb, eventID, subscriber)
	}
	return nil
}

// Purge deletes what was delivered longer than age ago, and the events older than that which no subscriber needs any
// more. It returns the number of events deleted.
func (o *Outbox) Purge(ctx context.Context, age time.Duration) (int64, error) {
	before := o.now().Add(-age)
	if err := o.q.PurgeDeliveries(ctx, o.pool, before); err != nil {
		return 0, fmt.Errorf("purge deliveries: %w", err)
	}
	names := make([]string, len(o.subscribers))
	for i, s := range o.subscribers {
		names[i] = s.name
	}
	n, err := o.q.PurgeEvents(ctx, o.pool, dbsqlc.PurgeEventsParams{Before: before, Subscribers: names})
	if err != nil {
		return 0, fmt.Errorf("purge events: %w", err)
	}
	return n, nil
}
