package promotion

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// Turn starts and ends the campaigns whose moment has come, each in a transaction of its own, and says how many it
// moved. Called every second; a late turn sells nothing early or late, because an offer looks at the clock too. One
// campaign that fails keeps no other from its turn. Several processes may call it at once: the row's lock and the guard
// let one move.
func (p *Promotions) Turn(ctx context.Context) (moved int, err error) {
	ids, err := p.q.DueCampaigns(ctx, p.deps.Pool, p.deps.Now())
	if err != nil {
		return 0, fmt.Errorf("campaigns that are due: %w", err)
	}
	var failed []error
	for _, id := range ids {
		n, err := p.turn(ctx, id)
		moved += n
		failed = append(failed, err)
	}
	return moved, errors.Join(failed...)
}

// turn moves one campaign as far as the clock says: one that nobody started in time starts and ends at once.
func (p *Promotions) turn(ctx context.Context, id int64) (moved int, err error) {
	err = db.InTxRetrying(ctx, p.deps.Pool, 3, func(tx pgx.Tx) error {
		moved = 0
		c, err := p.lockTx(ctx, tx, id)
		if err != nil {
			return err
		}
		now := p.deps.Now()
		if c.Status == Scheduled && !now.Before(c.StartsAt) {
			if err := p.moveTx(ctx, tx, &c, move{Running, "time", system}); err != nil {
				return err
			}
			moved++
		}
		if c.Status == Running && !now.Before(c.EndsAt) {
			if err := p.moveTx(ctx, tx, &c, move{Ended, "time", system}); err != nil {
				return err
			}
			moved++
			if _, err := p.deps.Stock.Merge(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("turn campaign %d: %w", id, err)
	}
	p.deps.Stock.Moved(ctx, id)
	return moved, nil
}

// MergeLate takes back what came after the end: units of orders that closed or were refunded since, and says how many.
func (p *Promotions) MergeLate(ctx context.Context) (units int64, err error) {
	left, err := p.deps.Stock.Left(ctx)
	if err != nil || len(left) == 0 {
		return 0, err
	}
	over, err := p.q.OverAmong(ctx, p.deps.Pool, left)
	if err != nil {
		return 0, fmt.Errorf("campaigns that are over: %w", err)
	}
	var failed []error
	for _, id := range over { // over is final, so that no lock on the campaign is needed
		var n int64
		err := db.InTxRetrying(ctx, p.deps.Pool, 3, func(tx pgx.Tx) (err error) {
			n, err = p.deps.Stock.Merge(ctx, tx, id)
			return err
		})
		if err == nil {
			p.deps.Stock.Moved(ctx, id)
			units += n
		}
		failed = append(failed, err)
	}
	return units, errors.Join(failed...)
}
