package media

import (
	"context"
	"fmt"

	"videomall/mall/media/internal/dbsqlc"
)

// Adopt puts a packaged video among its creator's own, as one that was uploaded and is ready, and whose file was removed
// since. Size is that of the file in bytes. A video that its creator has already is left alone.
func (vs *Videos) Adopt(ctx context.Context, ownerID int64, name string, size int64, a Asset) error {
	p := dbsqlc.AdoptVideoParams{
		OwnerID:         ownerID,
		Name:            name,
		Size:            size,
		DurationSeconds: int32(a.DurationSeconds),
		AssetID:         &a.ID,
		Folder:          a.Prefix,
		At:              vs.now(),
	}
	for _, r := range a.Renditions {
		if int32(r.Height) > p.Height {
			p.Width, p.Height = int32(r.Width), int32(r.Height)
		}
	}
	if err := vs.q.AdoptVideo(ctx, vs.pool, p); err != nil {
		return fmt.Errorf("adopt %s for %d: %w", a.Prefix, ownerID, err)
	}
	return nil
}
