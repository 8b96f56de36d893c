package media

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// postersFolder holds the pictures that a cover may be chosen from, for their owner only.
const postersFolder = "posters"

func originalIn(dir string) string { return filepath.Join(dir, "original") }

// fetchOriginal puts an uploaded file into a folder on this machine, under a name that tells nothing, and returns its
// path. Only its content is shared with the original; it can't be written through it.
func (pr *processor) fetchOriginal(ctx context.Context, key, toDir string) (path string, err error) {
	if key == "" || !fs.ValidPath(key) {
		return "", fmt.Errorf("original %q has no place in storage", key)
	}
	path = originalIn(toDir)
	if here, ok := pr.storage.store.(*folder); ok {
		from := filepath.Join(here.root.Name(), filepath.FromSlash(key))
		if info, err := os.Lstat(from); err != nil || !info.Mode().IsRegular() {
			return "", fmt.Errorf("original %q is no file: %w", key, err)
		}
		if err := os.Link(from, path); err == nil {
			if pr.runner.Shared() {
				return path, os.Chmod(path, 0o444) // the folders above keep everybody else out
			}
			return path, nil
		}
	}
	// In a bucket, on another disk, or on one without links.
	source, err := pr.storage.open(ctx, key)
	if err != nil {
		return "", fmt.Errorf("open the original %q: %w", key, err)
	}
	defer source.Close()
	copied, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o444)
	if err != nil {
		return "", err
	}
	defer copied.Close()
	if _, err := io.Copy(copied, reader{ctx, source}); err != nil {
		return "", fmt.Errorf("copy the original %q: %w", key, err)
	}
	return path, copied.Close()
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// read reads a small file of storage, or says fs.ErrNotExist.
func (s *Storage) read(ctx context.Context, folder, name string) ([]byte, error) {
	f, err := s.open(ctx, folder+"/"+name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// keep writes a small file into storage.
func (s *Storage) keep(ctx context.Context, folder, name string, b []byte) error {
	return s.put(ctx, folder+"/"+name, bytes.NewReader(b), int64(len(b)))
}
