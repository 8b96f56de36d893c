package demo

import (
	"context"

	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
)

// place is a video's place in a series.
type place struct {
	seriesID int64
	episode  int
}

// series are the series of the demo, with the slugs of their episodes in order. The second one is a course: its
// episodes are lessons, and their chapters are the lesson plan.
var series = []struct {
	creator  string
	slug     string
	title    locale.Text
	episodes []string
}{
	{
		"lin-xi", "four-lights",
		locale.Text{Zh: "四种光：雪、沙、晨与夜", En: "Four lights: snow, sand, dawn and night"},
		[]string{"snow-in-the-pines", "shape-of-dunes", "first-light-ridge", "aurora-nights"},
	},
	{
		"six-strings", "music-you-can-see",
		locale.Text{Zh: "看得见的音乐：三堂课", En: "Music you can see: a course in three lessons"},
		[]string{"rain-piano", "shape-of-sound", "six-string-colours"},
	},
}

// bind creates or finds the series, and notes which video is which episode.
func (s *seeder) bind(ctx context.Context) error {
	for _, of := range series {
		creatorID := s.creators[of.creator]
		known, err := s.mall.Listings.SeriesOf(ctx, creatorID)
		if err != nil {
			return err
		}
		var id int64
		for _, k := range known {
			if k.Slug == of.slug {
				id = k.ID
			}
		}
		if id == 0 {
			n := listing.NewSeries{
				Slug:  of.slug,
				Title: of.title,
			}
			if id, err = s.mall.Listings.CreateSeries(ctx, creatorID, n); err != nil {
				return err
			}
		}
		for n, slug := range of.episodes {
			s.series[slug] = place{id, n + 1}
		}
	}
	return nil
}
