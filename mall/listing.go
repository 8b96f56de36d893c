package mall

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/media"
)

// listingVideo finds a creator's video for their listing. In a transaction, in which somebody is about to name the
// video, it must not be deleted meanwhile.
func (m *Mall) listingVideo(ctx context.Context, q catalog.Querier, ownerID, videoID int64) (listing.Video, error) {
	var v media.Video
	var err error
	if tx, ok := q.(pgx.Tx); ok {
		v, err = m.Media.Videos.HoldTx(ctx, tx, ownerID, videoID)
	} else {
		v, err = m.Media.Videos.GetTx(ctx, q, ownerID, videoID)
	}
	if err != nil {
		return listing.Video{}, err
	}
	found := listing.Video{
		DurationSeconds: v.DurationSeconds,
		Lines:           min(v.Width, v.Height),
		Ready:           v.State == media.VideoReady && v.AssetID != nil,
	}
	if found.Ready {
		found.AssetID = *v.AssetID
	}
	return found, nil
}
