package media

import (
	"context"
	"fmt"

	"videomall/mall/media/internal/dbsqlc"
)

// DuplicatesTx returns the owners of other videos with the same pictures, one for each video, at most 100. A video that
// was not probed yet has none.
func (vs *Videos) DuplicatesTx(ctx context.Context, q dbsqlc.DBTX, videoID int64) ([]int64, error) {
	owners, err := vs.q.Duplicates(ctx, q, videoID)
	if err != nil {
		return nil, fmt.Errorf("duplicates of video %d: %w", videoID, err)
	}
	return owners, nil
}
