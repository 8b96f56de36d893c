package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/media/ffmpeg"
	"videomall/mall/media/internal/dbsqlc"
)

const (
	// leaseFor is how long a worker keeps a stage without renewing its lease. beat is how often the worker renews it
	// and writes the progress.
	leaseFor = 30 * time.Second
	beat     = time.Second
	// maxStageAttempts is how often a stage is tried when it fails for reasons that are not the video's.
	maxStageAttempts = 3
	// again is how long a worker that could not begin waits before it tries again.
	again = 15 * time.Second
)

var (
	errHalted = errors.New("this process ends")
	errLost   = errors.New("the stage was cancelled, or is another worker's by now")
	errTurn   = errors.New("another creator waits, and this one has a video in the making")
	// errElsewhere says that what the stage before made lies on another machine.
	errElsewhere = errors.New("the video in the making is not on this machine")
)

// task is one stage that this worker holds.
type task struct {
	StageArgs
	holder   string
	attempts int
	video    dbsqlc.MediaVideo
	dir      string // of the video, on this machine
	own      string // of this run: empty when it begins, removed when it ends
	// asset is what the last stage made.
	asset *Asset
	// tell notes the stage's progress.
	tell func(percent int, left time.Duration)
}

// Run works a stage if it is free. nil: it is done, or failed for good, or not ours to do. Later asks to come
// again; any other error has put the stage back to waiting and asks for a retry.
func (pl *Pipeline) Run(ctx context.Context, a StageArgs) error {
	w := pl.work
	if w == nil {
		return Later{again, errors.New("videos are not made here")}
	}
	select {
	case <-pl.halt:
		return Later{beat, errHalted}
	default:
	}
	if err := w.runner.Ready(); err != nil {
		return pl.wait(ctx, a, WaitsForFFmpeg, err)
	}
	if err := pl.roomForStage(ctx, a); err != nil {
		return pl.wait(ctx, a, WaitsForDisk, err)
	}
	if err := pl.yieldToOtherCreators(ctx, a); err != nil {
		return err
	}
	t := &task{StageArgs: a, holder: rand.Text()}
	attempts, err := pl.q.ClaimStage(ctx, pl.pool, dbsqlc.ClaimStageParams{
		VideoID: a.VideoID,
		Stage:   a.Stage,
		Holder:  t.holder,
		At:      pl.now(),
		Until:   pl.now().Add(leaseFor),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // done, cancelled, or another's
	}
	if err != nil {
		return fmt.Errorf("claim %s of video %d: %w", a.Stage, a.VideoID, err)
	}
	t.attempts = int(attempts)
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := pl.hold(running, cancel, t)
	err = pl.work.run(running, t)
	stop()
	if cause := context.Cause(running); cause != nil {
		err = cause
	}
	return pl.end(context.WithoutCancel(ctx), t, err)
}

// yieldToOtherCreators puts a stage off when its creator would take a second worker for hours while another creator has
// none. Two stages that ask at the same moment may both pass; the next one doesn't.
func (pl *Pipeline) yieldToOtherCreators(ctx context.Context, a StageArgs) error {
	if a.Stage != StageTranscode {
		return nil
	}
	leave, err := pl.q.LeavesToOthers(ctx, pl.pool, dbsqlc.LeavesToOthersParams{VideoID: a.VideoID, At: pl.now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // no such video: there is nothing to claim either
	}
	if err != nil {
		return fmt.Errorf("who waits beside video %d: %w", a.VideoID, err)
	}
	if !leave {
		return nil
	}
	return pl.wait(ctx, a, "", errTurn)
}

// wait puts a stage off. It notes in the stage's row that its job was there, and what it waits for, for people to see.
func (pl *Pipeline) wait(ctx context.Context, a StageArgs, refusal string, why error) error {
	note := dbsqlc.NoteWaitingParams{
		VideoID: a.VideoID,
		Stage:   a.Stage,
		Refusal: refusal,
		At:      pl.now(),
	}
	if err := pl.q.NoteWaiting(ctx, pl.pool, note); err != nil {
		return fmt.Errorf("note what video %d waits for: %w", a.VideoID, err)
	}
	return Later{again, why}
}

// hold renews the lease while the stage runs, writes the progress, and cancels the run when the lease is lost, when a
// disk is full, or when the process is to end.
func (pl *Pipeline) hold(ctx context.Context, cancel context.CancelCauseFunc, t *task) (stop func()) {
	var mu sync.Mutex
	var percent int32
	var left *int32
	t.tell = func(p int, l time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		percent, left = int32(min(max(p, 0), 100)), nil
		if l > 0 {
			s := int32(min(l, 1000*time.Hour)/time.Second) + 1
			left = &s
		}
	}
	ended, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		ticks := time.NewTicker(beat)
		defer ticks.Stop()
		alive := time.Now()
		for {
			select {
			case <-ended:
				return
			case <-ctx.Done():
				return
			case <-pl.halt:
				cancel(errHalted)
				return
			case <-ticks.C:
			}
			if err := pl.disks.room(0); err != nil {
				cancel(err)
				return
			}
			mu.Lock()
			p := dbsqlc.KeepStageParams{
				VideoID:    t.VideoID,
				Stage:      t.Stage,
				Holder:     t.holder,
				Percent:    percent,
				EtaSeconds: left,
				Until:      pl.now().Add(leaseFor),
			}
			mu.Unlock()
			n, err := pl.q.KeepStage(ctx, pl.pool, p)
			switch {
			case err == nil && n == 1:
				alive = time.Now()
			case err == nil, time.Since(alive) > leaseFor-beat: // another has it by now, or soon
				cancel(errLost)
				return
			}
		}
	}()
	return func() { close(ended); <-over }
}

// run does the work of a stage, in a folder made for this run.
func (pr *processor) run(ctx context.Context, t *task) (err error) {
	if t.video, err = pr.q.VideoByID(ctx, pr.pool, t.VideoID); err != nil {
		return fmt.Errorf("read video %d: %w", t.VideoID, err)
	}
	t.dir = filepath.Join(pr.dir, strconv.FormatInt(t.VideoID, 10)+"-"+t.video.Folder)
	if err := os.MkdirAll(t.dir, 0o711); err != nil {
		return err
	}
	left, err := os.ReadDir(t.dir)
	if err != nil {
		return err
	}
	for _, e := range left { // of runs that were killed
		if strings.HasPrefix(e.Name(), t.Stage+".") {
			if err := os.RemoveAll(filepath.Join(t.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	t.own = filepath.Join(t.dir, t.Stage+"."+t.holder)
	if err := os.Mkdir(t.own, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(t.own)) }()
	if err := pr.runner.Own(t.own); err != nil {
		return err
	}
	switch t.Stage {
	case StageProbe:
		return pr.probe(ctx, t)
	case StageTranscode:
		return pr.transcode(ctx, t)
	case StageImages:
		return pr.pictures(ctx, t)
	case StagePackage:
		return pr.finish(ctx, t)
	}
	return fmt.Errorf("no stage %q in this program", t.Stage)
}

// outcome is what a run of a stage leaves in its row, and what it answers to its worker.
type outcome struct {
	state     StageState
	refusal   string
	forgotten bool // the run does not count as an attempt
	answer    error
}

// end writes what became of a stage, enqueues the next one and gives the lease up.
func (pl *Pipeline) end(ctx context.Context, t *task, err error) error {
	switch {
	case errors.Is(err, errLost):
		return pl.releaseLease(ctx, t)
	case errors.Is(err, errElsewhere) && !pl.waitForOriginHost(ctx, t):
		return pl.redoTranscode(ctx, t)
	}
	o := pl.judge(ctx, t, err)
	failed := db.InTx(ctx, pl.pool, func(tx pgx.Tx) error { return pl.endTx(ctx, tx, t, o) })
	if failed != nil {
		return fmt.Errorf("end %s of video %d: %w", t.Stage, t.VideoID, failed)
	}
	if o.state == StageFailed || o.state == StageDone && t.asset != nil {
		_ = os.RemoveAll(t.dir)
	}
	return errors.Join(o.answer, pl.releaseLease(ctx, t))
}

// judge tells what becomes of a stage whose run ended with err.
func (pl *Pipeline) judge(ctx context.Context, t *task, err error) outcome {
	if err == nil {
		return outcome{state: StageDone}
	}
	if o, waits := waitsFor(err); waits {
		return o
	}
	if f, ours := errors.AsType[*fault.Fault](err); ours && f.Kind == fault.Invalid {
		pl.log.InfoContext(ctx, "video refused", "video", t.VideoID, "stage", t.Stage, "error", err)
		return outcome{state: StageFailed, refusal: f.Slug}
	}
	if t.attempts < maxStageAttempts {
		return outcome{state: StageWaiting, answer: fmt.Errorf("%s of video %d: %w", t.Stage, t.VideoID, err)}
	}
	pl.log.ErrorContext(ctx, "video not made", "video", t.VideoID, "stage", t.Stage, "attempts", t.attempts,
		"error", err)
	return outcome{state: StageFailed, refusal: MallFailed}
}

// waitsFor tells the errors that say nothing about the video: the stage waits for what is missing, and the run does not
// count as an attempt.
func waitsFor(err error) (o outcome, waits bool) {
	o = outcome{state: StageWaiting, forgotten: true}
	switch {
	case errors.Is(err, errElsewhere), errors.Is(err, errHalted), errors.Is(err, context.Canceled):
		o.answer = Later{beat, err}
	case errors.Is(err, ErrDiskFull), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		o.refusal = WaitsForDisk
		o.answer = Later{again, err}
	case errors.Is(err, ffmpeg.ErrMissing):
		o.refusal = WaitsForFFmpeg
		o.answer = Later{again, err}
	default:
		return outcome{}, false
	}
	return o, true
}

// endTx writes the outcome, and what follows from it for the video.
func (pl *Pipeline) endTx(ctx context.Context, tx pgx.Tx, t *task, o outcome) error {
	n, err := pl.q.EndStage(ctx, tx, dbsqlc.EndStageParams{
		VideoID:   t.VideoID,
		Stage:     t.Stage,
		Holder:    t.holder,
		State:     string(o.state),
		Refusal:   o.refusal,
		Forgotten: o.forgotten,
		At:        pl.now(),
	})
	if err != nil || n == 0 {
		return err
	}
	switch {
	case o.state == StageFailed:
		return pl.q.FailedVideo(ctx, tx, dbsqlc.FailedVideoParams{
			ID:      t.VideoID,
			Refusal: o.refusal,
			At:      pl.now(),
		})
	case o.state != StageDone:
		return nil
	case t.asset != nil:
		return pl.q.ReadyVideo(ctx, tx, dbsqlc.ReadyVideoParams{
			ID:              t.VideoID,
			AssetID:         t.asset.ID,
			DurationSeconds: int32(t.asset.DurationSeconds),
			At:              pl.now(),
		})
	}
	next, err := pl.q.NextStage(ctx, tx, t.VideoID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return pl.enqueueTx(ctx, tx, t.VideoID, next)
}

// releaseLease ends the lease of a stage that was cancelled meanwhile. Any other stage has no lease of ours by now.
func (pl *Pipeline) releaseLease(ctx context.Context, t *task) error {
	if err := pl.q.ReleaseStage(ctx, pl.pool, dbsqlc.ReleaseStageParams{
		VideoID: t.VideoID,
		Stage:   t.Stage,
		Holder:  t.holder,
	}); err != nil {
		return fmt.Errorf("let go of %s of video %d: %w", t.Stage, t.VideoID, err)
	}
	return nil
}

// homeAfter is how long a stage waits for the machine that has the result of the stage before. After that the video is
// transcoded again.
const homeAfter = 2 * time.Minute

func (pl *Pipeline) waitForOriginHost(ctx context.Context, t *task) bool {
	all, err := pl.Stages(ctx, t.video.OwnerID, t.VideoID)
	if err != nil {
		return true
	}
	for _, s := range all[t.VideoID] {
		if s.Name == StageTranscode && s.EndedAt != nil && pl.now().Sub(*s.EndedAt) > homeAfter {
			return false
		}
	}
	return true
}

func (pl *Pipeline) redoTranscode(ctx context.Context, t *task) error {
	return db.InTx(ctx, pl.pool, func(tx pgx.Tx) error {
		n, err := pl.q.EndStage(ctx, tx, dbsqlc.EndStageParams{
			VideoID:   t.VideoID,
			Stage:     t.Stage,
			Holder:    t.holder,
			State:     string(StageWaiting),
			Forgotten: true,
			At:        pl.now(),
		})
		if err != nil || n == 0 {
			return err
		}
		return pl.redoTx(ctx, tx, t.VideoID, StageTranscode)
	})
}
