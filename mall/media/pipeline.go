package media

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/mall/fault"
	"videomall/mall/media/ffmpeg"
)

// Queue is where the stages wait, apart from everything that people wait for.
const Queue = "media"

// ErrUnknownStage is a stage that can't be tried again: there is none, or it neither failed nor is done.
var ErrUnknownStage = fault.New(fault.Conflict, "unknown_stage", "There is nothing to try again here.")

// StageArgs is the job that works one stage of a video; its worker calls Pipeline.Run.
type StageArgs struct {
	VideoID int64  `json:"videoId"`
	Stage   string `json:"stage"`
}

// Kind names the job in the database.
func (StageArgs) Kind() string { return "media_stage" }

// InsertOpts gives the stages a queue of their own. A stage counts its attempts itself.
func (StageArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Queue, MaxAttempts: 25}
}

// EraseArgs is the job that removes what a deleted video leaves; its worker calls Erase.
type EraseArgs struct {
	VideoID int64 `json:"videoId"`
}

// Kind names the job in the database.
func (EraseArgs) Kind() string { return "media_erase" }

// InsertOpts puts it beside the stages, which it waits for.
func (EraseArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Queue, MaxAttempts: 25}
}

// Later asks the worker to come again after a while; nothing has failed.
type Later struct {
	After time.Duration
	Why   error
}

func (l Later) Error() string { return "later: " + l.Why.Error() }

// Unwrap is why.
func (l Later) Unwrap() error { return l.Why }

// Processing is what making videos of uploads stands on.
type Processing struct {
	Jobs *river.Client[pgx.Tx] // inserts; a worker elsewhere calls Pipeline.Run and Pipeline.Erase
	// Dir is where videos are made, on this machine; what one stage leaves there the next one finds. Where the tools run
	// under another account that can't reach it, and where it is empty, a folder of the system's for temporary files
	// takes its place.
	Dir    string
	Log    *slog.Logger
	Limits Limits
	// KeyEvery is how many segments share a key; 15, a minute.
	KeyEvery int
	// InUse says whether a listing still needs a packaged video; nil: none does.
	InUse func(ctx context.Context, tx pgx.Tx, assetID int64) (bool, error)
}

// Pipeline makes videos of uploaded files, stage by stage, and takes away what deleted ones leave.
type Pipeline struct {
	core
	assets *Assets
	videos *Videos
	disks  *Disks
	work   *processor // nil where uploads only wait
	jobs   *river.Client[pgx.Tx]
	inUse  func(ctx context.Context, tx pgx.Tx, assetID int64) (bool, error) // nil: none is
	log    *slog.Logger
	halt   chan struct{} // closed by Halt
	halted sync.Once
}

// processor does the work of the stages on this machine.
type processor struct {
	core
	assets   *Assets
	runner   *ffmpeg.Runner
	limits   Limits
	dir      string // where videos are made
	keyEvery int    // segments that share a key
	log      *slog.Logger
}

func newProcessor(c core, assets *Assets, p Processing) (*processor, error) {
	runner, err := ffmpeg.New()
	if err != nil {
		return nil, err
	}
	dir, err := workFolder(runner, p.Dir)
	if err != nil {
		return nil, err
	}
	return &processor{
		core:     c,
		assets:   assets,
		runner:   runner,
		limits:   p.Limits.withDefaults(),
		dir:      dir,
		keyEvery: cmp.Or(p.KeyEvery, 15),
		log:      p.Log,
	}, nil
}

// workFolder makes dir, or one in its place that the tools can reach. It is not listable for them: whoever broke out of
// one video does not find the others.
func workFolder(r *ffmpeg.Runner, dir string) (string, error) {
	elsewhere := filepath.Join(os.TempDir(), fmt.Sprintf("videomall-media-%d", os.Geteuid()))
	dir, err := filepath.Abs(cmp.Or(dir, elsewhere))
	if err != nil {
		return "", err
	}
	for _, d := range []string{dir, elsewhere} {
		if err := os.MkdirAll(d, 0o711); err != nil {
			return "", fmt.Errorf("make the folder for videos in the making: %w", err)
		}
		if d == elsewhere {
			if err := isOurs(d); err != nil {
				return "", err
			}
		}
		if err := os.Chmod(d, 0o711); err != nil {
			return "", fmt.Errorf("close the folder for videos in the making: %w", err)
		}
		if r.Passable(d) {
			return d, nil
		}
	}
	return "", fmt.Errorf("the account that reads videos can reach neither %s nor %s", dir, os.TempDir())
}

// isOurs refuses a folder that somebody else made, or a link: everybody may write where temporary files lie, the tools
// too.
func isOurs(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the folder for videos in the making: %w", err)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(s.Uid) != os.Geteuid() {
		return fmt.Errorf(
			"%s is not a folder of this account: remove it, or set another folder for videos in the making", dir)
	}
	return nil
}

// Halt ends the stages that run and begins none; they go on where they were, at the latest in another process. For the
// end of a process.
func (pl *Pipeline) Halt() {
	if pl.work != nil {
		pl.halted.Do(func() { close(pl.halt) })
	}
}

// Ready is nil when this machine can make videos of uploads, else it says why not: ffmpeg.ErrMissing.
func (pl *Pipeline) Ready() error {
	if pl.work == nil {
		return errors.New("videos are not made here")
	}
	return pl.work.runner.Ready()
}
