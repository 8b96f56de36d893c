package media_test

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"videomall/mall/media"
)

func TestUploads_Write_disk_full(t *testing.T) {
	t.Parallel()
	f := open(t)
	const floor = 1 << 30
	free := int64(floor + 40<<20)
	f.Disks.Fake(floor, func() int64 { return free })
	if err := f.Disks.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	video := media.NewUpload{Name: "film.mp4", Size: 40<<20 + 1}
	if _, err := f.Uploads.Begin(t.Context(), creator, video); !errors.Is(err, media.ErrDiskFull) {
		t.Fatalf("a file that would leave less than the floor: %v", err)
	}
	video.Size = 40 << 20
	u, err := f.Uploads.Begin(t.Context(), creator, video)
	if err != nil {
		t.Fatal(err)
	}
	whole := []byte(mp4Head + strings.Repeat("x", int(video.Size)-len(mp4Head)))
	// Something else fills the disk while the upload is written.
	filling := &watched{
		Reader: bytes.NewReader(whole),
		after:  20 << 20,
		then:   func() { free = floor - 1 },
	}
	u, err = f.Uploads.Write(t.Context(), creator, u.ID, 0, filling, video.Size)
	if !errors.Is(err, media.ErrDiskFull) || u.Offset < 20<<20 || u.Offset >= video.Size {
		t.Fatalf("at %d: %v", u.Offset, err)
	}
	if err := f.Disks.Check(t.Context()); !errors.Is(err, media.ErrDiskFull) {
		t.Fatalf("the operator sees %v", err)
	}
	if _, err := f.Covers.Begin(t.Context(), creator); !errors.Is(err, media.ErrDiskFull) {
		t.Fatalf("a cover: %v", err)
	}
	at := u.Offset
	if u, err = f.Uploads.Get(t.Context(), creator, u.ID); err != nil || u.Offset != at {
		t.Fatalf("what arrived: %d of %d, %v", u.Offset, at, err)
	}
	if _, err = f.Uploads.Write(t.Context(), creator, u.ID, at, bytes.NewReader(whole[at:]),
		video.Size-at); !errors.Is(err, media.ErrDiskFull) {
		t.Fatalf("still full: %v", err)
	}
	free = 2 * floor
	u, err = f.Uploads.Write(t.Context(), creator, u.ID, at, bytes.NewReader(whole[at:]), video.Size-at)
	if err != nil || !u.Complete() {
		t.Fatalf("with room again: %+v, %v", u, err)
	}
}

const mp4Head = "\x00\x00\x00\x18ftypmp42"

// watched calls then once when so many bytes were read.
type watched struct {
	*bytes.Reader
	after int64
	then  func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if w.after -= int64(n); w.after <= 0 && w.then != nil {
		w.then()
		w.then = nil
	}
	return n, err
}

func TestPipeline_Run_disk_full(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("640x360", 2), ".mp4")...))
	const floor = 1 << 30
	var free atomic.Int64
	w.Disks.Fake(floor, free.Load)
	free.Store(floor - 1)
	var later media.Later
	if err := w.run(id, media.StageProbe); !errors.As(err, &later) || !errors.Is(err, media.ErrDiskFull) {
		t.Fatalf("a full disk: %v", err)
	}
	if s := w.stage(7, id, media.StageProbe); s.State != media.StageWaiting || s.Refusal != media.WaitsForDisk ||
		s.Attempts != 0 {
		t.Fatalf("%+v", s)
	}
	free.Store(floor + 1) // less than the file takes
	if err := w.run(id, media.StageProbe); !errors.Is(err, media.ErrDiskFull) {
		t.Fatalf("too little room: %v", err)
	}
	free.Store(2 * floor)
	w.ok(w.run(id, media.StageProbe))
	if s := w.stage(7, id, media.StageProbe); s.State != media.StageDone {
		t.Fatalf("with room again: %+v", s)
	}
}

// A disk that fills up while a video is made ends the stage. The run does not count as an attempt.
func TestPipeline_Run_disk_fills_up(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", slow(t))
	const floor = 1 << 30
	var free atomic.Int64
	free.Store(2 * floor)
	w.Disks.Fake(floor, free.Load)
	w.ok(w.run(id, media.StageProbe))
	ended := w.begins(7, id, media.StageTranscode)
	free.Store(0)
	if err := <-ended; !errors.Is(err, media.ErrDiskFull) {
		t.Fatal(err)
	}
	if s := w.stage(7, id, media.StageTranscode); s.State != media.StageWaiting || s.Refusal != media.WaitsForDisk ||
		s.Attempts != 0 {
		t.Fatalf("%+v", s)
	}
}
