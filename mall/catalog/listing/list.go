package listing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
	"videomall/mall/money"
)

// Listed is a row in a creator's list of listings. Title and cover are those on sale, or those of the latest revision
// where the listing was never on sale.
type Listed struct {
	SPUID          int64
	Slug           string
	Title          locale.Text
	Cover          string
	Status         string // of the SPU
	Revision       string // the state of the latest revision; empty where there is none
	First          bool   // nothing of it was ever on sale
	TakenByCreator bool
	From           *money.Money // the cheapest price now
	SoldCount      int64
	UpdatedAt      time.Time
}

// Of returns up to most of a creator's listings, the newest first, with ids below before (0: from the newest).
// state narrows them to one state of an SPU; StatusInReview finds edits of what is on sale too.
func (ls *Listings) Of(ctx context.Context, creatorID int64, state string, before int64,
	most int,
) ([]Listed, error) {
	rows, err := ls.queries.Listings(ctx, ls.pools.Primary, dbsqlc.ListingsParams{
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
			Title:          locale.Text{Zh: r.TitleZh, En: r.TitleEn},
			Cover:          r.Cover,
			Status:         r.Status,
			Revision:       r.RevisionState,
			First:          r.PublishedAt == nil,
			TakenByCreator: r.TakenByCreator,
			From:           money.Optional(r.FromAmount, r.FromCurrency),
			SoldCount:      r.SoldCount,
			UpdatedAt:      r.RevisedAt,
		}
		if l.First && r.RevisionContent != nil {
			var n Content
			if err := json.Unmarshal(r.RevisionContent, &n); err != nil {
				return nil, fmt.Errorf("content of listing %d: %w", r.ID, err)
			}
			l.Title = n.Title
			l.Cover = n.Cover
		}
		list[i] = l
	}
	return list, nil
}

// Preview is the product as it would be with a revision's content: what its creator and its reviewers look at before
// anybody else does. SKUs that are not on sale yet have no id.
func (ls *Listings) Preview(ctx context.Context, r Revision) (catalog.Product, error) {
	p, err := ls.catalog.ReadProduct(ctx, r.SPUID)
	if err != nil {
		return catalog.Product{}, err
	}
	n := r.Content
	known := Editing{Listed: new(p)}
	p.Title = n.Title
	p.Description = n.Description
	p.Tags = n.Tags
	p.Cover = n.Cover
	p.VideoID = n.VideoID
	p.Series = nil
	if r.First {
		p.Slug = n.Slug
	}
	if err := ls.previewNames(ctx, n, &p); err != nil {
		return catalog.Product{}, err
	}
	video, found, err := ls.videoTx(ctx, ls.pools.Primary, r.CreatorID, n.VideoID)
	if err != nil {
		return catalog.Product{}, err
	}
	if found {
		p.DurationSeconds, p.AssetID = video.DurationSeconds, nil
		if video.Ready {
			p.AssetID = &video.AssetID
		}
	}
	p.FreeSeconds = catalog.FreeSeconds(n.FreeSeconds, p.DurationSeconds)
	p.SKUs = nil
	for _, s := range n.SKUs {
		k, sold := known.Selling(s)
		if !sold {
			k = catalog.SKU{
				Kind:      s.Kind,
				Quality:   s.Quality,
				RentHours: s.RentHours,
			}
		}
		k.StockLimited, k.MaxPerOrder = s.Limited, s.MaxPerOrder
		if k.Price == nil && s.Price != nil {
			k.Price = &catalog.Price{Amount: money.Of(*s.Price, Currency), List: money.Optional(s.List, new(Currency))}
		}
		p.SKUs = append(p.SKUs, k)
	}
	return p, nil
}

// previewNames fills in the names of the category and the series that content names by id.
func (ls *Listings) previewNames(ctx context.Context, n Content, p *catalog.Product) error {
	categories, err := ls.catalog.Categories(ctx)
	if err != nil {
		return err
	}
	for _, s := range categories {
		if s.ID == n.CategoryID {
			p.CategoryID = s.ID
			p.CategorySlug = s.Slug
			p.Category = s.Name
		}
	}
	if n.SeriesID == 0 {
		return nil
	}
	s, err := ls.queries.SeriesByID(ctx, ls.pools.Primary, n.SeriesID)
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("series %d: %w", n.SeriesID, err)
	}
	p.Series = &catalog.SeriesRef{
		ID:      s.ID,
		Slug:    s.Slug,
		Title:   locale.Text{Zh: s.TitleZh, En: s.TitleEn},
		Episode: n.Episode,
	}
	return nil
}
