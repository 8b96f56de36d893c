package media_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/media"
)

// An upload goes on wherever its connection broke.
func TestUploads_Write(t *testing.T) {
	t.Parallel()
	u, whole := local(t), bytesOf(1_000_003)
	up := u.begin(t, len(whole))
	for _, piece := range []int{1, 0, 333_333, 7, 500_000} {
		up = u.writePiece(t, up, whole, piece)
		u.refusesOtherOffsets(t, up)
	}
	if _, err := u.Uploads.Write(t.Context(), creator, up.ID, up.Offset, nil,
		int64(len(whole))-up.Offset+1); !errors.Is(err, media.ErrUploadTooLong) {
		t.Fatalf("more than there is: %v", err)
	}
	if _, err := u.Uploads.Complete(t.Context(), creator, up.ID); !errors.Is(err, media.ErrUploadShort) {
		t.Fatalf("completed early: %v", err)
	}
	done, err := u.Uploads.Write(t.Context(), creator, up.ID, up.Offset, bytes.NewReader(whole[up.Offset:]), -1)
	if err != nil || !done.Complete() {
		t.Fatalf("%+v, %v", done, err)
	}
	got, err := os.ReadFile(filepath.Join(u.dir, "originals", up.ID))
	if err != nil || !bytes.Equal(got, whole) {
		t.Fatalf("%d bytes arrived, %v", len(got), err)
	}
	video, err := u.Videos.Get(t.Context(), creator, *done.VideoID)
	if err != nil || video.Name != "My film.MP4" || video.Size != int64(len(whole)) ||
		video.State != media.VideoProcessing {
		t.Fatalf("%+v, %v", video, err)
	}
}

// writePiece writes some bytes through a connection that then breaks, and returns the upload as it is read back.
func (u *uploads) writePiece(t *testing.T, up media.Upload, whole []byte, piece int) media.Upload {
	t.Helper()
	from := up.Offset
	next, err := u.Uploads.Write(t.Context(), creator, up.ID, from,
		broken{bytes.NewReader(whole[from : from+int64(piece)])}, int64(len(whole))-from)
	if !errors.Is(err, media.ErrUploadCut) || next.Offset != from+int64(piece) {
		t.Fatalf("%d bytes from %d on: at %d, %v", piece, from, next.Offset, err)
	}
	onDisk, err := os.Stat(filepath.Join(u.dir, "originals", up.ID))
	if err != nil {
		t.Fatal(err)
	}
	up, err = u.Uploads.Get(t.Context(), creator, up.ID)
	if err != nil || up.Offset != onDisk.Size() || up.Offset != next.Offset {
		t.Fatalf("offset %d, %d bytes on disk, %v", up.Offset, onDisk.Size(), err)
	}
	return up
}

// refusesOtherOffsets writes a byte at offsets that are not the end of what is there.
func (u *uploads) refusesOtherOffsets(t *testing.T, up media.Upload) {
	t.Helper()
	for _, wrong := range []int64{up.Offset + 1, up.Offset - 1, 0, -1, up.Size} {
		if wrong == up.Offset {
			continue
		}
		if _, err := u.Uploads.Write(t.Context(), creator, up.ID, wrong, strings.NewReader("x"),
			-1); !errors.Is(err, media.ErrUploadOffset) {
			t.Fatalf("offset %d of %d: %v", wrong, up.Offset, err)
		}
	}
}

// A browser that missed the answer asks again and gets the same video.
func TestUploads_Complete_again(t *testing.T) {
	t.Parallel()
	u, whole := local(t), bytesOf(1000)
	up := u.begin(t, len(whole))
	done, err := u.Uploads.Write(t.Context(), creator, up.ID, 0, bytes.NewReader(whole), -1)
	if err != nil || !done.Complete() {
		t.Fatalf("%+v, %v", done, err)
	}
	for range 2 {
		if id, err := u.Uploads.Complete(t.Context(), creator, up.ID); err != nil || id != *done.VideoID {
			t.Fatalf("again: %d, %v", id, err)
		}
		if again, err := u.Uploads.Write(t.Context(), creator, up.ID, up.Size, strings.NewReader(""),
			0); err != nil || *again.VideoID != *done.VideoID {
			t.Fatalf("again: %+v, %v", again, err)
		}
	}
	if err := u.Uploads.Cancel(t.Context(), creator, up.ID); !errors.Is(err, media.ErrUnknownUpload) {
		t.Fatalf("a video was cancelled: %v", err)
	}
	u.ahead.Store(int64(48 * time.Hour))
	if _, err := u.Uploads.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u.count(t, "media_upload") != 0 || len(u.left(t)) != 1 {
		t.Fatalf("the upload's row is left, or the video's file is gone: %v", u.left(t))
	}
}

func TestUploads_Complete_twice_at_once(t *testing.T) {
	t.Parallel()
	u, whole := local(t), bytesOf(1000)
	up := u.begin(t, len(whole))
	if err := os.WriteFile(filepath.Join(u.dir, "originals", up.ID), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := u.Uploads.Complete(context.WithoutCancel(t.Context()), creator, up.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := u.count(t, "media_video"); n != 1 {
		t.Fatalf("%d videos", n)
	}
}

func TestUploads_Write_two_writers(t *testing.T) {
	t.Parallel()
	u, whole := local(t), bytesOf(1000)
	up := u.begin(t, len(whole))
	r, w := io.Pipe()
	first := make(chan error, 1)
	go func() {
		_, err := u.Uploads.Write(context.WithoutCancel(t.Context()), creator, up.ID, 0, r, -1)
		first <- err
	}()
	if _, err := w.Write(whole[:400]); err != nil { // is read only once the first has the file
		t.Fatal(err)
	}
	if _, err := u.Uploads.Write(t.Context(), creator, up.ID, 0, bytes.NewReader(whole),
		-1); !errors.Is(err, media.ErrUploadBusy) {
		t.Fatalf("a second writer: %v", err)
	}
	if _, err := w.Write(whole[400:]); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(u.dir, "originals", up.ID)); err != nil || !bytes.Equal(got, whole) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestUploads_Sweep(t *testing.T) {
	t.Parallel()
	u, whole := local(t), bytesOf(1000)
	old, alive := u.begin(t, len(whole)), u.begin(t, len(whole))
	gone := u.begin(t, len(whole))
	for _, id := range []string{old.ID, gone.ID} {
		if _, err := u.Uploads.Write(t.Context(), creator, id, 0, bytes.NewReader(whole[:500]), -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.Uploads.Cancel(t.Context(), creator, gone.ID); err != nil {
		t.Fatal(err)
	}
	u.ahead.Store(int64(23 * time.Hour))
	// its time begins anew
	if _, err := u.Uploads.Write(t.Context(), creator, alive.ID, 0, bytes.NewReader(whole[:1]), -1); err != nil {
		t.Fatal(err)
	}
	u.ahead.Store(int64(25 * time.Hour))
	if _, err := u.Uploads.Get(t.Context(), creator, old.ID); !errors.Is(err, media.ErrUnknownUpload) {
		t.Fatalf("an old upload: %v", err)
	}
	// A crash in the middle of the clearing: the bytes are gone, the row is not.
	if _, err := u.pool.Exec(t.Context(), "update media_upload set state = 'ending' where id = $1",
		old.ID); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(u.dir, "originals", old.ID)); err != nil {
		t.Fatal(err)
	}
	if n, err := u.Uploads.Sweep(t.Context()); err != nil || n != 1 {
		t.Fatalf("swept %d, %v", n, err)
	}
	if left := u.left(t); len(left) != 1 || left[0] != alive.ID || u.count(t, "media_upload") != 1 {
		t.Fatalf("left: %v", left)
	}
	u.ahead.Store(int64(50 * time.Hour))
	if _, err := u.Uploads.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := u.left(t); len(left) != 0 || u.count(t, "media_upload") != 0 {
		t.Fatalf("left: %v", left)
	}
}

func TestUploads_Begin_quota(t *testing.T) {
	t.Parallel()
	u := local(t, media.UploadLimits{File: 800, Quota: 1000})
	var wg sync.WaitGroup
	var taken, refused atomic.Int64
	for range 8 {
		wg.Go(func() {
			_, err := u.Uploads.Begin(context.WithoutCancel(t.Context()), creator, media.NewUpload{
				Name: "a.mp4",
				Size: 400,
			})
			switch {
			case err == nil:
				taken.Add(1)
			case errors.Is(err, media.ErrUploadQuota):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 2 || refused.Load() != 6 {
		t.Fatalf("%d taken, %d refused", taken.Load(), refused.Load())
	}
	if a, err := u.Uploads.Allowance(t.Context(), creator); err != nil || a.Used != 800 || a.Quota != 1000 || a.File != 800 {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, err := u.Uploads.Begin(t.Context(), stranger, media.NewUpload{Name: "a.mp4", Size: 400}); err != nil {
		t.Fatalf("somebody else's room: %v", err)
	}
}

func TestUploads_Begin_refused(t *testing.T) {
	t.Parallel()
	u := local(t)
	for _, c := range []struct {
		media.NewUpload
		want error
	}{
		{media.NewUpload{
			Name: "a.exe",
			Type: "video/mp4",
			Size: 1,
		}, media.ErrUploadType},
		{media.NewUpload{
			Name: "a.mp4",
			Type: "image/png",
			Size: 1,
		}, media.ErrUploadType},
		{media.NewUpload{Name: "mp4", Size: 1}, media.ErrUploadType},
		{media.NewUpload{
			Name: "a.m3u8",
			Type: "video/mp4",
			Size: 1,
		}, media.ErrUploadType},
		{media.NewUpload{Name: "a.mp4", Size: 0}, media.ErrUploadSize},
		{media.NewUpload{Name: "a.mp4", Size: -1}, media.ErrUploadSize},
		{media.NewUpload{Name: "a.mp4", Size: 20<<30 + 1}, media.ErrUploadSize},
		{media.NewUpload{Name: "", Size: 1}, media.ErrUploadName},
		{media.NewUpload{Name: strings.Repeat("a", 300) + ".mp4", Size: 1}, media.ErrUploadName},
		{media.NewUpload{
			Name: "clip.ts",
			Type: "text/vnd.trolltech.linguist",
			Size: 1,
		}, nil},
		{media.NewUpload{Name: `C:\films\片子.mkv`, Size: 1}, nil},
	} {
		if _, err := u.Uploads.Begin(t.Context(), creator, c.NewUpload); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.NewUpload, err)
		}
	}
	for _, inside := range []string{
		"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile:///etc/passwd\n", "MZ\x90\x00",
		"G", "<html>", "RIFFxxxxWAVE",
	} {
		up := u.begin(t, len(inside))
		if _, err := u.Uploads.Write(t.Context(), creator, up.ID, 0, strings.NewReader(inside),
			-1); !errors.Is(err, media.ErrUploadNotVideo) {
			t.Errorf("%q: %v", inside, err)
		}
		if _, err := os.Stat(filepath.Join(u.dir, "originals", up.ID)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q stays: %v", inside, err)
		}
	}
}

func TestUploads_of_another_creator(t *testing.T) {
	t.Parallel()
	u := local(t)
	up := u.begin(t, 1000)
	_, read := u.Uploads.Get(t.Context(), stranger, up.ID)
	_, write := u.Uploads.Write(t.Context(), stranger, up.ID, 0, strings.NewReader("x"), -1)
	_, complete := u.Uploads.Complete(t.Context(), stranger, up.ID)
	for what, err := range map[string]error{
		"read":     read,
		"write":    write,
		"complete": complete,
		"cancel":   u.Uploads.Cancel(t.Context(), stranger, up.ID),
	} {
		if !errors.Is(err, media.ErrUnknownUpload) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestUploads_Begin_many_in_the_making(t *testing.T) {
	t.Parallel()
	u := local(t)
	if _, err := u.pool.Exec(t.Context(), `insert into media_video (owner_id, name, original, size, folder, created_at,
		updated_at)
		select $1, 'a.mp4', 'originals/' || n, 1, 'v-' || n, now(), now() from generate_series(1, 20) n`,
		creator); err != nil {
		t.Fatal(err)
	}
	begin := func(owner int64) error {
		_, err := u.Uploads.Begin(t.Context(), owner, media.NewUpload{Name: "a.mp4", Size: 100})
		return err
	}
	if err := begin(creator); !errors.Is(err, media.ErrVideosMany) {
		t.Errorf("the twenty-first: %v", err)
	}
	if err := begin(stranger); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if n := u.count(t, "media_upload"); n != 1 {
		t.Errorf("%d uploads", n)
	}
	if _, err := u.pool.Exec(t.Context(), `update media_video set state = 'failed' where folder = 'v-7'`); err != nil {
		t.Fatal(err)
	}
	if err := begin(creator); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}
