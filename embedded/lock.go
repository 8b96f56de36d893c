//go:build unix

package embedded

import (
	"context"
	"os"
	"syscall"
	"time"
)

// tryLock locks an existing file without waiting. The kernel frees a lock when the last process that
// holds the open file ends, however it ends. A file that is not there counts as free: nobody made it
// yet, or its folder went with the server. A nil *os.File closes without harm.
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

// waitLock makes the file if need be and waits for the lock, LOCK_EX or LOCK_SH.
func waitLock(ctx context.Context, path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		// Asked again and again rather than waited for: a blocked flock ignores ctx.
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
