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

// OffersTx returns what the campaigns sell at a moment: only those that run by their state and by the clock. A campaign
// that does not is absent from the map. q is the caller's transaction or a pool.
func (p *Promotions) OffersTx(ctx context.Context, q Querier, campaignIDs []int64,
	at time.Time,
) (map[Key]Offer, error) {
	rows, err := p.q.Offers(ctx, q, dbsqlc.OffersParams{CampaignIds: campaignIDs, At: at})
	if err != nil {
		return nil, fmt.Errorf("offers of campaigns %v: %w", campaignIDs, err)
	}
	offers := make(map[Key]Offer, len(rows))
	for _, r := range rows {
		o := offerOf(r)
		offers[o.Key] = o
	}
	return offers, nil
}

// OffersOfTx returns what the campaigns that run at a moment sell of some SKUs, by SKU: each is in one of them at most.
// q is the caller's transaction or a pool.
func (p *Promotions) OffersOfTx(ctx context.Context, q Querier, skuIDs []int64, at time.Time) (map[int64]Offer, error) {
	rows, err := p.q.OffersOf(ctx, q, dbsqlc.OffersOfParams{SkuIds: skuIDs, At: at})
	if err != nil {
		return nil, fmt.Errorf("running offers of %d skus: %w", len(skuIDs), err)
	}
	offers := make(map[int64]Offer, len(rows))
	for _, r := range rows {
		offers[r.SkuID] = offerOf(dbsqlc.OffersRow(r))
	}
	return offers, nil
}

// mostOffers bounds what lists mark of running campaigns: those that end next come first.
const mostOffers = 1000

// AllOffersTx returns what all campaigns that run at a moment sell, the next to end first.
func (p *Promotions) AllOffersTx(ctx context.Context, q Querier, at time.Time) ([]Offer, error) {
	rows, err := p.q.AllOffers(ctx, q, dbsqlc.AllOffersParams{At: at, Most: mostOffers})
	if err != nil {
		return nil, fmt.Errorf("all running offers: %w", err)
	}
	offers := make([]Offer, len(rows))
	for n, r := range rows {
		offers[n] = offerOf(dbsqlc.OffersRow(r))
	}
	return offers, nil
}

func offerOf(r dbsqlc.OffersRow) Offer {
	return Offer{
		Key:      Key{r.CampaignID, r.SkuID},
		Amount:   money.Of(r.Amount, r.Currency),
		PerUser:  int(r.PerUser),
		StartsAt: r.StartsAt,
		EndsAt:   r.EndsAt,
	}
}
