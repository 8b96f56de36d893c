package listing

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
)

// OwnSeries is a series as its creator sees it among others.
type OwnSeries struct {
	ID       int64
	Slug     string
	Title    locale.Text
	Episodes int64 // on sale
}

// NewSeries describes a series, with a title in one language at least. Its address stays for good.
type NewSeries struct {
	Slug  string
	Title locale.Text
}

// CreateSeries adds a series without episodes. Errors: ErrSeriesInvalid with Fields.
func (ls *Listings) CreateSeries(ctx context.Context, creatorID int64, n NewSeries) (id int64, err error) {
	n.Slug = strings.TrimSpace(n.Slug)
	n.Title = n.Title.Map(strings.TrimSpace)
	f := faults{}
	f.texts("title", n.Title, MaxTitle)
	if n.Title.IsZero() {
		f["title_en"] = "titles_missing"
	}
	switch {
	case n.Slug == "":
		f["slug"] = "slug_missing"
	case !goodSlug(n.Slug):
		f["slug"] = "slug_malformed"
	}
	if err := f.of(ErrSeriesInvalid); err != nil {
		return 0, err
	}
	err = ls.catalog.WithChanges(ctx, func(tx pgx.Tx) ([]catalog.Change, error) {
		id, err = ls.queries.InsertSeries(ctx, tx, dbsqlc.InsertSeriesParams{
			CreatorID: creatorID,
			Slug:      n.Slug,
			TitleZh:   n.Title.Zh,
			TitleEn:   n.Title.En,
			At:        ls.now(),
		})
		return []catalog.Change{{Type: catalog.ChangeSeries, Names: []string{"series:" + n.Slug}}}, err
	})
	if isSlugTaken(catalog.Refused(err, "create series %q", n.Slug)) {
		return 0, ErrSeriesInvalid.With("slug", "slug_taken").Because("%w", err)
	}
	return id, catalog.Refused(err, "create series %q", n.Slug)
}

// SeriesOf lists a creator's series, the newest first.
func (ls *Listings) SeriesOf(ctx context.Context, creatorID int64) ([]OwnSeries, error) {
	rows, err := ls.queries.SeriesOf(ctx, ls.pools.Primary, creatorID)
	if err != nil {
		return nil, fmt.Errorf("series of %d: %w", creatorID, err)
	}
	list := make([]OwnSeries, len(rows))
	for i, r := range rows {
		list[i] = OwnSeries{
			ID:       r.ID,
			Slug:     r.Slug,
			Title:    locale.Text{Zh: r.TitleZh, En: r.TitleEn},
			Episodes: r.Episodes,
		}
	}
	return list, nil
}
