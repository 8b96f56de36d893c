package media

import (
	"context"
	"fmt"

	"videomall/mall/media/internal/dbsqlc"
)

// DuplicatesTx returns the owners of other films with the same pictures, one for each film, at most 100. A film that
// was not probed yet has none.
func (vs *Videos) DuplicatesTx(ctx context.Context, q dbsqlc.DBTX, videoID int64) ([]int64, error) {
	owners, err := vs.q.Duplicates(ctx, q, videoID)
	if err != nil {
		return nil, fmt.Errorf("duplicates of video %d: %w", videoID, err)
	}
	return owners, nil
}
