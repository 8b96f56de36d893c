package web

import (
	"context"

	"videomall/mall"
	"videomall/mall/catalog"
	"videomall/mall/media"
	listingview "videomall/views/studio/listings"
)

// trailer finds the public playlist of a video.
func trailer(m *mall.Mall) func(context.Context, int64) (string, error) {
	return func(ctx context.Context, assetID int64) (string, error) {
		asset, err := m.Media.Assets.ByID(ctx, assetID)
		if err != nil {
			return "", err
		}
		return "/media/trailers/" + asset.Prefix + "/" + asset.TrailerFile(), nil
	}
}

// chapters finds the parts of a video.
func chapters(m *mall.Mall) func(context.Context, int64) ([]media.Chapter, error) {
	return func(ctx context.Context, assetID int64) ([]media.Chapter, error) {
		asset, err := m.Media.Assets.ByID(ctx, assetID)
		return asset.Chapters, err
	}
}

// listable videos are those that a creator can list, the newest first.
func listable(m *mall.Mall) func(context.Context, int64) ([]listingview.Video, error) {
	const most = 200
	return func(ctx context.Context, ownerID int64) ([]listingview.Video, error) {
		videos, err := m.Media.Videos.List(ctx, ownerID, 0, most)
		var list []listingview.Video
		for _, v := range videos {
			if v.State == media.VideoReady || v.State == media.VideoProcessing {
				list = append(list, listingview.Video{
					ID:      v.ID,
					Name:    v.Name,
					Ready:   v.State == media.VideoReady,
					Seconds: v.DurationSeconds,
				})
			}
		}
		return list, err
	}
}

// waiting counts the reviews and appeals that wait at the review desk.
func waiting(m *mall.Mall) func(context.Context) (int, int, error) {
	return func(ctx context.Context) (int, int, error) {
		n, err := m.Reviews.Counts(ctx)
		return n.Open + n.Second, n.Appeals, err
	}
}

// findLive searches listings on sale by what an operator types; an empty query returns the latest.
func findLive(m *mall.Mall) func(context.Context, string) ([]catalog.Card, error) {
	return func(ctx context.Context, title string) ([]catalog.Card, error) {
		if title == "" {
			latest, err := m.Catalog.List(ctx, catalog.Filter{Sort: catalog.SortNewest})
			return latest.Items, err
		}
		found, err := m.Search.Query(ctx, title, catalog.Filter{})
		return found.Items, err
	}
}
