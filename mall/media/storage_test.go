package media_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomall/mall/media"
)

func TestOpenStorage_refused(t *testing.T) {
	t.Parallel()
	for url, sentence := range map[string]string{
		"s3://key:secret@host": "write it as s3:", "s3://key:secret@host/bucket?endpoint=x": "is not known",
		"s3://key:secret@ho st/bucket": "is not a URL",
		"https://host/media":           "must be file://",
		"file://host/media":            "must be file://",
		"file:media":                   "must be file://",
		"/srv/media":                   "must be file://",
		":":                            "is not a URL",
	} {
		s, err := media.OpenStorage(url, t.TempDir())
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", url)
			continue
		}
		if !strings.Contains(err.Error(), "STORAGE_URL") || !strings.Contains(err.Error(), sentence) ||
			strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v", url, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "a", "b")
	s, err := media.OpenStorage("file://"+dir, "unused")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(filepath.Join(dir, "films")); err != nil {
		t.Fatal(err)
	}
}

func TestStorage_OpenVideo_outside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := media.OpenStorage("", dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write := func(name string) {
		t.Helper()
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"secret", "media/films/one/360p/s0.m4s", "media/films/two/360p/s0.m4s",
		"media/films/one/.hidden/s0.m4s", "media/trailers/one/index.m3u8",
	} {
		write(name)
	}
	if err := os.Symlink(filepath.Join(dir, "secret"),
		filepath.Join(dir, "media/films/one/360p/link.m4s")); err != nil {
		t.Fatal(err)
	}
	for _, p := range [][3]string{
		{"one", "360p", "../../two/360p/s0.m4s"},
		{"one", "..", "two"},
		{"..", "..", "secret"},
		{"one/../two", "360p", "s0.m4s"},
		{"one", "360p", `..\..\secret`},
		{"one", "360p", "link.m4s"},
		{"one", ".hidden", "s0.m4s"},
		{"one", "360p", ""},
		{"", "", ""},
		{"one", "360p", "s0.m4s\x00"},
		{"one", "360p", "missing.m4s"},
		{".", "one", "360p"},
		{"one", "360p", "."},
	} {
		if f, err := s.OpenVideo(t.Context(), p[0], p[1], p[2]); err == nil {
			f.Close()
			t.Errorf("%q was opened", p)
		}
	}
	for _, p := range [][2]string{{"..", "films"}, {"one", "../../films/one/360p/s0.m4s"}, {"one", "missing"}} {
		if f, err := s.OpenTrailer(t.Context(), p[0], p[1]); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("trailer %q: %v, %v", p, f, err)
		}
	}
	for _, open := range []func() (*media.File, error){
		func() (*media.File, error) { return s.OpenVideo(t.Context(), "one", "360p", "s0.m4s") },
		func() (*media.File, error) { return s.OpenTrailer(t.Context(), "one", "index.m3u8") },
	} {
		f, err := open()
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}
