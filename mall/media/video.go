package media

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// ErrUnknownVideo is a creator's video that is not there, was deleted, or is somebody else's.
var ErrUnknownVideo = fault.New(fault.NotFound, "unknown_video", "There is no such file.")

// VideoState is how far a creator's video has come.
type VideoState string

// The states of a creator's video.
const (
	VideoProcessing VideoState = "processing"
	VideoReady      VideoState = "ready"
	VideoFailed     VideoState = "failed"
	VideoDeleted    VideoState = "deleted"
)

// Video is a creator's video: the file that was uploaded, and what became of it.
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
	Posters         int    // pictures to choose a cover from
	Trailer         Trailer
	CreatedAt       time.Time
	Conversion      Conversion // what was done to the file
}

// Original is an uploaded file that is complete in storage.
type Original struct {
	OwnerID int64
	Name    string // as the creator's machine calls it, up to 200 characters
	Key     string // where it lies in storage
	Size    int64  // bytes
}

// acceptTx makes a video of a complete upload, in the transaction that ends the upload, with the job of its first stage.
func (m *Media) acceptTx(ctx context.Context, tx pgx.Tx, o Original) (int64, error) {
	folder := "v-" + strings.ToLower(rand.Text()) // its trailer is public to whoever knows the name
	id, err := m.q.InsertVideo(ctx, tx, dbsqlc.InsertVideoParams{
		OwnerID:  o.OwnerID,
		Name:     o.Name,
		Original: o.Key,
		Size:     o.Size,
		Folder:   folder,
		At:       m.now(),
	})
	if err != nil {
		return 0, fmt.Errorf("accept %s: %w", o.Key, err)
	}
	if err := m.q.InsertStages(ctx, tx, dbsqlc.InsertStagesParams{
		VideoID: id,
		Stages:  stages(),
		At:      m.now(),
	}); err != nil {
		return 0, fmt.Errorf("stages of %s: %w", o.Key, err)
	}
	return id, m.enqueueTx(ctx, tx, id, StageProbe)
}

// Video returns a video of its owner, or ErrUnknownVideo.
func (m *Media) Video(ctx context.Context, ownerID, id int64) (Video, error) {
	return m.VideoTx(ctx, m.pool, ownerID, id)
}

// VideoTx is Video within its caller's transaction, or on a pool.
func (m *Media) VideoTx(ctx context.Context, q dbsqlc.DBTX, ownerID, id int64) (Video, error) {
	row, err := m.videoRow(ctx, q, ownerID, id)
	if err != nil {
		return Video{}, err
	}
	return video(row), nil
}

func (m *Media) videoRow(ctx context.Context, q dbsqlc.DBTX, ownerID, id int64) (dbsqlc.MediaVideo, error) {
	row, err := m.q.Video(ctx, q, dbsqlc.VideoParams{OwnerID: ownerID, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrUnknownVideo.Because("video %d of %d", id, ownerID)
	}
	if err != nil {
		return row, fmt.Errorf("read video %d: %w", id, err)
	}
	return row, nil
}

// VideoOfAnybody returns a video whoever's it is, for an operator, or ErrUnknownVideo.
func (m *Media) VideoOfAnybody(ctx context.Context, id int64) (Video, error) {
	row, err := m.q.VideoByID(ctx, m.pool, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && row.State == string(VideoDeleted) {
		return Video{}, ErrUnknownVideo.Because("video %d", id)
	}
	if err != nil {
		return Video{}, fmt.Errorf("read video %d: %w", id, err)
	}
	return video(row), nil
}

// OwnerOf returns whose upload a packaged video was made of, or ErrUnknownVideo.
func (m *Media) OwnerOf(ctx context.Context, assetID int64) (int64, error) {
	owner, err := m.q.AssetOwner(ctx, m.pool, assetID)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrUnknownVideo.Because("asset %d", assetID)
	}
	if err != nil {
		return 0, fmt.Errorf("owner of asset %d: %w", assetID, err)
	}
	return owner, nil
}

// HoldTx returns a video of its owner's and keeps it from being deleted until the transaction ends: for whoever is about
// to name its packaged video. Error: ErrUnknownVideo.
func (m *Media) HoldTx(ctx context.Context, tx pgx.Tx, ownerID, id int64) (Video, error) {
	return m.lockVideo(ctx, tx, ownerID, id)
}

// Videos lists a creator's videos, the newest first, at most most of them with ids below before (0: from the newest).
func (m *Media) Videos(ctx context.Context, ownerID, before int64, most int) ([]Video, error) {
	rows, err := m.q.Videos(ctx, m.pool, dbsqlc.VideosParams{
		OwnerID:  ownerID,
		BeforeID: before,
		Most:     int32(most),
	})
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
	v := Video{
		ID:              r.ID,
		OwnerID:         r.OwnerID,
		Name:            r.Name,
		State:           VideoState(r.State),
		Size:            r.Size,
		DurationSeconds: int(r.DurationSeconds),
		Width:           int(r.Width),
		Height:          int(r.Height),
		Fingerprint:     r.Fingerprint,
		AssetID:         r.AssetID,
		Refusal:         r.Refusal,
		CreatedAt:       r.CreatedAt,
		Posters:         int(r.Posters),
		Trailer:         Trailer{From: int(r.TrailerFrom), To: int(r.TrailerTo)},
	}
	if json.Unmarshal(r.Conversion, &v.Conversion) != nil { // another program's: nothing is said of it
		v.Conversion = Conversion{}
	}
	return v
}
