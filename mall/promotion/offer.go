package promotion

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/money"
	"videomall/mall/promotion/internal/dbsqlc"
)

// Key names what a campaign sells of one SKU.
type Key struct{ CampaignID, SKUID int64 }

// Offer is what an order needs of it: the price of one unit, how many one person may have, and between which moments.
type Offer struct {
	Key
	Amount   money.Money
	PerUser  int
	StartsAt time.Time
	EndsAt   time.Time
}

// OffersTx returns what the campaigns sell at a moment: only those that run by their state and by the clock. A campaign that
// does not is absent from the map. q is the caller's transaction or a pool.
func (p *Promotions) OffersTx(ctx context.Context, q Querier, campaignIDs []int64, at time.Time) (map[Key]Offer, error) {
	rows, err := p.q.Offers(ctx, q, dbsqlc.OffersParams{CampaignIds: campaignIDs, At: at})
	if err != nil {
		return nil, fmt.Errorf("offers of campaigns %v: %w", campaignIDs, err)
	}
	offers := make(map[Key]Offer, len(rows))
	for _, r := range rows {
		key := Key{r.CampaignID, r.SkuID}
		offers[key] = Offer{Key: key, Amount: money.Of(r.Amount, r.Currency), PerUser: int(r.PerUser), StartsAt: r.StartsAt, EndsAt: r.EndsAt}
	}
	return offers, nil
}
