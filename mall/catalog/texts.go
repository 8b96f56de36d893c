package catalog

import (
	"context"
	"fmt"

	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
)

// Texts are the searchable texts of a live SPU, with the counts that tell how well known it is.
type Texts struct {
	SPUID                  int64
	Title                  locale.Text
	Description            locale.Text
	Creator                locale.Text
	Category               locale.Text
	Tags                   []string
	SoldCount              int64
	RatingSum, RatingCount int64
}

// TextsTx returns the texts of those SPUs that are live. q is the caller's transaction or a pool.
func (c *Catalog) TextsTx(ctx context.Context, q Querier, spuIDs []int64) ([]Texts, error) {
	rows, err := c.queries.Texts(ctx, q, spuIDs)
	if err != nil {
		return nil, fmt.Errorf("texts of SPUs %v: %w", spuIDs, err)
	}
	list := make([]Texts, len(rows))
	for i, r := range rows {
		list[i] = Texts{
			SPUID:       r.ID,
			Title:       locale.Text{Zh: r.TitleZh, En: r.TitleEn},
			Description: locale.Text{Zh: r.DescriptionZh, En: r.DescriptionEn},
			Creator:     locale.Text{Zh: r.CreatorZh, En: r.CreatorEn},
			Category:    locale.Text{Zh: r.CategoryZh, En: r.CategoryEn},
			Tags:        r.Tags,
			SoldCount:   r.SoldCount,
			RatingSum:   r.RatingSum,
			RatingCount: r.RatingCount,
		}
	}
	return list, nil
}

// Texts is TextsTx of what may be a second old, for a page that shows where a search matched.
func (c *Catalog) Texts(ctx context.Context, spuIDs []int64) ([]Texts, error) {
	return c.TextsTx(ctx, c.pools.Replica, spuIDs)
}

// LiveIDs returns up to limit live SPUs with ids above after, in order, for walking through all of them.
func (c *Catalog) LiveIDs(ctx context.Context, after int64, limit int) ([]int64, error) {
	ids, err := c.queries.LiveIDs(ctx, c.pools.Primary, dbsqlc.LiveIDsParams{After: after, Most: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("live SPUs after %d: %w", after, err)
	}
	return ids, nil
}
