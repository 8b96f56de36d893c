package inventory

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/inventory/internal/dbsqlc"
)

// ErrSplitTooLarge says that a SKU's normal stock holds fewer units than a campaign wants of it.
var ErrSplitTooLarge = fault.New(fault.Conflict, "split_too_large",
	"The stock has fewer units left than the sale wants.")

// CampaignKey names a campaign's stock of one SKU.
type CampaignKey struct{ CampaignID, SKUID int64 }

// SplitTx sets units of a SKU apart for a campaign: they leave what is available of the normal stock and become a stock
// of their own, which no other order can take. A SKU without a limit has nothing to take them from, so that its
// campaign's are made from nothing, and later fall back into it. perUser is how many of them one person may have, 0
// without a limit. Once a campaign and SKU; call it in ascending order of the SKUs, or two campaigns can deadlock.
// Errors: ErrSplitTooLarge, which leaves the transaction usable.
func (i *Inventory) SplitTx(ctx context.Context, tx pgx.Tx, campaignID, skuID, units int64, perUser int) error {
	taken, err := i.q.TakeFromNormal(ctx, tx, dbsqlc.TakeFromNormalParams{SkuID: skuID, Units: units})
	if err != nil {
		return fmt.Errorf("take %d of sku %d for campaign %d: %w", units, skuID, campaignID, err)
	}
	if taken == 0 {
		limited, err := i.q.HasNormal(ctx, tx, skuID)
		if err != nil {
			return fmt.Errorf("stock of sku %d: %w", skuID, err)
		}
		if limited {
			return ErrSplitTooLarge.Because("campaign %d wants %d of sku %d", campaignID, units, skuID)
		}
	}
	err = i.q.InsertCampaignStock(ctx, tx, dbsqlc.InsertCampaignStockParams{
		SkuID:      skuID,
		CampaignID: campaignID,
		Units:      units,
		FromNormal: taken > 0,
		PerUser:    int32(perUser),
	})
	if err != nil {
		return fmt.Errorf("stock of campaign %d, sku %d: %w", campaignID, skuID, err)
	}
	return nil
}

// MergeTx returns the available units of a campaign's stock to the normal stock that they came from, and says how many
// there were. Frozen and sold units stay. It can be called again: the next call returns what orders give back that are
// closed or refunded later.
func (i *Inventory) MergeTx(ctx context.Context, tx pgx.Tx, campaignID int64) (units int64, err error) {
	rows, err := i.q.LockCampaignStock(ctx, tx, campaignID)
	if err != nil {
		return 0, fmt.Errorf("lock the stock of campaign %d: %w", campaignID, err)
	}
	normal := map[int64]int64{} // row by SKU
	for _, r := range rows {
		if r.CampaignID == nil {
			normal[r.SkuID] = r.ID
			continue
		}
		if r.Available == 0 {
			continue
		}
		err := i.q.TakeAvailable(ctx, tx, dbsqlc.TakeAvailableParams{ID: r.ID, Units: r.Available})
		if err == nil && r.FromNormal {
			err = i.q.AddAvailable(ctx, tx, dbsqlc.AddAvailableParams{ID: normal[r.SkuID], Units: r.Available})
		}
		if err != nil {
			return 0, fmt.Errorf("merge %d of sku %d of campaign %d: %w", r.Available, r.SkuID, campaignID, err)
		}
		units += r.Available
	}
	return units, nil
}

// CampaignMoved has the gate count the stocks of a campaign, and those that it was split from, once units went from
// one to the other.
func (i *Inventory) CampaignMoved(ctx context.Context, campaignID int64) {
	if i.Gate == nil {
		return
	}
	ids, err := i.q.CampaignSKUs(ctx, i.pool, campaignID)
	if err != nil {
		return // the recount of all finds it
	}
	var stocks []StockKey
	for _, id := range ids {
		stocks = append(stocks, StockKey{SKUID: id}, StockKey{SKUID: id, CampaignID: campaignID})
	}
	i.Gate.Follow(ctx, stocks...)
}

// CampaignCounts reads the campaigns' units, by campaign and SKU.
func (i *Inventory) CampaignCounts(ctx context.Context, campaignIDs []int64) (map[CampaignKey]Counts, error) {
	rows, err := i.q.CampaignCounts(ctx, i.pool, campaignIDs)
	if err != nil {
		return nil, fmt.Errorf("stock of campaigns %v: %w", campaignIDs, err)
	}
	counts := make(map[CampaignKey]Counts, len(rows))
	for _, r := range rows {
		counts[CampaignKey{r.CampaignID, r.SkuID}] = Counts{r.Total, r.Available, r.Frozen, r.Sold}
	}
	return counts, nil
}

// CampaignsWithStock lists the campaigns, over ones too, that have units available.
func (i *Inventory) CampaignsWithStock(ctx context.Context) ([]int64, error) {
	ids, err := i.q.CampaignsWithStock(ctx, i.pool)
	if err != nil {
		return nil, fmt.Errorf("campaigns with stock: %w", err)
	}
	return ids, nil
}
