package catalog

import (
	"context"
	"fmt"

	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/money"
)

// Offers is OffersTx for pages, which may show what is a second old. An order asks within its own transaction.
func (c *Catalog) Offers(ctx context.Context, skuIDs []int64) (map[int64]Offer, error) {
	return c.OffersTx(ctx, c.pools.Replica, skuIDs, c.now())
}

// PublishedPrice is a price at which something is sold, and how many SKUs have it.
type PublishedPrice struct {
	Price money.Money
	SKUs  int
}

// PublishedPrices lists the prices above zero at which something is sold now, the lowest of a currency first. It reads
// the prices of all that is on sale, a second's work for a million, so it is for pages that few open.
func (c *Catalog) PublishedPrices(ctx context.Context) ([]PublishedPrice, error) {
	rows, err := c.queries.PublishedPrices(ctx, c.pools.Replica, c.now())
	if err != nil {
		return nil, fmt.Errorf("published prices: %w", err)
	}
	list := make([]PublishedPrice, len(rows))
	for n, r := range rows {
		list[n] = PublishedPrice{Price: money.Of(r.Amount, r.Currency), SKUs: int(r.Skus)}
	}
	return list, nil
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
