package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/outbox/internal/dbsqlc"
)

// Told is an event with the numbers of subscribers that have still to be handed it, that were handed it lately, and
// that have refused it for good. An event of which all are zero was delivered long ago, or was not read by the relay
// yet.
type Told struct {
	ID        int64
	Type      string
	CreatedAt time.Time
	Pending   int64
	Delivered int64
	Dead      int64
}

// OfAggregate lists the latest events of an aggregate, at most most of them, the oldest of these first. Events that
// were purged are absent.
func (o *Outbox) OfAggregate(ctx context.Context, aggregate string, most int) ([]Told, error) {
	rows, err := o.q.OfAggregate(ctx, o.pool, dbsqlc.OfAggregateParams{Aggregate: aggregate, MaxRows: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("events of %s: %w", aggregate, err)
	}
	list := make([]Told, len(rows))
	for n, r := range rows {
		list[n] = Told(r)
	}
	slices.Reverse(list)
	return list, nil
}

// WrittenTx lists the types of the events that the caller's transaction has written, in their order.
func (o *Outbox) WrittenTx(ctx context.Context, tx pgx.Tx) ([]string, error) {
	types, err := o.q.WrittenHere(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("events of this transaction: %w", err)
	}
	return types, nil
}
