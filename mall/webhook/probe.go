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

// between is the least time between two tests of an endpoint. It is longer than a test can take, so that two tests
// never run at once.
const between = deadline + 5*time.Second

// Test sends a test message to an endpoint, once and immediately, whether the endpoint is on or off. It stores the
// message with its result like every other one and returns its id. The result does not change the state of the
// endpoint. Test may take as long as a call. Errors: ErrNotFound, ErrTested.
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
		return 0, ctx.Err() // the caller has left
	}
	return deliveryID, err
}
