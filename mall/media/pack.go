package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/media/internal/dbsqlc"
)

// ExtrasFolder holds what goes with a video: captions, and the thumbnails' WebVTT and sheets. It is no rendition.
const (
	ExtrasFolder = "extras"
	ThumbsFile   = "thumbs.vtt"
)

const (
	// trailerSegments of 4 s make the clear trailer, from the smallest rendition.
	trailerSegments = 3
	// maxFile bounds one file of a video: a segment is a few seconds.
	maxFile = 64 << 20
	// unlockTime bounds the unlocking after a Pack whose own time may be over.
	unlockTime = 5 * time.Second
	// lockPause is how long a Pack waits before it asks again whether another one of its video is done.
	lockPause = 100 * time.Millisecond
)

var (
	prefixName   = regexp.MustCompile(`^[a-z0-9-]{1,100}$`)
	languageName = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	sheetName    = regexp.MustCompile(`^[a-z0-9_-]{1,60}\.(jpg|webp|png)$`)
)

// Pack encrypts a video in the clear form that ffmpeg writes and adds it to storage and database. src holds
//
//	master.m3u8, <lines>p/index.m3u8 with its init file and segments, and so sound-<number>/ where there are several sounds,
//	<language>.vtt, thumbs.vtt and the sheets it names (all three optional)
//
// Every keyEvery segments get a new key; renditions share keys, so that changing the picture's size costs no key. A
// prefix that was packaged before is returned as it is. A crash leaves either no video or a whole one. ErrBadPackage
// says that src is not such a video.
func (as *Assets) Pack(ctx context.Context, src fs.FS, prefix string, keyEvery int) (Asset, error) {
	if !prefixName.MatchString(prefix) || keyEvery < 1 {
		return Asset{}, ErrBadPackage.Because("prefix %q with a key every %d segments", prefix, keyEvery)
	}
	if a, err := as.packed(ctx, as.pool, prefix); !errors.Is(err, ErrUnknownAsset) {
		return a, err
	}
	var asset Asset
	err := as.alone(ctx, prefix, func(conn *pgxpool.Conn) (err error) {
		asset, err = as.packAlone(ctx, conn, src, prefix, keyEvery)
		return err
	})
	if err != nil {
		return Asset{}, fmt.Errorf("pack %s: %w", prefix, err)
	}
	return asset, nil
}

// packed returns a video that can be played, or ErrUnknownAsset. It looks for rows and files, because a crash or a lost
// storage may leave one without the other.
func (as *Assets) packed(ctx context.Context, q dbsqlc.DBTX, prefix string) (Asset, error) {
	row, err := as.q.AssetByPrefix(ctx, q, prefix)
	if err == nil {
		_, err = as.q.Key(ctx, q, dbsqlc.KeyParams{Prefix: prefix})
	}
	a, err := found(row, err)
	if err != nil {
		return Asset{}, err
	}
	if _, err := as.storage.size(ctx, videosFolder+"/"+prefix+"/"+masterFile); errors.Is(err, fs.ErrNotExist) {
		return Asset{}, ErrUnknownAsset.Because("%s has rows and no files", prefix)
	} else if err != nil {
		return Asset{}, fmt.Errorf("look for %s: %w", prefix, err)
	}
	return a, nil
}

// alone does something to a video's files while nobody else does: the lock is the connection's, so that it ends with
// this process at the latest, and no transaction is open while files travel.
func (as *Assets) alone(ctx context.Context, prefix string, do func(*pgxpool.Conn) error) error {
	conn, err := as.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := as.lockPrefix(ctx, conn, prefix); err != nil {
		return err
	}
	defer func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
		defer stop()
		if err := as.q.UnlockPrefix(ctx, conn, prefix); err != nil {
			_ = conn.Conn().Close(ctx) // and the lock with it
		}
	}()
	return do(conn)
}

// packAlone packs while nobody else packs this video. The order makes every crash harmless: what is there of an older
// attempt loses its keys, which is what makes it a video; then come the files, then the rows.
func (as *Assets) packAlone(ctx context.Context, conn *pgxpool.Conn, src fs.FS, prefix string,
	keyEvery int,
) (Asset, error) {
	if a, err := as.packed(ctx, conn, prefix); !errors.Is(err, ErrUnknownAsset) { // another Pack was quicker
		return a, err
	}
	if err := as.q.DeleteKeysOf(ctx, conn, prefix); err != nil {
		return Asset{}, err
	}
	out, err := as.storage.createAsset(ctx, prefix)
	if err != nil {
		return Asset{}, err
	}
	defer out.discard()
	p := packer{
		ctx:      ctx,
		src:      src,
		out:      out,
		keyEvery: keyEvery,
	}
	asset, err := p.video()
	if err != nil {
		return Asset{}, err
	}
	asset.Prefix = prefix
	if err := out.publish(ctx); err != nil {
		return Asset{}, err
	}
	err = as.insertAsset(ctx, &asset, p.keys)
	return asset, err
}

// lockPrefix asks again and again: a video may take longer than PostgreSQL lets a statement wait.
func (as *Assets) lockPrefix(ctx context.Context, conn *pgxpool.Conn, prefix string) error {
	for {
		if mine, err := as.q.TryLockPrefix(ctx, conn, prefix); mine || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// insertAsset makes a video of the files that are in place: without these rows nobody knows it.
func (as *Assets) insertAsset(ctx context.Context, a *Asset, keys [][]byte) error {
	renditions, err := json.Marshal(a.Renditions)
	if err != nil {
		return err
	}
	captions, err := json.Marshal(a.Captions)
	if err != nil {
		return err
	}
	sounds, err := json.Marshal(slices.Concat([]Sound{}, a.Sounds)) // [] and not null
	if err != nil {
		return err
	}
	return db.InTx(ctx, as.pool, func(tx pgx.Tx) error {
		a.ID, err = as.q.UpsertAsset(ctx, tx, dbsqlc.UpsertAssetParams{
			Prefix:          a.Prefix,
			DurationSeconds: int32(a.DurationSeconds),
			Renditions:      renditions,
			Sounds:          sounds,
			Captions:        captions,
			HasThumbnails:   a.HasThumbnails,
			CreatedAt:       as.now(),
		})
		if err != nil {
			return err
		}
		numbers, wrapped := make([]int32, len(keys)), make([][]byte, len(keys))
		for i, k := range keys {
			numbers[i], wrapped[i] = int32(i), as.keys.Seal(k, place(a.ID, i))
		}
		return as.q.InsertKeys(ctx, tx, dbsqlc.InsertKeysParams{
			AssetID: a.ID,
			Numbers: numbers,
			Wrapped: wrapped,
		})
	})
}
