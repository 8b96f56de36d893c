package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
)

// stagingFolder holds what is being written; nothing in it is worth keeping after a crash.
const stagingFolder = "staging"

// folder is a storage on this machine. os.Root keeps names and symbolic links inside of it.
type folder struct{ root *os.Root }

func openFolder(dir string) (*Storage, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the media folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the media folder: %w", err)
	}
	for _, f := range []string{videosFolder, trailersFolder, coversFolder, originalsFolder, stagingFolder} {
		if err := root.MkdirAll(f, 0o700); err != nil {
			root.Close()
			return nil, fmt.Errorf("make the media folder: %w", err)
		}
	}
	return &Storage{&folder{root}}, nil
}

// Close lets go of the folder; files that are open stay so.
func (d *folder) Close() error { return d.root.Close() }

func (d *folder) check(context.Context) error {
	_, err := d.root.Stat(videosFolder)
	return err
}

// open refuses folders, which would otherwise read as empty files.
func (d *folder) open(_ context.Context, name string) (*File, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, fs.ErrNotExist
	}
	return &File{f, info.Size(), info.ModTime()}, nil
}

func (d *folder) size(_ context.Context, name string) (int64, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// put is on disk when it returns.
func (d *folder) put(_ context.Context, name string, r io.Reader, size int64) error {
	staged := stagingFolder + "/" + rand.Text()
	defer func() { _ = d.root.Remove(staged) }() // gone already where all went well
	f, err := d.root.OpenFile(staged, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, r)
	if err == nil && n != size {
		err = fmt.Errorf("%s: %d bytes came, not %d", name, n, size)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := d.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	if err := d.root.Rename(staged, name); err != nil {
		return err
	}
	return d.syncFolder(path.Dir(name))
}

// syncFolder makes the names in a folder outlive a loss of power.
func (d *folder) syncFolder(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *folder) remove(_ context.Context, name string) error { return d.root.RemoveAll(name) }

func (d *folder) list(_ context.Context, name string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		err := fs.WalkDir(d.root.FS(), name, func(name string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			if !yield(entry{name, info.Size()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield(entry{}, err)
		}
	}
}

func (d *folder) createAsset(_ context.Context, prefix string) (assetWriter, error) {
	return &folderWriter{
		d:       d,
		prefix:  prefix,
		staging: stagingFolder + "/" + prefix + "-" + rand.Text(),
	}, nil
}

type folderWriter struct {
	d               *folder
	prefix, staging string
}

func (e *folderWriter) write(_ context.Context, name string, b []byte) error {
	name = e.staging + "/" + name
	if err := e.d.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	return e.d.root.WriteFile(name, b, 0o600)
}

func (e *folderWriter) publish(context.Context) error {
	if err := e.d.replace(e.staging+"/trailer", trailersFolder+"/"+e.prefix); err != nil {
		return err
	}
	return e.d.replace(e.staging+"/film", videosFolder+"/"+e.prefix)
}

func (e *folderWriter) discard() { _ = e.d.root.RemoveAll(e.staging) }

// replace puts the folder from in the place of the folder to, in one rename where to does not exist.
func (d *folder) replace(from, to string) error {
	if err := d.root.RemoveAll(to); err != nil {
		return err
	}
	return d.root.Rename(from, to)
}
