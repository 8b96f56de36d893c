package media

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/media/internal/dbsqlc"
)

// errStillWorked says that a stage has not yet noticed that its video was deleted.
var errStillWorked = errors.New("a stage is still being worked")

// Delete takes a video from its owner: what is being made of it ends within a second or two, and its files are removed.
// A packaged video that a listing still needs stays until a sweep finds that it does not. Error: ErrUnknownVideo.
func (vs *Videos) Delete(ctx context.Context, ownerID, videoID int64) error {
	return db.InTx(ctx, vs.pool, func(tx pgx.Tx) error {
		if _, err := vs.lock(ctx, tx, ownerID, videoID); err != nil {
			return err
		}
		if _, err := vs.q.DeleteVideo(ctx, tx, dbsqlc.DeleteVideoParams{
			OwnerID: ownerID,
			ID:      videoID,
			At:      vs.now(),
		}); err != nil {
			return fmt.Errorf("delete video %d: %w", videoID, err)
		}
		if err := vs.q.CancelStages(ctx, tx, dbsqlc.CancelStagesParams{VideoID: videoID, At: vs.now()}); err != nil {
			return fmt.Errorf("cancel the stages of video %d: %w", videoID, err)
		}
		if vs.jobs == nil {
			return nil
		}
		if _, err := vs.jobs.InsertTx(ctx, tx, EraseArgs{VideoID: videoID}, nil); err != nil {
			return fmt.Errorf("enqueue the end of video %d: %w", videoID, err)
		}
		return nil
	})
}

// Erase removes the files of a deleted video: the original, what was made of it here, the posters, and the packaged video
// unless it is in use. It stands being called twice. Later asks to come again, while a stage still runs.
func (pl *Pipeline) Erase(ctx context.Context, videoID int64) error {
	row, err := pl.q.VideoByID(ctx, pl.pool, videoID)
	if err != nil {
		return fmt.Errorf("read video %d: %w", videoID, err)
	}
	if row.State != string(VideoDeleted) {
		return fmt.Errorf("video %d is %s", videoID, row.State)
	}
	held, err := pl.q.HeldStages(ctx, pl.pool, dbsqlc.HeldStagesParams{VideoID: videoID, At: pl.now()})
	if err != nil {
		return fmt.Errorf("stages of video %d: %w", videoID, err)
	}
	if held > 0 {
		return Later{beat, errStillWorked}
	}
	if pl.work != nil {
		if err := os.RemoveAll(filepath.Join(pl.work.dir, strconv.FormatInt(videoID, 10)+"-"+row.Folder)); err != nil {
			return err
		}
	}
	if row.Original != "" {
		if err := pl.storage.remove(ctx, row.Original); err != nil {
			return fmt.Errorf("remove the original of video %d: %w", videoID, err)
		}
	}
	if row.Folder != "" {
		if err := pl.storage.remove(ctx, postersFolder+"/"+row.Folder); err != nil {
			return fmt.Errorf("remove the posters of video %d: %w", videoID, err)
		}
	}
	if err := pl.q.ForgetFiles(ctx, pl.pool, dbsqlc.ForgetFilesParams{ID: videoID, At: pl.now()}); err != nil {
		return fmt.Errorf("note the end of video %d: %w", videoID, err)
	}
	// A crash between packaging and the row leaves a video that only its folder's name leads to.
	asset, err := pl.assets.ByPrefix(ctx, row.Folder)
	if errors.Is(err, ErrUnknownAsset) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = pl.dropAsset(ctx, asset.ID, asset.Prefix)
	return err
}

// sweepAssets is how many videos one look of SweepAssets takes.
const sweepAssets = 100

// SweepAssets removes the packaged videos of deleted videos that were in use then and are not any more. It returns how
// many.
func (pl *Pipeline) SweepAssets(ctx context.Context) (gone int, err error) {
	for after := int64(0); ; {
		rows, err := pl.q.AssetsOfDeleted(ctx, pl.pool, dbsqlc.AssetsOfDeletedParams{AfterID: after, Most: sweepAssets})
		if err != nil {
			return gone, fmt.Errorf("videos of deleted videos: %w", err)
		}
		for _, r := range rows {
			dropped, err := pl.dropAsset(ctx, r.AssetID, r.Prefix)
			if err != nil {
				return gone, err
			}
			if after = r.VideoID; dropped {
				gone++
			}
		}
		if len(rows) < sweepAssets {
			return gone, nil
		}
	}
}

// dropAsset removes a packaged video unless somebody needs it: first the row with its keys, then what they opened.
func (pl *Pipeline) dropAsset(ctx context.Context, id int64, prefix string) (gone bool, err error) {
	used := false
	err = db.InTx(ctx, pl.pool, func(tx pgx.Tx) (err error) {
		if _, err = pl.q.LockAsset(ctx, tx, id); err != nil {
			return err
		}
		if pl.work != nil && pl.inUse != nil {
			if used, err = pl.inUse(ctx, tx, id); err != nil || used {
				return err
			}
		}
		if err := pl.q.UnlinkAsset(ctx, tx, id); err != nil {
			return err
		}
		return pl.q.DeleteAsset(ctx, tx, id)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return false, fmt.Errorf("drop asset %d: %w", id, err)
	}
	if used {
		return false, nil
	}
	return true, errors.Join(pl.storage.remove(ctx, trailersFolder+"/"+prefix),
		pl.storage.remove(ctx, videosFolder+"/"+prefix))
}
