package mall

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/media"
)

// listing hands the catalogue what it must know of films and stock.
func (m *Mall) listing() catalog.Listing {
	return catalog.Listing{
		Film: func(ctx context.Context, q catalog.Querier, ownerID, videoID int64) (catalog.Film, error) {
			read := func() (media.Video, error) { return m.Media.Videos.GetTx(ctx, q, ownerID, videoID) }
			if tx, ok := q.(pgx.Tx); ok { // whoever is about to name the film: it must not be deleted meanwhile
				read = func() (media.Video, error) { return m.Media.Videos.HoldTx(ctx, tx, ownerID, videoID) }
			}
			v, err := read()
			if err != nil {
				return catalog.Film{}, err
			}
			film := catalog.Film{
				DurationSeconds: v.DurationSeconds,
				Lines:           min(v.Width, v.Height),
				Ready:           v.State == media.VideoReady && v.AssetID != nil,
			}
			if film.Ready {
				film.AssetID = *v.AssetID
			}
			return film, nil
		},
		Stock:    m.Inventory.SetStockTx,
		OnSubmit: m.submitted,
		OnWithdraw: func(ctx context.Context, tx pgx.Tx, revisionID int64) error {
			return m.Reviews.WithdrawTx(ctx, tx, revisionID)
		},
	}
}
