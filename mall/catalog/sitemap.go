package catalog

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/catalog/internal/dbsqlc"
)

// SitemapKind is a kind of page that search engines are told of.
type SitemapKind string

// The kinds.
const (
	SitemapVideos   SitemapKind = "videos"
	SitemapCreators SitemapKind = "creators" // with a video on sale
	SitemapSeries   SitemapKind = "series"   // with an episode on sale
)

// sitemapAtOnce is how many rows are read at a time, so that a slow reader of a list holds no connection meanwhile.
const sitemapAtOnce = 1000

// SitemapPart is one part of a list: the pages whose ids, divided by the size of a part, are Number.
type SitemapPart struct {
	Kind      SitemapKind
	Number    int64
	ChangedAt time.Time // when the latest change of a page of it was made
}

// SitemapPage is a page in such a list.
type SitemapPage struct {
	Slug      string
	ChangedAt time.Time
}

// SitemapParts are the parts of every list, for parts of that many ids. It reads all that is on sale: cache the answer.
func (c *Catalog) SitemapParts(ctx context.Context, size int64) ([]SitemapPart, error) {
	var parts []SitemapPart
	videos, err := c.queries.VideoParts(ctx, c.pools.Replica, size)
	if err != nil {
		return nil, fmt.Errorf("parts of the list of videos: %w", err)
	}
	for _, r := range videos {
		parts = append(parts, SitemapPart{SitemapVideos, r.Part, r.ChangedAt})
	}
	creators, err := c.queries.CreatorParts(ctx, c.pools.Replica, size)
	if err != nil {
		return nil, fmt.Errorf("parts of the list of creators: %w", err)
	}
	for _, r := range creators {
		parts = append(parts, SitemapPart{SitemapCreators, r.Part, r.ChangedAt})
	}
	series, err := c.queries.SeriesParts(ctx, c.pools.Replica, size)
	if err != nil {
		return nil, fmt.Errorf("parts of the list of series: %w", err)
	}
	for _, r := range series {
		parts = append(parts, SitemapPart{SitemapSeries, r.Part, r.ChangedAt})
	}
	return parts, nil
}

// EachSitemapPage hands every page of a part to each, by its id, reading a thousand at a time. It ends with each's
// error.
func (c *Catalog) EachSitemapPage(ctx context.Context, kind SitemapKind, part, size int64,
	each func(SitemapPage) error,
) error {
	below := (part + 1) * size
	for after := part*size - 1; ; {
		rows, err := c.listed(ctx, kind, after, below)
		if err != nil {
			return fmt.Errorf("list %s from %d: %w", kind, after, err)
		}
		for _, r := range rows {
			if err := each(SitemapPage{Slug: r.Slug, ChangedAt: r.ChangedAt}); err != nil {
				return err
			}
			after = r.ID
		}
		if len(rows) < sitemapAtOnce {
			return nil
		}
	}
}

func (c *Catalog) listed(ctx context.Context, kind SitemapKind, after, below int64) ([]dbsqlc.VideosOfPartRow, error) {
	bounds := dbsqlc.VideosOfPartParams{
		After:   after,
		Below:   below,
		MaxRows: sitemapAtOnce,
	}
	if kind == SitemapVideos {
		return c.queries.VideosOfPart(ctx, c.pools.Replica, bounds)
	}
	var rows []dbsqlc.VideosOfPartRow
	if kind == SitemapCreators {
		found, err := c.queries.CreatorsOfPart(ctx, c.pools.Replica, dbsqlc.CreatorsOfPartParams(bounds))
		for _, r := range found {
			rows = append(rows, dbsqlc.VideosOfPartRow(r))
		}
		return rows, err
	}
	found, err := c.queries.SeriesOfPart(ctx, c.pools.Replica, dbsqlc.SeriesOfPartParams(bounds))
	for _, r := range found {
		rows = append(rows, dbsqlc.VideosOfPartRow(r))
	}
	return rows, err
}
