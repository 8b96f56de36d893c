package media

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/media/internal/dbsqlc"
)

// VideoTx is Video within its caller's transaction or pool.
func (m *Media) VideoTx(ctx context.Context, q dbsqlc.DBTX, ownerID, id int64) (Video, error) {
	row, err := m.q.Video(ctx, q, dbsqlc.VideoParams{OwnerID: ownerID, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return Video{}, ErrUnknownVideo.Because("video %d of %d", id, ownerID)
	}
	if err != nil {
		return Video{}, fmt.Errorf("read video %d: %w", id, err)
	}
	return video(row), nil
}
