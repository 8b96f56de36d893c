package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Storage keeps packaged videos, clear trailers, covers and the files that creators upload, by name: in a folder of this
// machine, or in a bucket of an S3 service. Nothing is opened outside of it, whatever a name says.
type Storage struct{ store }

// store is one of the two places, a folder or a bucket. Names are paths of plain steps, joined by "/"; a name that is
// not there is fs.ErrNotExist.
type store interface {
	open(ctx context.Context, name string) (*File, error)
	size(ctx context.Context, name string) (int64, error)
	// put writes a file of that many bytes, whole or not at all, in the place of one of that name.
	put(ctx context.Context, name string, r io.Reader, size int64) error
	// remove takes a file away, or a folder with everything in it; what is not there is gone already.
	remove(ctx context.Context, name string) error
	list(ctx context.Context, folder string) iter.Seq2[entry, error]
	createAsset(ctx context.Context, prefix string) (assetWriter, error)
	// check says whether the place answers.
	check(ctx context.Context) error
	Close() error
}

// assetWriter writes one packaged video into the storage. A prefix has one writer at a time.
type assetWriter interface {
	// write adds "video/<name>" or "trailer/<name>".
	write(ctx context.Context, name string, b []byte) error
	// publish puts the whole video in place; before that it lacks its master playlist at least.
	publish(ctx context.Context) error
	// discard takes back what was not published.
	discard()
}

// entry is a file that list found.
type entry struct {
	name string
	size int64
}

// File is an open file of the storage. Reading and seeking cost what they cost: each jump in a bucket's file is a
// request.
type File struct {
	io.ReadSeekCloser
	Size    int64
	ModTime time.Time
}

// What lies where: what only a viewer with a signature gets, what anybody gets, what creators uploaded and nobody gets.
const (
	videosFolder    = "films"
	trailersFolder  = "trailers"
	coversFolder    = "covers"
	originalsFolder = "originals"
)

const masterFile = "master.m3u8"

// OpenStorage opens what storageURL names: a folder ("file:///srv/media"), which is made where it is missing, "media"
// below dataDir when it is empty, or a bucket ("s3://KEY:SECRET@host/bucket/prefix?region=eu-central-1"), which is not
// asked before it is used. Errors are sentences without secrets.
func OpenStorage(storageURL, dataDir string) (*Storage, error) {
	if storageURL == "" {
		return openFolder(filepath.Join(dataDir, "media"))
	}
	u, err := url.Parse(storageURL)
	if err != nil { // its text repeats the value, with the password
		return nil, errors.New("STORAGE_URL is not a URL")
	}
	switch {
	case u.Scheme == "s3":
		b, err := openBucket(u)
		if err != nil {
			return nil, fmt.Errorf("STORAGE_URL %s: %w", shown(u), err)
		}
		return &Storage{b}, nil
	case u.Scheme != "file" || u.Host != "" || !filepath.IsAbs(u.Path):
		return nil, fmt.Errorf(
			"STORAGE_URL %s: it must be file:// and an absolute path, as in file:///srv/media, or %s", shown(u),
			bucketForm)
	}
	return openFolder(u.Path)
}

// shown is the address without what opens it.
func shown(u *url.URL) string {
	c := *u
	c.User, c.RawQuery = nil, ""
	return c.String()
}

// Check says whether the storage answers.
func (s *Storage) Check(ctx context.Context) error { return s.check(ctx) }

// OpenVideo opens a file of a packaged video: "<rendition>/<file>" or "extras/<file>". A name that is not
// plain is fs.ErrNotExist. The caller closes it.
func (s *Storage) OpenVideo(ctx context.Context, prefix, folder, file string) (*File, error) {
	if !plain(prefix) || !plain(folder) || !plain(file) {
		return nil, fs.ErrNotExist
	}
	return s.open(ctx, videosFolder+"/"+prefix+"/"+folder+"/"+file)
}

// OpenTrailer opens a file of a video's clear trailer: a playlist, an init file or a segment.
func (s *Storage) OpenTrailer(ctx context.Context, prefix, file string) (*File, error) {
	if !plain(prefix) || !plain(file) {
		return nil, fs.ErrNotExist
	}
	return s.open(ctx, trailersFolder+"/"+prefix+"/"+file)
}

// plain is true for one step of a path that cannot lead anywhere else.
func plain(name string) bool {
	return name != "" && len(name) <= 120 && name[0] != '.' && !strings.ContainsAny(name, "/\\\x00")
}
