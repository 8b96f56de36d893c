package catalog

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
	"videomall/mall/money"
)

// Offer is a SKU that can be sold at a moment, at the price valid then.
type Offer struct {
	SKUID, SPUID, CreatorID, PriceID int64
	Slug, Cover                      string
	Title                            locale.Text
	Kind, Quality                    string
	RentHours                        int // 0 when owned
	StockLimited                     bool
	MaxPerOrder                      int
	Amount                           money.Money
	ListAmount                       *money.Money // the struck-out price; nil when there is none
}

// OffersTx returns what can be sold of the SKUs at a moment: its SPU live, itself active, a price valid. An
// id that can't be sold is absent from the map. q is the caller's transaction or a pool.
func (c *Catalog) OffersTx(ctx context.Context, q Querier, skuIDs []int64, at time.Time) (map[int64]Offer, error) {
	rows, err := c.queries.Offers(ctx, q, dbsqlc.OffersParams{SkuIds: skuIDs, At: at})
	if err != nil {
		return nil, fmt.Errorf("offers of SKUs %v: %w", skuIDs, err)
	}
	offers := make(map[int64]Offer, len(rows))
	for _, r := range rows {
		offers[r.SkuID] = Offer{
			SKUID:        r.SkuID,
			SPUID:        r.SpuID,
			CreatorID:    r.CreatorID,
			PriceID:      r.PriceID,
			Slug:         r.Slug,
			Title:        locale.Text{Zh: r.TitleZh, En: r.TitleEn},
			Cover:        r.Cover,
			Kind:         r.Kind,
			Quality:      r.Quality,
			RentHours:    int(r.RentHours),
			StockLimited: r.StockLimited,
			MaxPerOrder:  int(r.MaxPerOrder),
			Amount:       money.Of(r.Amount, r.Currency),
			ListAmount:   money.Optional(r.ListAmount, &r.Currency),
		}
	}
	return offers, nil
}

// CountSaleTx adds n to the sold copies that "popular" sorts by; a negative n takes refunded copies out again. It joins
// the transaction that handles the event, so that the count and the record that the event was handled commit together.
func (c *Catalog) CountSaleTx(ctx context.Context, q Querier, spuID int64, n int) error {
	found, err := c.queries.CountSale(ctx, q, dbsqlc.CountSaleParams{SpuID: spuID, N: int64(n)})
	if err != nil {
		return fmt.Errorf("count %d sold of SPU %d: %w", n, spuID, err)
	}
	if found == 0 {
		return ErrProductNotFound.Because("count a sale of SPU %d", spuID)
	}
	if c.caches.Changes == nil {
		return nil
	}
	// The order has written an event of the sale already; this only notifies the processes that show best sellers.
	return c.caches.Notify(ctx, q, Change{Type: ChangeSold, SPUID: spuID})
}
