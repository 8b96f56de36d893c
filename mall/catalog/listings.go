package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/money"
)

// Listed is a listing as its creator sees it among others. Titles and cover are those on sale, and of what was never on
// sale those of its latest revision.
type Listed struct {
	SPUID                  int64
	Slug, TitleZh, TitleEn string
	Cover                  string
	Status                 string // of the SPU
	Revision               string // the state of the latest revision; empty where there is none
	First                  bool   // nothing of it was ever on sale
	TakenByCreator         bool
	From                   *money.Money // the cheapest price now
	SoldCount              int64
	UpdatedAt              time.Time
}

// Listings returns up to most of a creator's listings, the newest first, with ids below before (0: from the newest).
// state narrows them to one state of an SPU; StatusInReview finds edits of what is on sale too.
func (c *Catalog) Listings(ctx context.Context, creatorID int64, state string, before int64,
	most int) ([]Listed, error) {
	rows, err := c.queries.Listings(ctx, c.pools.Primary, dbsqlc.ListingsParams{
		CreatorID: creatorID,
		State:     state,
		BeforeID:  before,
		Most:      int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("listings of %d: %w", creatorID, err)
	}
	list := make([]Listed, len(rows))
	for i, r := range rows {
		l := Listed{
			SPUID:          r.ID,
			Slug:           r.Slug,
			TitleZh:        r.TitleZh,
			TitleEn:        r.TitleEn,
			Cover:          r.Cover,
			Status:         r.Status,
			Revision:       r.RevisionState,
			First:          r.PublishedAt == nil,
			TakenByCreator: r.TakenByCreator,
			From:           sum(r.FromAmount, r.FromCurrency),
			SoldCount:      r.SoldCount,
			UpdatedAt:      r.RevisedAt,
		}
		if l.First && r.RevisionContent != nil {
			var n Content
			if err := json.Unmarshal(r.RevisionContent, &n); err != nil {
				return nil, fmt.Errorf("content of listing %d: %w", r.ID, err)
			}
			l.TitleZh = n.TitleZh
			l.TitleEn = n.TitleEn
			l.Cover = n.Cover
		}
		list[i] = l
	}
	return list, nil
}

// Preview is the product as it would be with a revision's content: what its creator and its reviewers look at before
// anybody else does. SKUs that are not on sale yet have no id.
func (c *Catalog) Preview(ctx context.Context, r Revision) (Product, error) {
	p, err := c.readProduct(ctx, r.SPUID, c.now())
	if err != nil {
		return Product{}, err
	}
	n := r.Content
	known := Editing{Listed: new(p)}
	p.TitleZh = n.TitleZh
	p.TitleEn = n.TitleEn
	p.DescriptionZh = n.DescriptionZh
	p.DescriptionEn = n.DescriptionEn
	p.Tags = n.Tags
	p.Cover = n.Cover
	p.VideoID = n.VideoID
	p.Series = nil
	if r.First {
		p.Slug = n.Slug
	}
	if err := c.previewNames(ctx, n, &p); err != nil {
		return Product{}, err
	}
	video, found, err := c.videoTx(ctx, c.pools.Primary, r.CreatorID, n.VideoID)
	if err != nil {
		return Product{}, err
	}
	if found {
		p.DurationSeconds, p.AssetID = video.DurationSeconds, nil
		if video.Ready {
			p.AssetID = &video.AssetID
		}
	}
	p.FreeSeconds = freeOf(n.FreeSeconds, p.DurationSeconds)
	p.SKUs = nil
	for _, w := range n.Ways {
		k, sold := known.Selling(w)
		if !sold {
			k = SKU{
				Kind:      w.Kind,
				Quality:   w.Quality,
				RentHours: w.RentHours,
			}
		}
		k.StockLimited, k.MaxPerOrder = w.Limited, w.MaxPerOrder
		if k.Price == nil && w.Price != nil {
			k.Price = &Price{Amount: money.Of(*w.Price, Currency), List: sum(w.List, new(Currency))}
		}
		p.SKUs = append(p.SKUs, k)
	}
	return p, nil
}

// previewNames fills in the names of the category and the series that content names by id.
func (c *Catalog) previewNames(ctx context.Context, n Content, p *Product) error {
	categories, err := c.Categories(ctx)
	if err != nil {
		return err
	}
	for _, s := range categories {
		if s.ID == n.CategoryID {
			p.CategoryID = s.ID
			p.CategorySlug = s.Slug
			p.CategoryZh = s.NameZh
			p.CategoryEn = s.NameEn
		}
	}
	if n.SeriesID == 0 {
		return nil
	}
	s, err := c.queries.SeriesByID(ctx, c.pools.Primary, n.SeriesID)
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("series %d: %w", n.SeriesID, err)
	}
	p.Series = &SeriesRef{
		ID:      s.ID,
		Slug:    s.Slug,
		TitleZh: s.TitleZh,
		TitleEn: s.TitleEn,
		Episode: n.Episode,
	}
	return nil
}
