package media

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Storage is a folder on this machine that holds packaged films and clear trailers. Nothing is opened
// outside of it, whatever a name or a symbolic link says.
type Storage struct{ root *os.Root }

// Below the root: what only a viewer with a signature gets, what anybody gets, and what is being written.
const (
	filmsFolder    = "films"
	trailersFolder = "trailers"
	stagingFolder  = "staging"
)

// OpenStorage opens the folder that storageURL names ("file:///srv/media"), or "media" below dataDir when
// it is empty, and makes it where it is missing.
func OpenStorage(storageURL, dataDir string) (*Storage, error) {
	folder := filepath.Join(dataDir, "media")
	if storageURL != "" {
		u, err := url.Parse(storageURL)
		if err != nil {
			return nil, fmt.Errorf("STORAGE_URL is not a URL: %w", err)
		}
		switch {
		case u.Scheme == "s3":
			return nil, fmt.Errorf("STORAGE_URL %s: this version keeps media in a folder only, as in file:///srv/media", u.Redacted())
		case u.Scheme != "file" || u.Host != "" || !filepath.IsAbs(u.Path):
			return nil, fmt.Errorf("STORAGE_URL %s: it must be file:// and an absolute path, as in file:///srv/media", u.Redacted())
		}
		folder = u.Path
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the media folder: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open the media folder: %w", err)
	}
	for _, f := range []string{filmsFolder, trailersFolder, stagingFolder} {
		if err := root.MkdirAll(f, 0o700); err != nil {
			root.Close()
			return nil, fmt.Errorf("make the media folder: %w", err)
		}
	}
	return &Storage{root}, nil
}

// Close lets go of the folder; files that are open stay so.
func (s *Storage) Close() error { return s.root.Close() }

// OpenFilm opens a file of a packaged film: "<rendition>/<file>" or "extras/<file>". A name that is not
// plain is fs.ErrNotExist. The caller closes it.
func (s *Storage) OpenFilm(prefix, folder, file string) (*os.File, error) {
	if !plain(prefix) || !plain(folder) || !plain(file) {
		return nil, fs.ErrNotExist
	}
	return s.open(filmsFolder + "/" + prefix + "/" + folder + "/" + file)
}

// OpenTrailer opens a file of a film's clear trailer: index.m3u8, its init file or a segment.
func (s *Storage) OpenTrailer(prefix, file string) (*os.File, error) {
	if !plain(prefix) || !plain(file) {
		return nil, fs.ErrNotExist
	}
	return s.open(trailersFolder + "/" + prefix + "/" + file)
}

// open refuses folders, which would otherwise read as empty files.
func (s *Storage) open(name string) (*os.File, error) {
	f, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, fs.ErrNotExist
	}
	return f, nil
}

// plain is true for one step of a path that cannot lead anywhere else.
func plain(name string) bool {
	return name != "" && len(name) <= 120 && name[0] != '.' && !strings.ContainsAny(name, "/\\\x00")
}

func (s *Storage) exists(name string) bool {
	_, err := s.root.Stat(name)
	return err == nil
}

// replace puts the folder from in the place of the folder to, in one rename where to does not exist.
func (s *Storage) replace(from, to string) error {
	if err := s.root.RemoveAll(to); err != nil {
		return err
	}
	return s.root.Rename(from, to)
}
