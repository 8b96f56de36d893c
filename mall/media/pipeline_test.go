package media_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db/dbtest"
	"videomall/mall/media"
)

// works makes videos of uploads, by a clock that tests move.
type works struct {
	fixture
	t     *testing.T
	jobs  *river.Client[pgx.Tx]
	ahead atomic.Int64
	files int
}

// factory opens works for a parallel test; adjust changes its dependencies.
func factory(t *testing.T, adjust ...func(*media.Processing)) *works {
	t.Helper()
	t.Parallel()
	return openFactory(t, adjust...)
}

func openFactory(t *testing.T, adjust ...func(*media.Processing)) *works {
	t.Helper()
	needFFmpeg(t)
	w := &works{t: t}
	pool, dir := dbtest.New(t), t.TempDir()
	storage, err := media.OpenStorage("", dir)
	w.ok(err)
	t.Cleanup(func() { storage.Close() })
	w.jobs, err = river.NewClient(riverpgxv5.New(pool), &river.Config{})
	w.ok(err)
	processing := w.processing(adjust...)
	m, err := media.New(media.Deps{
		Pool:       pool,
		Storage:    storage,
		Key:        secret,
		Processing: &processing,
		Now: func() time.Time {
			return time.Now().Add(time.Duration(w.ahead.Load()))
		},
	})
	w.ok(err)
	w.fixture = fixture{m, pool, filepath.Join(dir, "media")}
	return w
}

func (w *works) processing(adjust ...func(*media.Processing)) media.Processing {
	w.t.Helper()
	work, err := os.MkdirTemp("", "videomall-test-")
	w.ok(err)
	w.t.Cleanup(func() { os.RemoveAll(work) })
	p := media.Processing{
		Jobs: w.jobs,
		Dir:  work,
		Log:  slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, a := range adjust {
		a(&p)
	}
	return p
}

// needFFmpeg skips a test aloud where there is none; with CI=true it fails instead.
func needFFmpeg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		dbtest.Missing(t, err)
	}
}

func (w *works) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// upload puts a file where an upload would and makes a video of it.
func (w *works) upload(owner int64, name string, content []byte) int64 {
	w.t.Helper()
	w.files++
	key := fmt.Sprintf("originals/%d", w.files)
	w.ok(os.MkdirAll(filepath.Join(w.dir, "originals"), 0o700))
	w.ok(os.WriteFile(filepath.Join(w.dir, key), content, 0o600))
	id, err := w.Pipeline.Accept(w.t.Context(), media.Original{
		OwnerID: owner,
		Name:    name,
		Key:     key,
		Size:    int64(len(content)) + 1,
	})
	w.ok(err)
	return id
}

// make runs the stages of a video as a worker would, until none is left that can run now.
func (w *works) make(owner, id int64) media.Video {
	w.t.Helper()
	for range 12 {
		var waiting bool
		all, err := w.Pipeline.Stages(w.t.Context(), owner, id)
		w.ok(err)
		for _, s := range all[id] {
			if s.State != media.StageWaiting {
				continue
			}
			waiting = true
			if err := w.Pipeline.Run(w.t.Context(), media.StageArgs{VideoID: id, Stage: s.Name}); err != nil {
				w.t.Logf("%s: %v", s.Name, err)
			}
			break
		}
		v, err := w.Videos.Get(w.t.Context(), owner, id)
		w.ok(err)
		if !waiting || v.State != media.VideoProcessing {
			return v
		}
	}
	w.t.Fatal("the stages never end")
	return media.Video{}
}

func (w *works) stage(owner, id int64, name string) media.Stage {
	w.t.Helper()
	all, err := w.Pipeline.Stages(w.t.Context(), owner, id)
	w.ok(err)
	for _, s := range all[id] {
		if s.Name == name {
			return s
		}
	}
	w.t.Fatalf("no stage %s of %d", name, id)
	return media.Stage{}
}

// clean fails if anything of a video is left in the folder where videos are made.
func (w *works) clean() {
	w.t.Helper()
	var left []string
	w.ok(filepath.WalkDir(w.Pipeline.WorkDir(), func(p string, d os.DirEntry, err error) error {
		if p != w.Pipeline.WorkDir() {
			left = append(left, p)
		}
		return err
	}))
	if len(left) > 0 {
		w.t.Errorf("left behind: %v", left)
	}
}

func TestPipeline_Run(t *testing.T) {
	w := factory(t)
	content := sample(t, append(sounding("640x360", 10), ".mp4")...)
	id := w.upload(7, "holiday.mp4", content)
	if n, err := w.jobs.JobList(t.Context(), river.NewJobListParams().Kinds("media_stage")); err != nil ||
		len(n.Jobs) != 1 {
		t.Fatalf("%d jobs, %v", len(n.Jobs), err)
	}
	v := w.make(7, id)
	if v.State != media.VideoReady || v.AssetID == nil || v.DurationSeconds != 10 || v.Width != 640 ||
		v.Height != 360 || v.Fingerprint == "" || v.Posters < 2 {
		t.Fatalf("made %+v %+v", v, w.stage(7, id, media.StagePackage))
	}
	a, err := w.Assets.ByID(t.Context(), *v.AssetID)
	w.ok(err)
	if len(a.Renditions) != 1 || a.Renditions[0].Name != "360p" || !a.HasThumbnails || a.DurationSeconds != 10 {
		t.Fatalf("asset %+v", a)
	}
	list, err := w.Assets.Playlist(t.Context(), a.Prefix, "360p")
	w.ok(err)
	if len(list.Segments) != 3 || list.Segments[0].Duration != 4 {
		t.Errorf("segments %+v", list.Segments)
	}
	if vtt := w.read(t, a.Prefix, media.ExtrasFolder,
		media.ThumbsFile); !bytes.Contains(vtt, []byte("thumbs_01.jpg#xywh=640,0,160,90")) {
		t.Errorf("thumbnails %s", vtt)
	}
	poster, err := w.Videos.Poster(t.Context(), 7, id, 0)
	w.ok(err)
	if p, err := jpeg.Decode(bytes.NewReader(poster)); err != nil || p.Bounds().Dx() != 640 {
		t.Errorf("poster: %v", err)
	}
	if _, err := w.Videos.Poster(t.Context(), 8, id, 0); !errors.Is(err, media.ErrUnknownVideo) {
		t.Errorf("somebody else's poster: %v", err)
	}
	w.plays(a)
	w.clean()

	// Another creator uploads the same pictures, in another form and without the sound.
	other := w.make(8,
		w.upload(8, "mine.mkv",
			sample(t, append(append(bars("640x360", 10), "-c:v", "libx264", "-preset", "ultrafast"), ".mkv")...)))
	if other.Fingerprint != v.Fingerprint {
		t.Errorf("fingerprints %s and %s of the same pictures", v.Fingerprint, other.Fingerprint)
	}
}

func TestStorage_CopyTo_posters(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("640x360", 4), ".mp4")...))
	if v := w.make(7, id); v.State != media.VideoReady || v.Posters == 0 {
		t.Fatalf("%+v", v)
	}
	here, err := w.Videos.Poster(t.Context(), 7, id, 0)
	w.ok(err)
	to, err := media.OpenStorage("", t.TempDir())
	w.ok(err)
	t.Cleanup(func() { to.Close() })
	_, err = w.Storage.CopyTo(t.Context(), to, func(string, int64, bool) {})
	w.ok(err)
	moved, err := media.New(media.Deps{
		Pool:    w.pool,
		Storage: to,
		Key:     secret,
		Now:     time.Now,
	})
	w.ok(err)
	there, err := moved.Videos.Poster(t.Context(), 7, id, 0)
	if err != nil || !bytes.Equal(here, there) {
		t.Errorf("the poster was not moved: %d bytes of %d, %v", len(there), len(here), err)
	}
}

// open decrypts a rendition into a file.
func (w *works) open(a media.Asset, rendition string) string {
	w.t.Helper()
	list, err := w.Assets.Playlist(w.t.Context(), a.Prefix, rendition)
	w.ok(err)
	video := w.read(w.t, a.Prefix, rendition, list.Init)
	for n, s := range list.Segments {
		key, err := w.Assets.Key(w.t.Context(), a.Prefix, s.Key)
		w.ok(err)
		video = append(video, decrypt(w.t, key, w.read(w.t, a.Prefix, rendition, s.File), n)...)
	}
	file := filepath.Join(w.t.TempDir(), "film.mp4")
	w.ok(os.WriteFile(file, video, 0o600))
	return file
}

// plays decrypts a rendition and has ffmpeg decode it.
func (w *works) plays(a media.Asset) {
	w.t.Helper()
	file := w.open(a, a.Renditions[0].Name)
	out, err := exec.Command("ffmpeg", "-v", "error", "-xerror", "-i", file, "-f", "null", "-").CombinedOutput()
	if err != nil || len(out) > 0 {
		w.t.Errorf("the video does not play: %v %s", err, out)
	}
}

// leftAlone waits until no process runs that mentions the folder.
func leftAlone(t *testing.T, folder string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		out, _ := exec.Command("ps", "-eo", "args").Output()
		if !strings.Contains(string(out), folder) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running:\n%s", out)
		}
	}
}
