package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/db/dbtest"
	"videomall/mall/media"
)

// both runs a test over a folder and over a bucket.
func both(t *testing.T, test func(*testing.T, fixture)) {
	t.Helper()
	t.Parallel()
	for name, storageURL := range map[string]func(*testing.T) string{
		"folder": func(t *testing.T) string { return "file://" + t.TempDir() },
		"bucket": func(t *testing.T) string {
			return strings.Replace(dbtest.Bucket(t), "/media?", "/media/deep/er?", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storage := openStorage(t, storageURL(t))
			pool := dbtest.New(t)
			m, err := media.New(media.Deps{
				Pool:    pool,
				Storage: storage,
				Key:     secret,
				Now:     time.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			test(t, fixture{Media: m, pool: pool})
		})
	}
}

func openStorage(t *testing.T, storageURL string) *media.Storage {
	t.Helper()
	s, err := media.OpenStorage(storageURL, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAssets_Pack_folder_and_bucket(t *testing.T) {
	both(t, func(t *testing.T, f fixture) {
		src := withExtras(video(5))
		a, err := f.Assets.Pack(t.Context(), src, "film", 2)
		if err != nil {
			t.Fatal(err)
		}
		master, err := f.Assets.Master(t.Context(), "film")
		if err != nil || len(master.Renditions) != 2 {
			t.Fatalf("%+v, %v", master, err)
		}
		key, err := f.Assets.Key(t.Context(), "film", 1)
		if err != nil {
			t.Fatal(err)
		}
		sealed := f.read(t, "film", "720p", "s00003.m4s")
		if !bytes.Equal(decrypt(t, key, sealed, 3), src["720p/s00003.m4s"].Data) {
			t.Fatal("another segment")
		}
		h, err := f.Storage.OpenVideo(t.Context(), "film", "720p", "s00003.m4s")
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		if h.Size != int64(len(sealed)) || h.ModTime.IsZero() {
			t.Fatalf("%d bytes of %s", h.Size, h.ModTime)
		}
		for _, at := range []int64{100, 17, 400, int64(len(sealed)) - 1, 0} { // as ranges are read
			if _, err := h.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(io.LimitReader(h, 33))
			if want := sealed[at:min(at+33, int64(len(sealed)))]; err != nil || !bytes.Equal(got, want) {
				t.Fatalf("from %d: %d bytes, %v", at, len(got), err)
			}
		}
		if end, err := h.Seek(0, io.SeekEnd); err != nil || end != h.Size {
			t.Fatalf("the end is %d, %v", end, err)
		}
		trailer, err := f.Storage.OpenTrailer(t.Context(), "film", "index.m3u8")
		if err != nil {
			t.Fatal(err)
		}
		trailer.Close()
		for _, name := range [][3]string{
			{"film", "720p", "missing.m4s"},
			{"other", "720p", "s00003.m4s"},
			{"film", "..", "film"},
			{"film", "720p", "."},
		} {
			if _, err := f.Storage.OpenVideo(t.Context(), name[0], name[1], name[2]); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q: %v", name, err)
			}
		}
		if again, err := f.Assets.Pack(t.Context(), src, "film", 2); err != nil || again.ID != a.ID {
			t.Fatalf("packed again: %d, %v", again.ID, err)
		}
	})
}

// A video that Pack gave up half way is not there, nor is one whose rows were lost. The next Pack makes it whole.
func TestAssets_Pack_whole_or_not_at_all(t *testing.T) {
	both(t, func(t *testing.T, f fixture) {
		broken := video(6)
		broken["720p/s00005.m4s"] = &fstest.MapFile{Data: []byte("x"), Mode: fs.ModeDir}
		if _, err := f.Assets.Pack(t.Context(), broken, "film", 2); err == nil {
			t.Fatal("packed")
		}
		if _, err := f.Assets.Master(t.Context(), "film"); !errors.Is(err, media.ErrUnknownAsset) {
			t.Fatalf("half a video: %v", err)
		}
		if _, err := f.Storage.OpenVideo(t.Context(), "film", "360p", "s00000.m4s"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("half a video's segment: %v", err)
		}
		if _, err := f.Assets.Pack(t.Context(), video(5), "film", 2); err != nil {
			t.Fatal(err)
		}
		plays := func() {
			t.Helper()
			key, err := f.Assets.Key(t.Context(), "film", 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := decrypt(t, key, f.read(t, "film", "720p", "s00003.m4s"),
				3); !bytes.Equal(got, video(5)["720p/s00003.m4s"].Data) {
				t.Fatal("the keys are not this video's")
			}
		}
		for _, loss := range []string{"delete from media_asset", "delete from media_key"} {
			if _, err := f.pool.Exec(t.Context(), loss); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if _, err := f.Assets.Pack(context.WithoutCancel(t.Context()), video(5), "film", 2); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			plays()
		}
	})
}

func TestStorage_CopyTo_goes_on_after_an_interruption(t *testing.T) {
	t.Parallel()
	folder, bucket := openStorage(t, "file://"+t.TempDir()), openStorage(t, dbtest.Bucket(t))
	pool := dbtest.New(t)
	m, err := media.New(media.Deps{
		Pool:    pool,
		Storage: folder,
		Key:     secret,
		Now:     time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Assets.Pack(t.Context(), withExtras(video(3)), "film", 2); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var seen int
	if _, err := folder.CopyTo(ctx, bucket, func(string, int64, bool) {
		if seen++; seen == 5 {
			stop()
		}
	}); err == nil {
		t.Fatal("it was not interrupted")
	}
	copyAll := func(from, to *media.Storage) (media.Moved, []string) {
		t.Helper()
		var names []string
		moved, err := from.CopyTo(t.Context(), to, func(name string, size int64, copied bool) {
			names = append(names, fmt.Sprint(name, " ", size))
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		return moved, names
	}
	first, names := copyAll(folder, bucket)
	if first.Kept != 5 || first.Copied != len(names)-5 {
		t.Fatalf("after an interruption at 5 of %d: %+v", len(names), first)
	}
	if again, _ := copyAll(folder, bucket); again.Copied != 0 || again.Kept != len(names) {
		t.Fatalf("again: %+v", again)
	}
	moved, err := media.New(media.Deps{
		Pool:    pool,
		Storage: bucket,
		Key:     secret,
		Now:     time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := (fixture{Media: m}).read(t, "film", "720p", "s00002.m4s"), (fixture{Media: moved}).read(t, "film",
		"720p", "s00002.m4s"); !bytes.Equal(a, b) {
		t.Fatal("another segment there")
	}
	third := openStorage(t, "file://"+t.TempDir())
	_, back := copyAll(bucket, third)
	if diff := cmp.Diff(names, back); diff != "" {
		t.Fatalf("names (-copied there +copied back):\n%s", diff)
	}
}
