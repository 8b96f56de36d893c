// Package media owns what is watched, from a creator's file on its way in to the packaged video: uploads, originals,
// encrypted segments in storage, the keys of those segments, the clear trailer, and covers. It refuses to know who may
// watch: its callers check that before they ask for a key.
package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
	"videomall/mall/seal"
)

var (
	// ErrUnknownAsset says that there is no such video, or no such key of it.
	ErrUnknownAsset = fault.New(fault.NotFound, "unknown_asset", "There is no such video file.")
	// ErrBadPackage is a video that cannot be packaged; the cause says what about it.
	ErrBadPackage = fault.New(fault.Invalid, "bad_package", "These files are not a video that the mall can package.")
)

// Media is what the mall does with videos, in parts that share a database and a storage.
type Media struct {
	Storage  *Storage  // where all files lie
	Assets   *Assets   // packaged videos: playlists, segments and keys
	Videos   *Videos   // what creators own
	Captions *Captions // the texts beside a video: subtitles and chapters
	Covers   *Covers   // pictures that creators upload or choose
	Uploads  *Uploads  // files on their way in
	Pipeline *Pipeline // the stages that make videos of uploaded files
	Disks    *Disks    // the room that is left
}

// core is what every part stands on.
type core struct {
	pool    *pgxpool.Pool
	q       *dbsqlc.Queries
	storage *Storage
	now     func() time.Time
}

// Deps are what media stand on.
type Deps struct {
	Pool    *pgxpool.Pool // of a migrated database
	Storage *Storage
	// Key wraps segment keys, 32 bytes, derived from the mall's secret for this purpose alone. Other bytes open no key
	// that these have wrapped.
	Key     []byte
	Now     func() time.Time
	Uploads UploadLimits // zero fields stand for the usual ones
	// CoverMemory is the memory budget of decoded pictures in bytes; 0: UsualCoverMemory.
	CoverMemory int64
	// DiskFloor is how many bytes stay free on each disk that media are written to; 0: nothing is checked.
	DiskFloor int64
	// Processing makes videos of uploads; nil: uploads are stored and wait.
	Processing *Processing
}

// New opens the parts of media.
func New(d Deps) (Media, error) {
	keys, err := seal.New(d.Key)
	if err != nil {
		return Media{}, fmt.Errorf("the key that wraps segment keys: %w", err)
	}
	c := core{
		pool:    d.Pool,
		q:       dbsqlc.New(),
		storage: d.Storage,
		now:     d.Now,
	}
	assets := &Assets{core: c, keys: keys}
	var p Processing
	var work *processor
	if d.Processing != nil {
		p = *d.Processing
		if work, err = newProcessor(c, assets, p); err != nil {
			return Media{}, err
		}
	}
	disks := newDisks(d.Storage, work, d.DiskFloor)
	videos := &Videos{
		core:   c,
		assets: assets,
		jobs:   p.Jobs,
	}
	pipeline := &Pipeline{
		core:   c,
		assets: assets,
		videos: videos,
		disks:  disks,
		work:   work,
		jobs:   p.Jobs,
		inUse:  p.InUse,
		log:    p.Log,
		halt:   make(chan struct{}),
	}
	return Media{
		Storage: d.Storage,
		Assets:  assets,
		Videos:  videos,
		Captions: &Captions{
			core:   c,
			assets: assets,
			videos: videos,
		},
		Covers: &Covers{
			core:   c,
			videos: videos,
			disks:  disks,
			turns:  newTurns(coverMemory(d.CoverMemory), turnWait),
		},
		Uploads: &Uploads{
			core:     c,
			limits:   d.Uploads.withDefaults(),
			pipeline: pipeline,
			disks:    disks,
		},
		Pipeline: pipeline,
		Disks:    disks,
	}, nil
}

// Assets are the packaged videos: the encrypted form that players fetch, and its keys.
type Assets struct {
	core
	keys seal.Box
}

// Caption is one language's subtitles, a WebVTT file in the video's folder "extras".
type Caption struct {
	Language string `json:"language"`
	File     string `json:"file"`
}

// Asset is a packaged video.
type Asset struct {
	ID int64
	// Prefix is its folder in storage and its name in every address.
	Prefix          string
	DurationSeconds int
	Renditions      []Rendition
	Sounds          []Sound // where a viewer chooses between several
	Captions        []Caption
	HasThumbnails   bool
	Chapters        []Chapter
}

// ByID returns a video, or ErrUnknownAsset.
func (as *Assets) ByID(ctx context.Context, id int64) (Asset, error) {
	row, err := as.q.AssetByID(ctx, as.pool, id)
	return found(row, err)
}

// ByPrefix returns a video, or ErrUnknownAsset.
func (as *Assets) ByPrefix(ctx context.Context, prefix string) (Asset, error) {
	row, err := as.q.AssetByPrefix(ctx, as.pool, prefix)
	return found(row, err)
}

func found(row dbsqlc.MediaAsset, err error) (Asset, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return Asset{}, ErrUnknownAsset
	}
	if err != nil {
		return Asset{}, fmt.Errorf("read asset: %w", err)
	}
	a := Asset{
		ID:              row.ID,
		Prefix:          row.Prefix,
		DurationSeconds: int(row.DurationSeconds),
		HasThumbnails:   row.HasThumbnails,
	}
	if err := errors.Join(json.Unmarshal(row.Renditions, &a.Renditions), json.Unmarshal(row.Captions, &a.Captions),
		json.Unmarshal(row.Sounds, &a.Sounds), json.Unmarshal(row.Chapters, &a.Chapters)); err != nil {
		return Asset{}, fmt.Errorf("asset %d: %w", a.ID, err)
	}
	return a, nil
}

// Key returns the 16 bytes that open the segments numbered with it, or ErrUnknownAsset.
func (as *Assets) Key(ctx context.Context, prefix string, number int) ([]byte, error) {
	row, err := as.q.Key(ctx, as.pool, dbsqlc.KeyParams{Prefix: prefix, Number: int32(number)})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrUnknownAsset
	}
	if err != nil {
		return nil, fmt.Errorf("read key %d of %s: %w", number, prefix, err)
	}
	key, err := as.keys.Open(row.Wrapped, place(row.AssetID, number))
	if err != nil {
		return nil, fmt.Errorf("unwrap key %d/%d: %w", row.AssetID, number, err)
	}
	return key, nil
}
