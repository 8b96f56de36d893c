package promotion

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/promotion/internal/dbsqlc"
)

// Schedule announces a draft and sets its stock apart, all of it or nothing. From now on its prices and numbers stay as
// they are. Errors: ErrNotFound, ErrMoved, ErrInvalid where a price or a moment does not fit any more, ErrSKUBusy, and
// the stock's own where it has too few units; all but the first two name the item.
func (p *Promotions) Schedule(ctx context.Context, by Actor, id int64, version int) (c Campaign, err error) {
	err = db.InTxRetrying(ctx, p.deps.Pool, 3, func(tx pgx.Tx) error {
		if c, err = p.lockAsTx(ctx, tx, by, id, version, Drafted); err != nil {
			return err
		}
		d := Draft{c.Name, c.StartsAt, c.EndsAt, c.Items}
		// The owner's SKUs count, whoever presses the button.
		owner := Actor{UserID: c.OwnerID, Operator: by.Operator}
		if err := p.checkTx(ctx, tx, owner, d, p.deps.Now()); err != nil {
			return err
		}
		busy, err := p.q.BusySKUs(ctx, tx, dbsqlc.BusySKUsParams{SkuIds: skuIDs(c.Items), CampaignID: c.ID})
		if err != nil {
			return fmt.Errorf("skus of campaign %d in others: %w", id, err)
		}
		if len(busy) > 0 {
			return atFault(ErrSKUBusy, c.Items, busy[0], "sku")
		}
		if err := p.moveTx(ctx, tx, &c, move{Scheduled, "scheduled", by.String()}); err != nil {
			return err
		}
		inOrder := slices.Clone(c.Items) // everybody locks stock in the order of the SKUs
		slices.SortFunc(inOrder, func(a, b Item) int { return cmp.Compare(a.SKUID, b.SKUID) })
		for _, i := range inOrder {
			if err := p.deps.Stock.Split(ctx, tx, c.ID, i.SKUID, int64(i.Units), i.PerUser); err != nil {
				return atFault(err, c.Items, i.SKUID, "units")
			}
		}
		return p.auditTx(ctx, tx, by, "sale.schedule", c)
	})
	if err != nil {
		return Campaign{}, err
	}
	p.deps.Stock.Moved(ctx, id)
	return c, nil
}

// Cancel gives a campaign up that has not run yet; its stock goes back. Errors: ErrNotFound, ErrMoved.
func (p *Promotions) Cancel(ctx context.Context, by Actor, id int64, version int) error {
	return p.giveUp(ctx, by, id, version, move{Cancelled, "cancelled", by.String()}, Drafted, Scheduled)
}

// Stop ends a running campaign before its time; what is left goes back, and orders that were placed stay.
// Errors: ErrNotFound, ErrMoved.
func (p *Promotions) Stop(ctx context.Context, by Actor, id int64, version int) error {
	return p.giveUp(ctx, by, id, version, move{Ended, "stopped", by.String()}, Running)
}

func (p *Promotions) giveUp(ctx context.Context, by Actor, id int64, version int, m move, from ...Status) error {
	err := db.InTxRetrying(ctx, p.deps.Pool, 3, func(tx pgx.Tx) error {
		c, err := p.lockAsTx(ctx, tx, by, id, version, from...)
		if err != nil {
			return err
		}
		if err := p.moveTx(ctx, tx, &c, m); err != nil {
			return err
		}
		if _, err = p.deps.Stock.Merge(ctx, tx, id); err != nil {
			return err
		}
		return p.auditTx(ctx, tx, by, "sale."+m.cause, c)
	})
	if err == nil {
		p.deps.Stock.Moved(ctx, id)
	}
	return err
}

// lockAsTx locks a campaign that is the actor's, in one of the states and in the version that the actor looked at.
func (p *Promotions) lockAsTx(ctx context.Context, tx pgx.Tx, by Actor, id int64, version int,
	from ...Status,
) (Campaign, error) {
	c, err := p.lockTx(ctx, tx, id)
	switch {
	case err != nil:
		return Campaign{}, err
	case !by.owns(c):
		return Campaign{}, ErrNotFound.Because("campaign %d is not of %s", id, by)
	case c.Version != version || !slices.Contains(from, c.Status):
		return Campaign{}, ErrMoved.Because("campaign %d is %s at version %d, wanted %v at %d", id, c.Status, c.Version,
			from, version)
	}
	return c, nil
}
