package mall

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/media"
)

// listing hands the catalogue what it must know of videos and stock.
func (m *Mall) listing() catalog.Listing {
	return catalog.Listing{
		Video: func(ctx context.Context, q catalog.Querier, ownerID, videoID int64) (catalog.Video, error) {
			read := func() (media.Video, error) { return m.Media.Videos.GetTx(ctx, q, ownerID, videoID) }
			if tx, ok := q.(pgx.Tx); ok { // whoever is about to name the video: it must not be deleted meanwhile
				read = func() (media.Video, error) { return m.Media.Videos.HoldTx(ctx, tx, ownerID, videoID) }
			}
			v, err := read()
			if err != nil {
				return catalog.Video{}, err
			}
			video := catalog.Video{
				DurationSeconds: v.DurationSeconds,
				Lines:           min(v.Width, v.Height),
				Ready:           v.State == media.VideoReady && v.AssetID != nil,
			}
			if video.Ready {
				video.AssetID = *v.AssetID
			}
			return video, nil
		},
		Stock:    m.Inventory.SetStockTx,
		OnSubmit: m.submitted,
		OnWithdraw: func(ctx context.Context, tx pgx.Tx, revisionID int64) error {
			return m.Reviews.WithdrawTx(ctx, tx, revisionID)
		},
	}
}
