package media

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// ErrUnknownVideo is a creator's film that is not there, was deleted, or is somebody else's.
var ErrUnknownVideo = fault.New(fault.NotFound, "unknown_video", "There is no such file.")

// VideoState is how far a creator's film has come.
type VideoState string

// The states of a creator's film.
const (
	VideoProcessing VideoState = "processing"
	VideoReady      VideoState = "ready"
	VideoFailed     VideoState = "failed"
	VideoDeleted    VideoState = "deleted"
)

// Video is a creator's film: the file that was uploaded, and what became of it.
type Video struct {
	ID, OwnerID     int64
	Name            string // the file's
	State           VideoState
	Size            int64 // bytes of the original
	DurationSeconds int   // 0 before it was probed
	Width, Height   int
	Fingerprint     string // equal for equal pictures, whoever uploaded them; empty before it is known
	AssetID         *int64 // what is played; nil before it is ready
	Refusal         string // a slug that says why it failed
	CreatedAt       time.Time
}

// Original is an uploaded file that is complete in storage.
type Original struct {
	OwnerID int64
	Name    string // as the creator's machine calls it, up to 200 characters
	Key     string // where it lies in storage
	Size    int64  // bytes
}

// acceptTx makes a film of a complete upload, in the transaction that ends the upload.
func (m *Media) acceptTx(ctx context.Context, tx pgx.Tx, o Original) (int64, error) {
	id, err := m.q.InsertVideo(ctx, tx, dbsqlc.InsertVideoParams{OwnerID: o.OwnerID, Name: o.Name, Original: o.Key, Size: o.Size, At: m.now()})
	if err != nil {
		return 0, fmt.Errorf("accept %s: %w", o.Key, err)
	}
	return id, nil
}

// Video returns a film of its owner, or ErrUnknownVideo.
func (m *Media) Video(ctx context.Context, ownerID, id int64) (Video, error) {
	return m.VideoTx(ctx, m.pool, ownerID, id)
}

// Videos lists a creator's films, the newest first, at most most of them with ids below before (0: from the newest).
func (m *Media) Videos(ctx context.Context, ownerID, before int64, most int) ([]Video, error) {
	rows, err := m.q.Videos(ctx, m.pool, dbsqlc.VideosParams{OwnerID: ownerID, BeforeID: before, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("videos of %d: %w", ownerID, err)
	}
	list := make([]Video, len(rows))
	for i, row := range rows {
		list[i] = video(row)
	}
	return list, nil
}

func video(r dbsqlc.MediaVideo) Video {
	return Video{ID: r.ID, OwnerID: r.OwnerID, Name: r.Name, State: VideoState(r.State), Size: r.Size, DurationSeconds: int(r.DurationSeconds),
		Width: int(r.Width), Height: int(r.Height), Fingerprint: r.Fingerprint, AssetID: r.AssetID, Refusal: r.Refusal, CreatedAt: r.CreatedAt}
}
