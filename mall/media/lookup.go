package media

import (
	"context"
	"fmt"
	"strings"

	"videomall/db"
	"videomall/mall/media/internal/dbsqlc"
)

// maxLookup is longer than a file's name and than a fingerprint, in bytes.
const maxLookup = 800

// Lookup finds up to most videos of creators, whosever, by how the file's name begins or by the fingerprint in full.
func (vs *Videos) Lookup(ctx context.Context, q string, most int) ([]Video, error) {
	q = strings.TrimSpace(q)
	if q == "" || len(q) > maxLookup || !db.Storable(q) {
		return nil, nil
	}
	begins, ends := db.Prefix(strings.ToLower(q))
	rows, err := vs.q.LookupVideos(ctx, vs.pool, dbsqlc.LookupVideosParams{
		Begins: begins,
		Ends:   ends,
		Q:      q,
		Most:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("look videos up: %w", err)
	}
	found := make([]Video, 0, most)
	for _, r := range rows[:min(len(rows), most)] {
		found = append(found, video(r))
	}
	return found, nil
}
