package mall

import (
	"context"
	"errors"

	"videomall/mall/account"
	"videomall/mall/insight"
	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/mall/promotion"
	"videomall/mall/waitingroom"
)

// mayPreview lets a video be seen before it is sold, and without being bought, by who uploaded it and by those who review.
func (m *Mall) mayPreview(ctx context.Context, userID, assetID int64) (bool, error) {
	owner, err := m.Media.Videos.OwnerOf(ctx, assetID)
	if err == nil && owner == userID {
		return true, nil
	}
	if err != nil && !errors.Is(err, media.ErrUnknownVideo) {
		return false, err
	}
	u, err := m.Accounts.User(ctx, userID)
	return err == nil && u.Roles.Has(account.DutyReview), err
}

// findSale tells the waiting room of a flash sale that is public; nil otherwise.
func (m *Mall) findSale(ctx context.Context, campaignID int64) (*waitingroom.Sale, error) {
	c, err := m.Promotions.Public(ctx, campaignID)
	if errors.Is(err, promotion.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sale := &waitingroom.Sale{StartsAt: c.StartsAt, EndsAt: c.EndsAt}
	if !c.On(m.now()) {
		return sale, nil
	}
	counts, err := m.Inventory.CampaignCounts(ctx, []int64{campaignID})
	for _, n := range counts {
		sale.Available += n.Available
	}
	return sale, err
}

// countPlay hands each heartbeat of a play to the sums of creators.
func (m *Mall) countPlay(p playback.Progressed) {
	m.Insight.Played(insight.Sign{
		Session:  p.SessionID,
		UserID:   p.UserID,
		SPUID:    p.SPUID,
		Position: p.PositionSeconds,
		Duration: p.DurationSeconds,
	})
}
