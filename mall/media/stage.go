package media

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/media/internal/dbsqlc"
)

// The stages of a video, in their order.
const (
	StageProbe     = "probe"
	StageTranscode = "transcode"
	StageImages    = "images"
	StagePackage   = "package"
)

func stages() []string { return []string{StageProbe, StageTranscode, StageImages, StagePackage} }

// StageState is how far a stage has come.
type StageState string

// The states of a stage.
const (
	StageWaiting   StageState = "waiting"
	StageRunning   StageState = "running"
	StageDone      StageState = "done"
	StageFailed    StageState = "failed"
	StageCancelled StageState = "cancelled"
)

// Slugs that a stage may carry besides those of the refusals.
const (
	WaitsForFFmpeg = "no_ffmpeg"   // it waits until ffmpeg is installed
	MallFailed     = "mall_failed" // ours: an operator finds the cause in the log
)

// Stage is one step of a video's making.
type Stage struct {
	VideoID   int64
	Name      string
	State     StageState
	Percent   int
	Left      time.Duration // 0 while nobody can tell
	Attempts  int
	Refusal   string // a slug: why it failed, or what it waits for
	StartedAt *time.Time
	EndedAt   *time.Time
}

// Stages returns the stages of some of a creator's videos, in their order, by the videos' ids.
func (pl *Pipeline) Stages(ctx context.Context, ownerID int64, videoIDs ...int64) (map[int64][]Stage, error) {
	rows, err := pl.q.Stages(ctx, pl.pool, dbsqlc.StagesParams{OwnerID: ownerID, VideoIds: videoIDs})
	if err != nil {
		return nil, fmt.Errorf("stages of %v: %w", videoIDs, err)
	}
	all := make(map[int64][]Stage, len(videoIDs))
	for _, r := range rows {
		s := Stage{
			VideoID:   r.VideoID,
			Name:      r.Stage,
			State:     StageState(r.State),
			Percent:   int(r.Percent),
			Attempts:  int(r.Attempts),
			Refusal:   r.Refusal,
			StartedAt: r.StartedAt,
			EndedAt:   r.EndedAt,
		}
		if r.EtaSeconds != nil {
			s.Left = time.Duration(*r.EtaSeconds) * time.Second
		}
		all[r.VideoID] = append(all[r.VideoID], s)
	}
	return all, nil
}

// Retry works a failed stage of its owner's video again, with fresh attempts. Errors: ErrUnknownVideo, ErrUnknownStage.
func (pl *Pipeline) Retry(ctx context.Context, ownerID, videoID int64, stage string) error {
	return db.InTx(ctx, pl.pool, func(tx pgx.Tx) error {
		v, err := pl.videos.lock(ctx, tx, ownerID, videoID)
		if err != nil {
			return err
		}
		if v.State != VideoFailed {
			return ErrUnknownStage.Because("video %d is %s", videoID, v.State)
		}
		first, err := pl.q.NextStage(ctx, tx, videoID)
		if err != nil || first != stage {
			return ErrUnknownStage.Because("stage %q of video %d, not %q: %w", stage, videoID, first, err)
		}
		return pl.redoTx(ctx, tx, videoID, stage)
	})
}

// redoTx puts a stage that is over, and all after it, back to waiting, with a job.
func (pl *Pipeline) redoTx(ctx context.Context, tx pgx.Tx, videoID int64, stage string) error {
	n, err := pl.q.RedoFrom(ctx, tx, dbsqlc.RedoFromParams{
		VideoID: videoID,
		Stage:   stage,
		At:      pl.now(),
	})
	if err != nil {
		return fmt.Errorf("put %s of video %d back: %w", stage, videoID, err)
	}
	if n == 0 {
		return ErrUnknownStage.Because("stage %q of video %d", stage, videoID)
	}
	if err := pl.q.ProcessVideo(ctx, tx, dbsqlc.ProcessVideoParams{ID: videoID, At: pl.now()}); err != nil {
		return fmt.Errorf("put video %d back: %w", videoID, err)
	}
	return pl.enqueueTx(ctx, tx, videoID, stage)
}

// enqueueTx inserts the job of a waiting stage. Without workers the stage waits for the sweep of a process that has
// some.
func (pl *Pipeline) enqueueTx(ctx context.Context, tx pgx.Tx, videoID int64, stage string) error {
	if err := pl.q.FreeStage(ctx, tx, dbsqlc.FreeStageParams{
		VideoID: videoID,
		Stage:   stage,
		At:      pl.now(),
	}); err != nil {
		return fmt.Errorf("free %s of video %d: %w", stage, videoID, err)
	}
	if pl.work == nil {
		return nil
	}
	if _, err := pl.jobs.InsertTx(ctx, tx, StageArgs{VideoID: videoID, Stage: stage}, nil); err != nil {
		return fmt.Errorf("enqueue %s of video %d: %w", stage, videoID, err)
	}
	return nil
}

// lock returns a video of its owner's and locks its row, or returns ErrUnknownVideo.
func (vs *Videos) lock(ctx context.Context, tx pgx.Tx, ownerID, id int64) (Video, error) {
	row, err := vs.q.LockVideo(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (row.OwnerID != ownerID || row.State == string(VideoDeleted)) {
		return Video{}, ErrUnknownVideo.Because("video %d of %d", id, ownerID)
	}
	if err != nil {
		return Video{}, fmt.Errorf("lock video %d: %w", id, err)
	}
	return video(row), nil
}

// staleAfter is how long a waiting stage is left alone before a sweep looks whether it still has a job.
const staleAfter = 10 * time.Minute

// SweepStages gives a job to each stage whose worker died, and to those that wait without one. It returns how many.
func (pl *Pipeline) SweepStages(ctx context.Context) (int, error) {
	swept := 0
	err := db.InTx(ctx, pl.pool, func(tx pgx.Tx) error {
		lost, err := pl.q.LostStages(ctx, tx, dbsqlc.LostStagesParams{At: pl.now(), Stale: pl.now().Add(-staleAfter)})
		if err != nil {
			return fmt.Errorf("look for lost stages: %w", err)
		}
		if len(lost) == 0 {
			return nil
		}
		queued, err := queuedTx(ctx, tx)
		if err != nil {
			return err
		}
		for _, s := range lost {
			// behind others; the row says that it was looked at
			if s.State == string(StageWaiting) && queued[StageArgs{s.VideoID, s.Stage}] {
				if err := pl.q.FreeStage(ctx, tx, dbsqlc.FreeStageParams{
					VideoID: s.VideoID,
					Stage:   s.Stage,
					At:      pl.now(),
				}); err != nil {
					return fmt.Errorf("note that %s of video %d was looked at: %w", s.Stage, s.VideoID, err)
				}
				continue
			}
			if err := pl.enqueueTx(ctx, tx, s.VideoID, s.Stage); err != nil {
				return err
			}
			swept++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return swept, nil
}

// queuedTx finds the stages whose job is still to run. It reads River's table itself, because its client can't select
// by arguments. A job that runs does not count, since its worker may have been killed.
func queuedTx(ctx context.Context, tx pgx.Tx) (map[StageArgs]bool, error) {
	rows, err := tx.Query(ctx, `select distinct (args->>'videoId')::bigint, args->>'stage' from river_job
		where queue = $1 and kind = $2 and state in ('available', 'pending', 'retryable', 'scheduled')`, Queue,
		StageArgs{}.Kind())
	if err != nil {
		return nil, fmt.Errorf("jobs of stages: %w", err)
	}
	queued := map[StageArgs]bool{}
	var a StageArgs
	_, err = pgx.ForEachRow(rows, []any{&a.VideoID, &a.Stage}, func() error {
		queued[a] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("jobs of stages: %w", err)
	}
	return queued, nil
}
