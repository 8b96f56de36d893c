// Package media owns what is watched, from a creator's file on its way in to the packaged video: uploads, originals,
// encrypted segments in storage, the keys of those segments, the clear trailer, and covers. It refuses to know who may
// watch: whoever asks for a key here has been let in before.
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
	// ErrUnknownAsset is a video or a key of it that is not there.
	ErrUnknownAsset = fault.New(fault.NotFound, "unknown_asset", "There is no such video file.")
	// ErrBadPackage is a video that cannot be packaged; the cause says what about it.
	ErrBadPackage = fault.New(fault.Invalid, "bad_package", "These files are not a video that the mall can package.")
)

// Media packages videos and hands out their files and keys.
type Media struct {
	pool    *pgxpool.Pool
	storage *Storage
	keys    seal.Box
	now     func() time.Time
	limits  UploadLimits
	turns   *turns
	disk    diskFloor
	q       *dbsqlc.Queries
	work    *processing // nil where uploads only wait
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
	// Processing makes videos of uploads; nil: uploads are stored and wait.
	Processing *Processing
}

// New opens the media.
func New(d Deps) (*Media, error) {
	keys, err := seal.New(d.Key)
	if err != nil {
		return nil, fmt.Errorf("the key that wraps segment keys: %w", err)
	}
	m := &Media{
		pool:    d.Pool,
		storage: d.Storage,
		keys:    keys,
		now:     d.Now,
		q:       dbsqlc.New(),
		limits:  d.Uploads.withDefaults(),
		turns:   newTurns(UsualCoverMemory, turnWait),
	}
	if d.Processing != nil {
		if err := m.process(*d.Processing); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Storage is where the videos lie.
func (m *Media) Storage() *Storage { return m.storage }

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

// Asset returns a video, or ErrUnknownAsset.
func (m *Media) Asset(ctx context.Context, id int64) (Asset, error) {
	row, err := m.q.AssetByID(ctx, m.pool, id)
	return found(row, err)
}

// AssetByPrefix returns a video, or ErrUnknownAsset.
func (m *Media) AssetByPrefix(ctx context.Context, prefix string) (Asset, error) {
	row, err := m.q.AssetByPrefix(ctx, m.pool, prefix)
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
func (m *Media) Key(ctx context.Context, prefix string, number int) ([]byte, error) {
	row, err := m.q.Key(ctx, m.pool, dbsqlc.KeyParams{Prefix: prefix, Number: int32(number)})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrUnknownAsset
	}
	if err != nil {
		return nil, fmt.Errorf("read key %d of %s: %w", number, prefix, err)
	}
	key, err := m.keys.Open(row.Wrapped, place(row.AssetID, number))
	if err != nil {
		return nil, fmt.Errorf("unwrap key %d/%d: %w", row.AssetID, number, err)
	}
	return key, nil
}
