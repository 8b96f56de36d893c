package program

import (
	"context"
	"errors"
	"fmt"
	"io"

	"videomall/config"
	"videomall/mall/media"
)

// MoveMedia copies everything from the storage in use to the one at to, and says on w how far it is and what to do
// next. Interrupted, it goes on with the next call. It takes nothing away.
func MoveMedia(ctx context.Context, cfg *config.Config, to string, w io.Writer) (err error) {
	if to == "" || to == cfg.StorageURL {
		return errors.New("--to must name another storage than the one in use")
	}
	from, err := media.OpenStorage(cfg.StorageURL, cfg.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	target, err := media.OpenStorage(to, "")
	if err != nil {
		return fmt.Errorf("--to, which is written as STORAGE_URL is: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	for name, s := range map[string]*media.Storage{"the storage in use": from, "the storage to copy to": target} {
		if err := s.Check(ctx); err != nil {
			return fmt.Errorf("%s does not answer: %w", name, err)
		}
	}
	moved, err := from.CopyTo(ctx, target, func(name string, size int64, copied bool) {
		if copied {
			fmt.Fprintf(w, "  copied %s, %d bytes\n", name, size)
		}
	})
	if err != nil {
		return fmt.Errorf("copied %d files; the same command goes on from there: %w", moved.Copied, err)
	}
	fmt.Fprintf(w, "\n  %d files copied (%d bytes) and compared, %d were there and equal.\n"+
		"  Uploads that are under way do not move. When nobody uploads, run this once more, then set STORAGE_URL to that\n"+
		"  address and start the mall again. What lies in the old place is yours to delete, once you have seen videos play.\n",
		moved.Copied, moved.Bytes, moved.Kept)
	return nil
}
