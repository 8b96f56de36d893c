package listing_test

import (
	"errors"
	"fmt"
	"testing"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
)

func TestListings_CreateSeries(t *testing.T) {
	d := openDesk(t)
	ctx := t.Context()
	series, err := d.CreateSeries(ctx, 7, listing.NewSeries{
		Slug:  "nights",
		Title: locale.Text{Zh: "夜", En: "Nights"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.CreateSeries(ctx, 8, listing.NewSeries{Slug: "none"})
	is(t, err, listing.ErrSeriesInvalid, "title_en", "titles_missing")
	if _, err = d.CreateSeries(ctx, 8, listing.NewSeries{
		Slug:  "one-language",
		Title: locale.Text{Zh: "夜"},
	}); err != nil {
		t.Errorf("a series in one language: %v", err)
	}
	_, err = d.CreateSeries(ctx, 8, listing.NewSeries{
		Slug:  "nights",
		Title: locale.Text{Zh: "夜", En: "Nights"},
	})
	is(t, err, listing.ErrSeriesInvalid, "slug", "slug_taken")
	if _, err := d.Series(ctx, "nights"); !errors.Is(err, catalog.ErrSeriesNotFound) {
		t.Errorf("an empty series: %v", err)
	}
	for _, n := range []int{2, 1} {
		d.live(t, func(c *listing.Content) { c.Slug, c.SeriesID, c.Episode = fmt.Sprint("night-", n), series, n })
	}
	s, err := d.Series(ctx, "nights")
	if err != nil || len(s.Episodes) != 2 || s.Episodes[0].Number != 1 || s.Episodes[0].Slug != "night-1" ||
		s.CreatorSlug != "lin" {
		t.Fatalf("%+v, %v", s, err)
	}
	p, err := d.ProductBySlug(ctx, "night-2")
	if err != nil || p.Series == nil || p.Series.Slug != "nights" || p.Series.Episode != 2 {
		t.Fatalf("%+v, %v", p.Series, err)
	}
	third := d.listed(t)
	r := d.save(t, third, d.whole(func(c *listing.Content) { c.SeriesID, c.Episode = series, 2 }))
	is(t, d.Submit(ctx, 7, third, r.Version), listing.ErrRevisionMissing, "episode", "episode_taken")
	r = d.save(t, third, d.whole(func(c *listing.Content) { c.SeriesID = series }))
	is(t, d.Submit(ctx, 7, third, r.Version), listing.ErrRevisionMissing, "episode", "episode_missing")
	if list, err := d.SeriesOf(ctx, 7); err != nil || len(list) != 1 || list[0].Episodes != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := d.SeriesEpisodes(ctx, series); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}
