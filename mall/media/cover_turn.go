package media

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"videomall/mall/media/internal/dbsqlc"
)

const (
	// UsualCoverMemory is the memory budget of decoded pictures, in bytes: one of maxCoverPixels with four bytes a
	// pixel, and what drawing takes.
	UsualCoverMemory = 200 << 20
	// coverTurns is how many pictures are taken in at the same time. Each of them is held in memory, up to maxCover.
	coverTurns = 3
	// turnWait is how long a picture waits for its turn before whoever sent it is asked to come again.
	turnWait = 30 * time.Second
	// drawingMemory is what is held besides the decoded pixels, in bytes: the reduced picture and the buffer of the
	// scaler.
	drawingMemory = 44 << 20
	triesADay     = 300
)

// turns bound the memory and the work that pictures take in this process. Safe for concurrent use.
type turns struct {
	slots  chan struct{}
	memory *semaphore.Weighted
	budget int64
	wait   time.Duration

	mu      sync.Mutex
	working map[int64]bool // creators with a picture in work
}

func newTurns(budget int64, wait time.Duration) *turns {
	return &turns{
		slots:   make(chan struct{}, coverTurns),
		memory:  semaphore.NewWeighted(budget),
		budget:  budget,
		wait:    wait,
		working: map[int64]bool{},
	}
}

// coverMemory is the memory budget for an option of which 0 is the usual one.
func coverMemory(option int64) int64 {
	if option > 0 {
		return option
	}
	return UsualCoverMemory
}

// Covers are the pictures of listings. Creators upload them, or choose one of a video's posters.
type Covers struct {
	core
	videos *Videos
	disks  *Disks
	turns  *turns
}

// CoverTurn is the right of a creator to have one picture drawn. End must be called.
type CoverTurn struct {
	covers  *Covers
	ownerID int64
	end     func()
}

// End lets the next picture in. It may be called twice.
func (t *CoverTurn) End() { t.end() }

// Begin takes a turn before the first byte of a picture is read: one for each creator, a few for all of them. It
// counts the try, whatever becomes of it. ErrCoverBusy, ErrCoversMany, ErrCoversWaiting, ErrDiskFull.
func (cv *Covers) Begin(ctx context.Context, ownerID int64) (*CoverTurn, error) {
	leave, ok := cv.turns.enter(ownerID)
	if !ok {
		return nil, ErrCoverBusy.Because("creator %d", ownerID)
	}
	t := &CoverTurn{
		covers:  cv,
		ownerID: ownerID,
		end:     sync.OnceFunc(leave),
	}
	if err := cv.admit(ctx, t); err != nil {
		t.End()
		return nil, err
	}
	return t, nil
}

func (cv *Covers) admit(ctx context.Context, t *CoverTurn) error {
	if err := cv.countTry(ctx, t.ownerID); err != nil {
		return err
	}
	if err := cv.disks.room(0); err != nil {
		return err
	}
	waited := time.NewTimer(cv.turns.wait)
	defer waited.Stop()
	select {
	case cv.turns.slots <- struct{}{}:
		leave := t.end
		t.end = sync.OnceFunc(func() { <-cv.turns.slots; leave() })
		return nil
	case <-waited.C:
		return ErrCoversWaiting
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter says whether the creator has no other picture in work.
func (t *turns) enter(ownerID int64) (leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.working[ownerID] {
		return nil, false
	}
	t.working[ownerID] = true
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.working, ownerID)
	}, true
}

// countTry keeps one creator from filling the storage with pictures and the processor with attempts.
func (cv *Covers) countTry(ctx context.Context, ownerID int64) error {
	n, err := cv.q.CountCoverTry(ctx, cv.pool, dbsqlc.CountCoverTryParams{
		OwnerID: ownerID,
		Day:     cv.now().UTC(),
	})
	if err != nil {
		return fmt.Errorf("count the pictures of %d: %w", ownerID, err)
	}
	if n > triesADay {
		return ErrCoversMany.Because("%d of %d", n, ownerID)
	}
	return nil
}

// borrow waits until the picture's share of the memory budget is free. ErrCoverMemory: it is more than all of it.
func (t *turns) borrow(ctx context.Context, h pictureHeader) (giveBack func(), err error) {
	need := h.decoded + drawingMemory
	if need > t.budget {
		return nil, ErrCoverMemory.Because("a %s of %d × %d takes %d bytes, of %d", h.format, h.width, h.height, need,
			t.budget)
	}
	if err := t.memory.Acquire(ctx, need); err != nil {
		return nil, err
	}
	return func() { t.memory.Release(need) }, nil
}
