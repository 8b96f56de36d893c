package catalog

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/cache"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
	"videomall/mall/money"
)

// Card is what a list shows of an SPU.
type Card struct {
	SPUID                  int64
	Slug                   string
	Title                  locale.Text
	Cover                  string
	DurationSeconds        int
	Live                   bool
	RatingSum, RatingCount int64
	SoldCount              int64
	PublishedAt            time.Time // zero when never published
	FromSKUID              int64     // the cheapest SKU now; 0 when nothing is on sale
	From                   *money.Money
	FromList               *money.Money // the struck-out price beside From
	// a flash sale that runs; order.Orders.PriceCards fills it in, since the catalogue knows of no sales
	Sale         *CardSale
	CreatorID    int64
	CreatorSlug  string
	Creator      locale.Text
	CategorySlug string
	Category     locale.Text
}

// CardSale is the lowest price at which a flash sale offers an SPU now.
type CardSale struct {
	CampaignID int64
	SKUID      int64
	Amount     money.Money
	Normal     money.Money // what the SKU costs outside of the sale
	EndsAt     time.Time
}

// Rating is the mean of the stars, 0 when nobody has reviewed.
func (c Card) Rating() float64 {
	if c.RatingCount == 0 {
		return 0
	}
	return float64(c.RatingSum) / float64(c.RatingCount)
}

// Cards returns the SPUs in the order of the ids, whatever their state: a library shows what was bought even
// when it is no longer sold. Unknown ids are left out.
func (c *Catalog) Cards(ctx context.Context, ids []int64) ([]Card, error) {
	return c.cards(ctx, c.pools.Replica, ids)
}

func (c *Catalog) cards(ctx context.Context, q Querier, ids []int64) ([]Card, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := c.queries.Cards(ctx, q, ids)
	if err != nil {
		return nil, fmt.Errorf("cards of SPUs %v: %w", ids, err)
	}
	byID := make(map[int64]dbsqlc.CardsRow, len(rows))
	for _, r := range rows {
		byID[r.ID] = r
	}
	cards := make([]Card, 0, len(rows))
	for _, id := range ids {
		if r, ok := byID[id]; ok {
			cards = append(cards, card(r))
		}
	}
	return cards, nil
}

// Related returns up to limit other videos on sale: of the same category or creator, those with most tags in common
// first, then those that sell best. The slice is shared: read only.
func (c *Catalog) Related(ctx context.Context, spuID int64, limit int) ([]Card, error) {
	key := fmt.Sprintf("%d.%d", spuID, limit)
	return c.caches.related.Get(ctx, key, []string{TagLists}, func(ctx context.Context) ([]Card, cache.Policy, error) {
		ids, err := c.queries.RelatedIDs(ctx, c.fresh(), dbsqlc.RelatedIDsParams{SpuID: spuID, Most: int32(limit)})
		if err != nil {
			return nil, cache.Policy{}, fmt.Errorf("related to SPU %d: %w", spuID, err)
		}
		cards, err := c.cards(ctx, c.fresh(), ids)
		return cards, cache.Policy{}, err
	})
}

func card(r dbsqlc.CardsRow) Card {
	k := Card{
		SPUID:           r.ID,
		Slug:            r.Slug,
		Title:           locale.Text{Zh: r.TitleZh, En: r.TitleEn},
		Cover:           r.Cover,
		DurationSeconds: int(r.DurationSeconds),
		Live:            r.Status == StatusLive,
		RatingSum:       r.RatingSum,
		RatingCount:     r.RatingCount,
		SoldCount:       r.SoldCount,
		From:            money.Optional(r.FromAmount, r.FromCurrency),
		FromList:        money.Optional(r.FromListAmount, r.FromCurrency),
		CreatorID:       r.CreatorID,
		CreatorSlug:     r.CreatorSlug,
		Creator:         locale.Text{Zh: r.CreatorZh, En: r.CreatorEn},
		CategorySlug:    r.CategorySlug,
		Category:        locale.Text{Zh: r.CategoryZh, En: r.CategoryEn},
	}
	if r.PublishedAt != nil {
		k.PublishedAt = *r.PublishedAt
	}
	if r.FromSkuID != nil {
		k.FromSKUID = *r.FromSkuID
	}
	return k
}
