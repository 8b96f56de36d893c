package promotion

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/promotion/internal/dbsqlc"
	"videomall/mall/transition"
)

// Status is how far a campaign has come.
type Status string

// The five states of a campaign. docs/campaigns.md draws them.
const (
	Drafted   Status = "drafted"   // seen by those who make it, and free to change
	Scheduled Status = "scheduled" // announced; its stock is set apart
	Running   Status = "running"   // sells, between its two moments
	Ended     Status = "ended"     // over; what was left went back, and what comes back later goes after it
	Cancelled Status = "cancelled" // given up before it ran
)

// transitions is the whole state machine. A CHECK on promotion_transition holds the same pairs, and a test compares the
// two with the drawn diagram.
var transitions = transition.Table[Status]{
	Drafted:   {Scheduled, Cancelled},
	Scheduled: {Running, Cancelled},
	Running:   {Ended},
	Ended:     {},
	Cancelled: {},
}

// Transitions returns a copy of the state machine's table.
func Transitions() transition.Table[Status] {
	return transitions.Clone()
}

// system acts when a moment has come.
const system = "system"

// move is one step of a campaign with who caused it, such as "creator:7", "operator:2" or "system".
type move struct {
	to    Status
	cause string
	actor string
}

// moveTx takes a campaign one step, if it is still in the state and version that c was read in, and records the step
// with its cause. Errors: ErrMoved, ErrSKUBusy; a pair outside the table is a mistake in the program.
func (p *Promotions) moveTx(ctx context.Context, tx pgx.Tx, c *Campaign, m move) error {
	if err := transitions.Check(c.Status, m.to); err != nil {
		return fmt.Errorf("campaign %d: %w (%s)", c.ID, err, m.cause)
	}
	at := p.deps.Now()
	row, err := p.q.MoveCampaign(ctx, tx, dbsqlc.MoveCampaignParams{
		ID:         c.ID,
		FromStatus: string(c.Status),
		ToStatus:   string(m.to),
		Version:    int32(c.Version),
		At:         at,
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrMoved.Because("campaign %d is not %s at version %d any more", c.ID, c.Status, c.Version)
	case db.IsUnique(err, "promotion_campaign_item_once"): // another campaign was scheduled a moment before
		return ErrSKUBusy.Because("campaign %d: %w", c.ID, err)
	case err != nil:
		return fmt.Errorf("move campaign %d to %s: %w", c.ID, m.to, err)
	}
	if err := p.q.InsertTransition(ctx, tx, dbsqlc.InsertTransitionParams{
		CampaignID: c.ID,
		FromStatus: string(c.Status),
		ToStatus:   string(m.to),
		Version:    row.Version,
		Cause:      m.cause,
		Actor:      m.actor,
		At:         at,
	}); err != nil {
		return fmt.Errorf("record campaign %d to %s: %w", c.ID, m.to, err)
	}
	items := c.Items
	*c = campaignOf(row)
	c.Items = items
	if p.deps.Announce == nil {
		return nil
	}
	if err := p.deps.Announce(ctx, tx, skuIDs(c.Items)); err != nil {
		return fmt.Errorf("announce campaign %d: %w", c.ID, err)
	}
	return nil
}

// lockTx reads a campaign with its items and keeps every other mover out until the transaction ends. Errors:
// ErrNotFound.
func (p *Promotions) lockTx(ctx context.Context, tx pgx.Tx, id int64) (Campaign, error) {
	row, err := p.q.LockCampaign(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Campaign{}, ErrNotFound.Because("campaign %d", id)
	}
	if err != nil {
		return Campaign{}, fmt.Errorf("lock campaign %d: %w", id, err)
	}
	list := []Campaign{campaignOf(row)}
	if err := p.loadItems(ctx, tx, list); err != nil {
		return Campaign{}, err
	}
	return list[0], nil
}
