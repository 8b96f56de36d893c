//go:build unix

package embedded

import (
	"context"
	"os"
	"syscall"
	"time"
)

// tryLock locks an existing file without waiting. The kernel frees a lock when the last process that holds the open
// file ends, however it ends. A missing file counts as free: nobody has created it yet, or its folder was deleted with
// the server. Closing a nil *os.File does no harm.
func tryLock(path string) (f *os.File, free bool) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, true
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		f.Close()
		return nil, false
	}
	return f, true
}

// waitLock creates the file if necessary and waits for the lock, LOCK_EX or LOCK_SH.
func waitLock(ctx context.Context, path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		// It polls instead of waiting, because a blocked flock ignores ctx.
		if syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB) == nil {
			return f, nil
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
