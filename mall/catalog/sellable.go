package catalog

import (
	"context"
	"fmt"

	"videomall/mall/catalog/internal/dbsqlc"
)

// Offers is OffersTx for pages, which may show what is a second old. An order asks within its own transaction.
func (c *Catalog) Offers(ctx context.Context, skuIDs []int64) (map[int64]Offer, error) {
	return c.OffersTx(ctx, c.pools.Replica, skuIDs, c.now())
}

// Sellable returns up to most SKUs that can be sold now, of one creator or with creatorID 0 of all, the newest videos
// first: what a form lets choose from.
func (c *Catalog) Sellable(ctx context.Context, creatorID int64, most int) ([]Offer, error) {
	ids, err := c.queries.SellableIDs(ctx, c.pools.Replica, dbsqlc.SellableIDsParams{
		CreatorID: creatorID,
		Most:      int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("sellable SKUs of %d: %w", creatorID, err)
	}
	offers, err := c.Offers(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Offer, 0, len(ids))
	for _, id := range ids {
		if o, ok := offers[id]; ok { // without a price now it is none
			list = append(list, o)
		}
	}
	return list, nil
}
