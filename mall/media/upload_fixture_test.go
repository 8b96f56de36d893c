package media_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/media"
)

const creator, stranger = 7, 8

// uploads takes files in, by a clock that a test moves.
type uploads struct {
	fixture
	ahead atomic.Int64
}

func (u *uploads) now() time.Time { return time.Now().Add(time.Duration(u.ahead.Load())) }

func openUploads(t *testing.T, storageURL, dir string, limits ...media.UploadLimits) *uploads {
	t.Helper()
	u := &uploads{}
	var err error
	u.pool, u.dir = dbtest.New(t), dir
	u.Media, err = media.New(media.Deps{
		Pool:    u.pool,
		Storage: openStorage(t, storageURL),
		Key:     secret,
		Now:     u.now,
		Uploads: append(limits, media.UploadLimits{})[0],
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func local(t *testing.T, limits ...media.UploadLimits) *uploads {
	dir := t.TempDir()
	return openUploads(t, "file://"+dir, dir, limits...)
}

// bytesOf returns n bytes that begin as an MP4 does.
func bytesOf(n int) []byte {
	b := bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]
	copy(b, "\x00\x00\x00\x18ftypmp42")
	return b
}

func (u *uploads) begin(t *testing.T, size int) media.Upload {
	t.Helper()
	up, err := u.Uploads.Begin(t.Context(), creator, media.NewUpload{
		Name: "My film.MP4",
		Type: "video/mp4",
		Size: int64(size),
	})
	if err != nil {
		t.Fatal(err)
	}
	return up
}

// left are the files that uploads left on disk.
func (u *uploads) left(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, folder := range []string{"originals", "staging"} {
		entries, err := os.ReadDir(filepath.Join(u.dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	return names
}

func (u *uploads) count(t *testing.T, table string) (n int) {
	t.Helper()
	if err := u.pool.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// broken gives some bytes and then fails, as a connection does.
type broken struct{ r io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = errors.New("connection reset")
	}
	return n, err
}
