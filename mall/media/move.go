package media

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Moved counts what CopyTo did.
type Moved struct {
	Copied, Kept int   // files
	Bytes        int64 // copied
}

// CopyTo copies everything that is kept to another storage, and compares what lies there with what lies here, byte by
// byte. A file that is there already and equal is kept, so that a copy that was interrupted goes on; tell hears of each
// file, its size and whether it was copied. What is uploaded while this runs needs another run.
func (s *Storage) CopyTo(ctx context.Context, to *Storage, tell func(name string, size int64,
	copied bool),
) (Moved, error) {
	var m Moved
	for _, folder := range []string{originalsFolder, videosFolder, trailersFolder, coversFolder, postersFolder} {
		for e, err := range s.list(ctx, folder) {
			if err != nil {
				return m, fmt.Errorf("list %s: %w", folder, err)
			}
			copied, err := s.copyFile(ctx, to, e)
			if err != nil {
				return m, fmt.Errorf("copy %s: %w", e.name, err)
			}
			if copied {
				m.Copied, m.Bytes = m.Copied+1, m.Bytes+e.size
			} else {
				m.Kept++
			}
			tell(e.name, e.size, copied)
		}
	}
	return m, nil
}

func (s *Storage) copyFile(ctx context.Context, to *Storage, e entry) (copied bool, err error) {
	there, err := to.size(ctx, e.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err == nil && there == e.size {
		if same, err := s.equal(ctx, to, e.name); same || err != nil {
			return false, err
		}
	}
	f, err := s.open(ctx, e.name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	sent := sha256.New()
	if err := to.put(ctx, e.name, io.TeeReader(f, sent), f.Size); err != nil {
		return false, err
	}
	arrived, err := to.sum(ctx, e.name)
	if err != nil {
		return false, err
	}
	if string(sent.Sum(nil)) != string(arrived) {
		return false, errors.New("what lies there is not what was sent")
	}
	return true, nil
}

func (s *Storage) equal(ctx context.Context, to *Storage, name string) (bool, error) {
	here, err := s.sum(ctx, name)
	if err != nil {
		return false, err
	}
	there, err := to.sum(ctx, name)
	return string(here) == string(there), err
}

func (s *Storage) sum(ctx context.Context, name string) ([]byte, error) {
	f, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
