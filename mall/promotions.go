package mall

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/inventory"
	"videomall/mall/promotion"
)

// PromotionsDeps are what campaigns stand on.
type PromotionsDeps struct {
	Pool      *pgxpool.Pool
	Catalog   *catalog.Catalog
	Inventory *inventory.Inventory
	Now       func() time.Time
	Audit     backoffice.AuditFunc // nil writes nothing
}

// Promotions opens the campaigns over the stock and the catalogue, which they know by these verbs only.
func Promotions(d PromotionsDeps) *promotion.Promotions {
	c, i := d.Catalog, d.Inventory
	return promotion.New(promotion.Deps{
		Pool:     d.Pool,
		Now:      d.Now,
		Audit:    d.Audit,
		Announce: c.NotifySaleTx,
		Stock: promotion.Stock{
			Split: i.SplitTx,
			Merge: i.MergeTx,
			Left:  i.CampaignsWithStock,
			Moved: i.CampaignMoved,
		},
		SKUs: func(ctx context.Context, q promotion.Querier, skuIDs []int64,
			at time.Time,
		) (map[int64]promotion.SKU, error) {
			offers, err := c.OffersTx(ctx, q, skuIDs, at)
			skus := make(map[int64]promotion.SKU, len(offers))
			for id, o := range offers {
				skus[id] = promotion.SKU{
					SPUID:     o.SPUID,
					CreatorID: o.CreatorID,
					Price:     o.Amount,
				}
			}
			return skus, err
		},
		CreatorsOf: func(ctx context.Context, q promotion.Querier, spuIDs []int64) (map[int64]int64, error) {
			return c.CreatorsOfTx(ctx, q, spuIDs)
		},
	})
}
