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
	"github.com/riverqueue/river"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// ErrUnknownVideo says that the creator has no such video: there is none, it was deleted, or it is another creator's.
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

// Videos are what creators own: the files that they uploaded and what became of them.
type Videos struct {
	core
	assets *Assets
	jobs   *river.Client[pgx.Tx] // nil where uploads only wait
}

// acceptTx makes a video of a complete upload, in the transaction that ends the upload, with the job of its first stage.
func (pl *Pipeline) acceptTx(ctx context.Context, tx pgx.Tx, o Original) (int64, error) {
	folder := "v-" + strings.ToLower(rand.Text()) // random, since whoever knows the name can see the trailer
	id, err := pl.q.InsertVideo(ctx, tx, dbsqlc.InsertVideoParams{
		OwnerID:  o.OwnerID,
		Name:     o.Name,
		Original: o.Key,
		Size:     o.Size,
		Folder:   folder,
		At:       pl.now(),
	})
	if err != nil {
		return 0, fmt.Errorf("accept %s: %w", o.Key, err)
	}
	if err := pl.q.InsertStages(ctx, tx, dbsqlc.InsertStagesParams{
		VideoID: id,
		Stages:  stages(),
		At:      pl.now(),
	}); err != nil {
		return 0, fmt.Errorf("stages of %s: %w", o.Key, err)
	}
	return id, pl.enqueueTx(ctx, tx, id, StageProbe)
}

// Get returns a video of its owner, or ErrUnknownVideo.
func (vs *Videos) Get(ctx context.Context, ownerID, id int64) (Video, error) {
	return vs.GetTx(ctx, vs.pool, ownerID, id)
}

// GetTx is Video within its caller's transaction, or on a pool.
func (vs *Videos) GetTx(ctx context.Context, q dbsqlc.DBTX, ownerID, id int64) (Video, error) {
	row, err := vs.row(ctx, q, ownerID, id)
	if err != nil {
		return Video{}, err
	}
	return video(row), nil
}

func (vs *Videos) row(ctx context.Context, q dbsqlc.DBTX, ownerID, id int64) (dbsqlc.MediaVideo, error) {
	row, err := vs.q.Video(ctx, q, dbsqlc.VideoParams{OwnerID: ownerID, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrUnknownVideo.Because("video %d of %d", id, ownerID)
	}
	if err != nil {
		return row, fmt.Errorf("read video %d: %w", id, err)
	}
	return row, nil
}

// ByID returns a video whoever's it is, for an operator, or ErrUnknownVideo.
func (vs *Videos) ByID(ctx context.Context, id int64) (Video, error) {
	row, err := vs.q.VideoByID(ctx, vs.pool, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && row.State == string(VideoDeleted) {
		return Video{}, ErrUnknownVideo.Because("video %d", id)
	}
	if err != nil {
		return Video{}, fmt.Errorf("read video %d: %w", id, err)
	}
	return video(row), nil
}

// OwnerOf returns whose upload a packaged video was made of, or ErrUnknownVideo.
func (vs *Videos) OwnerOf(ctx context.Context, assetID int64) (int64, error) {
	owner, err := vs.q.AssetOwner(ctx, vs.pool, assetID)
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
func (vs *Videos) HoldTx(ctx context.Context, tx pgx.Tx, ownerID, id int64) (Video, error) {
	return vs.lock(ctx, tx, ownerID, id)
}

// List lists a creator's videos, the newest first, at most most of them with ids below before (0: from the newest).
func (vs *Videos) List(ctx context.Context, ownerID, before int64, most int) ([]Video, error) {
	rows, err := vs.q.Videos(ctx, vs.pool, dbsqlc.VideosParams{
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
