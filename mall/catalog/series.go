package catalog

import (
	"context"
	"fmt"
	"strconv"

	"videomall/mall/cache"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
)

// SeriesRef is a video's place in a series.
type SeriesRef struct {
	ID      int64
	Slug    string
	Title   locale.Text
	Episode int
}

// Series are videos that belong together. Episodes are those on sale, in their order, and shared: read only.
type Series struct {
	ID, CreatorID int64
	Slug          string
	Title         locale.Text
	CreatorSlug   string
	Creator       locale.Text
	Episodes      []Episode
}

// Episode is one video of a series.
type Episode struct {
	Number int
	Card
}

// Series finds a series by the name in its address. Errors: ErrSeriesNotFound, also while nothing of it is on sale.
func (c *Catalog) Series(ctx context.Context, slug string) (Series, error) {
	if !slugPattern.MatchString(slug) {
		return Series{}, ErrSeriesNotFound.Because("slug %q", slug)
	}
	s, err := c.caches.series.Get(ctx, "slug:"+slug, []string{"series:" + slug, TagLists},
		func(ctx context.Context) (Series, cache.Policy, error) {
			r, err := c.queries.SeriesBySlug(ctx, c.fresh(), slug)
			s, err := c.series(ctx, dbsqlc.SeriesByIDRow(r), err)
			return s, cache.Policy{}, err
		})
	if err == nil && len(s.Episodes) == 0 {
		return Series{}, ErrSeriesNotFound.Because("series %q has no episode on sale", slug)
	}
	return s, err
}

// SeriesEpisodes returns what of a series is on sale, in the order of the episodes. The slice is shared: read only.
func (c *Catalog) SeriesEpisodes(ctx context.Context, seriesID int64) ([]Episode, error) {
	s, err := c.caches.series.Get(ctx, "id:"+strconv.FormatInt(seriesID, 10), []string{TagLists},
		func(ctx context.Context) (Series, cache.Policy, error) {
			r, err := c.queries.SeriesByID(ctx, c.fresh(), seriesID)
			s, err := c.series(ctx, r, err)
			return s, cache.Policy{}, err
		})
	return s.Episodes, err
}

func (c *Catalog) series(ctx context.Context, r dbsqlc.SeriesByIDRow, err error) (Series, error) {
	if missing(err) {
		return Series{}, ErrSeriesNotFound
	}
	if err != nil {
		return Series{}, fmt.Errorf("series: %w", err)
	}
	s := Series{
		ID:          r.ID,
		CreatorID:   r.CreatorID,
		Slug:        r.Slug,
		Title:       locale.Text{Zh: r.TitleZh, En: r.TitleEn},
		CreatorSlug: r.CreatorSlug,
		Creator:     locale.Text{Zh: r.CreatorZh, En: r.CreatorEn},
	}
	rows, err := c.queries.Episodes(ctx, c.fresh(), &r.ID)
	if err != nil {
		return Series{}, fmt.Errorf("episodes of series %d: %w", r.ID, err)
	}
	ids := make([]int64, len(rows))
	for i, e := range rows {
		ids[i] = e.ID
	}
	cards, err := c.cards(ctx, c.fresh(), ids)
	if err != nil {
		return Series{}, err
	}
	numbers := make(map[int64]int, len(rows))
	for _, e := range rows {
		numbers[e.ID] = int(*e.Episode)
	}
	for _, k := range cards {
		s.Episodes = append(s.Episodes, Episode{Number: numbers[k.SPUID], Card: k})
	}
	return s, nil
}

func seriesRef(r dbsqlc.ProductByIDRow) *SeriesRef {
	s := r.VideoProductSpu
	if s.SeriesID == nil || s.Episode == nil || r.SeriesSlug == nil {
		return nil
	}
	return &SeriesRef{
		ID:      *s.SeriesID,
		Slug:    *r.SeriesSlug,
		Title:   locale.Text{Zh: *r.SeriesZh, En: *r.SeriesEn},
		Episode: int(*s.Episode),
	}
}
