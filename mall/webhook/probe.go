package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/webhook/internal/dbsqlc"
)

// between is the least time between two tests of an endpoint: longer than one can take, so that nobody is called by two
// at once.
const between = deadline + 5*time.Second

// Test calls an endpoint with a message that means nothing, at once and once, whether it is on or not; what comes of it
// is kept like every other message, whose id is returned, and says nothing of the endpoint. It may take as long as a
// call. Errors: ErrNotFound, ErrTested.
func (w *Webhooks) Test(ctx context.Context, ownerID, id int64) (deliveryID int64, err error) {
	p := parcel{messageID: newMessageID()}
	err = db.InTx(ctx, w.deps.Pool, func(tx pgx.Tx) error {
		e, err := w.ownedTx(ctx, tx, ownerID, id)
		if err != nil {
			return err
		}
		p.at, p.url = w.deps.Now(), e.Url
		n, err := w.q.MarkTested(ctx, tx, dbsqlc.MarkTestedParams{
			ID:     id,
			At:     p.at,
			Before: p.at.Add(-between),
		})
		if err == nil && n == 0 {
			return ErrTested.Because("webhook %d at %s", id, e.TestedAt)
		}
		if err == nil {
			p.secrets, err = w.wrap.secrets(e, p.at)
		}
		return failed(err, "test webhook %d", id)
	})
	if err != nil {
		return 0, err
	}
	if p.body, err = bodyOf(typeTest, p.at, struct{}{}); err != nil {
		return 0, fmt.Errorf("message of a test: %w", err)
	}
	r := w.sending.call(ctx, p)
	err = db.InTx(context.WithoutCancel(ctx), w.deps.Pool, func(tx pgx.Tx) error {
		_, err := w.ownedTx(ctx, tx, ownerID, id)
		if err != nil {
			return err
		}
		state := Delivered
		if r.failure != "" {
			state = Dead
		}
		deliveryID, err = w.q.InsertTest(ctx, tx, dbsqlc.InsertTestParams{
			EndpointID: id,
			MessageID:  p.messageID,
			Type:       typeTest,
			Body:       p.body,
			State:      string(state),
			At:         p.at,
			SettledAt:  w.deps.Now(),
		})
		if err != nil {
			return fmt.Errorf("keep the test of webhook %d: %w", id, err)
		}
		return w.noteTx(ctx, tx, deliveryID, r)
	})
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return 0, ctx.Err() // who asked has left
	}
	return deliveryID, err
}
