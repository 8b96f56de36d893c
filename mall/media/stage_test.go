package media_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/media"
)

// begins runs a stage beside the test and waits until it is under way.
func (w *works) begins(owner, id int64, stage string) (ended <-chan error) {
	w.t.Helper()
	done := make(chan error, 1)
	go func() {
		done <- w.Pipeline.Run(context.WithoutCancel(w.t.Context()), media.StageArgs{VideoID: id, Stage: stage})
	}()
	w.until(func() bool { return w.stage(owner, id, stage).Percent > 0 })
	return done
}

func (w *works) until(condition func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !condition(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("the condition did not become true within five minutes")
		}
	}
}

func (w *works) run(id int64, stage string) error {
	return w.Pipeline.Run(w.t.Context(), media.StageArgs{VideoID: id, Stage: stage})
}

// slow is a video whose sizes take some seconds to make.
func slow(t *testing.T) []byte { return sample(t, append(sounding("1280x720", 30), ".mp4")...) }

func TestPipeline_Run_several_workers(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("640x360", 4), ".mp4")...))
	for _, stage := range []string{media.StageProbe, media.StageTranscode, media.StageImages, media.StagePackage} {
		var both sync.WaitGroup
		for range 4 {
			both.Go(func() {
				if err := w.run(id, stage); err != nil {
					t.Errorf("%s: %v", stage, err)
				}
			})
		}
		both.Wait()
		if s := w.stage(7, id, stage); s.State != media.StageDone || s.Attempts != 1 || s.Percent != 100 {
			t.Fatalf("%s after four workers: %+v", stage, s)
		}
	}
	var jobs int
	w.ok(w.pool.QueryRow(t.Context(), `select count(*) from river_job where kind = 'media_stage'`).Scan(&jobs))
	if jobs != 4 {
		t.Errorf("%d jobs for four stages", jobs)
	}
}

func TestPipeline_Run_out_of_order(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", []byte("x"))
	w.ok(w.run(id, media.StagePackage))
	if s := w.stage(7, id, media.StagePackage); s.State != media.StageWaiting || s.Attempts != 0 {
		t.Errorf("the package stage ran before the probe: %+v", s)
	}
}

func TestPipeline_Sweep_worker_killed(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("640x360", 4), ".mp4")...))
	w.ok(w.run(id, media.StageProbe))
	// A killed worker leaves a lease and half a video.
	folder := filepath.Join(w.Pipeline.WorkDir(), fmt.Sprintf("%d-%s", id, w.folder(id)))
	w.ok(os.MkdirAll(filepath.Join(folder, "transcode.dead", "film", "360p"), 0o700))
	_, err := w.pool.Exec(t.Context(), `update media_stage
		set state = 'running', holder = 'dead', attempts = 1, lease_until = now() + interval '20 s'
		where stage = 'transcode'`)
	w.ok(err)
	if n, err := w.Pipeline.SweepStages(t.Context()); err != nil || n != 0 {
		t.Errorf("a lease that has not expired was swept: %d, %v", n, err)
	}
	w.ok(w.run(id, media.StageTranscode))
	if s := w.stage(7, id, media.StageTranscode); s.State != media.StageRunning || s.Attempts != 1 {
		t.Fatalf("a lease that has not expired was taken: %+v", s)
	}
	w.ahead.Store(int64(21 * time.Second))
	if n, err := w.Pipeline.SweepStages(t.Context()); err != nil || n != 1 {
		t.Fatalf("%d swept, %v", n, err)
	}
	if n, err := w.Pipeline.SweepStages(t.Context()); err != nil || n != 0 {
		t.Errorf("swept twice: %d, %v", n, err)
	}
	if v := w.make(7, id); v.State != media.VideoReady {
		t.Errorf("%+v", v)
	}
	w.clean()
}

func (w *works) folder(id int64) (folder string) {
	w.t.Helper()
	w.ok(w.pool.QueryRow(w.t.Context(), `select folder from media_video where id = $1`, id).Scan(&folder))
	return folder
}

func TestVideos_Delete_while_it_is_made(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "slow.mp4", slow(t))
	w.ok(w.run(id, media.StageProbe))
	ended := w.begins(7, id, media.StageTranscode)
	if err := w.Videos.Delete(t.Context(), 8, id); !errors.Is(err, media.ErrUnknownVideo) {
		t.Fatalf("somebody else deletes it: %v", err)
	}
	w.ok(w.Videos.Delete(t.Context(), 7, id))
	var later media.Later
	if err := w.Pipeline.Erase(t.Context(), id); !errors.As(err, &later) {
		t.Errorf("erased while a stage runs: %v", err)
	}
	select {
	case err := <-ended:
		w.ok(err)
	case <-time.After(5 * time.Second):
		t.Fatal("the stage still runs after 5 s")
	}
	leftAlone(t, w.Pipeline.WorkDir())
	w.ok(w.Pipeline.Erase(t.Context(), id))
	w.ok(w.Pipeline.Erase(t.Context(), id))
	w.clean()
	if _, err := os.Stat(filepath.Join(w.dir, "originals", "1")); !os.IsNotExist(err) {
		t.Errorf("the original: %v", err)
	}
	if _, err := w.Videos.Get(t.Context(), 7, id); !errors.Is(err, media.ErrUnknownVideo) {
		t.Errorf("read after its end: %v", err)
	}
}

func TestPipeline_Halt(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "slow.mp4", slow(t))
	w.ok(w.run(id, media.StageProbe))
	ended := w.begins(7, id, media.StageTranscode)
	w.Pipeline.Halt()
	var later media.Later
	if err := <-ended; !errors.As(err, &later) {
		t.Errorf("halted: %v", err)
	}
	if s := w.stage(7, id, media.StageTranscode); s.State != media.StageWaiting || s.Attempts != 0 {
		t.Errorf("after the halt %+v", s)
	}
	leftAlone(t, w.Pipeline.WorkDir())
}

func TestPipeline_SweepAssets(t *testing.T) {
	used := true
	w := factory(t, func(p *media.Processing) {
		p.InUse = func(context.Context, pgx.Tx, int64) (bool, error) { return used, nil }
	})
	id := w.upload(7, "a.mp4", sample(t, append(sounding("320x180", 4), ".mp4")...))
	v := w.make(7, id)
	a, err := w.Assets.ByID(t.Context(), *v.AssetID)
	w.ok(err)
	w.ok(w.Videos.Delete(t.Context(), 7, id))
	w.ok(w.Pipeline.Erase(t.Context(), id))
	if _, err := w.Assets.ByID(t.Context(), a.ID); err != nil {
		t.Fatalf("a video that is in use was removed: %v", err)
	}
	w.read(t, a.Prefix, media.ExtrasFolder, media.ThumbsFile)
	if n, err := w.Pipeline.SweepAssets(t.Context()); err != nil || n != 0 {
		t.Errorf("%d swept that are in use, %v", n, err)
	}
	used = false
	if n, err := w.Pipeline.SweepAssets(t.Context()); err != nil || n != 1 {
		t.Errorf("%d swept, %v", n, err)
	}
	if _, err := w.Assets.ByID(t.Context(), a.ID); !errors.Is(err, media.ErrUnknownAsset) {
		t.Errorf("a video that nobody needs: %v", err)
	}
	for _, kind := range []string{"films", "trailers", "posters"} {
		if _, err := os.Stat(filepath.Join(w.dir, kind, a.Prefix)); !os.IsNotExist(err) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestPipeline_Retry(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("320x180", 2), ".mp4")...))
	original := filepath.Join(w.dir, "originals", "1")
	w.ok(os.Rename(original, original+".away")) // a disk that is gone
	for n := range 3 {
		if err := w.run(id, media.StageProbe); (err != nil) != (n < 2) {
			t.Errorf("attempt %d: %v", n+1, err)
		}
	}
	v, err := w.Videos.Get(t.Context(), 7, id)
	w.ok(err)
	if v.State != media.VideoFailed || v.Refusal != media.MallFailed {
		t.Fatalf("%+v", v)
	}
	w.ok(os.Rename(original+".away", original))
	for _, wrong := range []error{
		w.Pipeline.Retry(t.Context(), 8, id, media.StageProbe),
		w.Pipeline.Retry(t.Context(), 7, id, media.StagePackage),
	} {
		if !errors.Is(wrong, media.ErrUnknownVideo) && !errors.Is(wrong, media.ErrUnknownStage) {
			t.Errorf("retried: %v", wrong)
		}
	}
	w.ok(w.Pipeline.Retry(t.Context(), 7, id, media.StageProbe))
	if v := w.make(7, id); v.State != media.VideoReady {
		t.Errorf("%+v", v)
	}
}

func (w *works) queued(state string) (n int) {
	w.t.Helper()
	w.ok(w.pool.QueryRow(w.t.Context(), `select count(*) from river_job where kind = 'media_stage' and ($1 = ''
		or state::text = $1)`, state).Scan(&n))
	return n
}

func TestPipeline_Sweep_waiting(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", []byte("x"))
	// behind others, or put off until there is ffmpeg
	for _, state := range []string{"available", "scheduled", "retryable"} {
		_, err := w.pool.Exec(t.Context(), `update river_job set state = $1::river_job_state`, state)
		w.ok(err)
		w.ahead.Add(int64(11 * time.Minute))
		for range 2 {
			if n, err := w.Pipeline.SweepStages(t.Context()); err != nil || n != 0 {
				t.Errorf("%s: %d swept, %v", state, n, err)
			}
		}
	}
	if n := w.queued(""); n != 1 {
		t.Fatalf("%d jobs of one stage", n)
	}
	_, err := w.pool.Exec(t.Context(), `delete from river_job`)
	w.ok(err)
	w.ahead.Add(int64(11 * time.Minute))
	if n, err := w.Pipeline.SweepStages(t.Context()); err != nil || n != 1 || w.queued("available") != 1 {
		t.Errorf("a lost job: %d swept, %v", n, err)
	}
	if s := w.stage(7, id, media.StageProbe); s.State != media.StageWaiting {
		t.Errorf("%+v", s)
	}
}

// Not parallel: it takes the tools away from the whole process.
func TestPipeline_Run_no_ffmpeg(t *testing.T) {
	w := openFactory(t)
	id := w.upload(7, "a.mp4", []byte("x"))
	t.Setenv("PATH", t.TempDir())
	// as a sweep finds it while the job runs
	_, err := w.pool.Exec(t.Context(), `update river_job set state = 'running', attempt = 1`)
	w.ok(err)
	w.ahead.Add(int64(11 * time.Minute))
	var later media.Later
	if err := w.run(id, media.StageProbe); !errors.As(err, &later) {
		t.Fatal(err)
	}
	if s := w.stage(7, id, media.StageProbe); s.Refusal != media.WaitsForFFmpeg {
		t.Errorf("%+v", s)
	}
	if n, err := w.Pipeline.SweepStages(t.Context()); err != nil || n != 0 || w.queued("") != 1 {
		t.Errorf("%d swept, %v", n, err)
	}
}

func TestPipeline_Run_yields_to_other_creators(t *testing.T) {
	w := factory(t)
	running, next, others := w.upload(7, "a.mp4", []byte("x")), w.upload(7, "b.mp4", []byte("x")), w.upload(8, "c.mp4",
		[]byte("x"))
	more := w.upload(8, "d.mp4", []byte("x"))
	begins := func(id int64, stage string) {
		t.Helper()
		_, err := w.pool.Exec(t.Context(), `update media_stage
			set state = 'running', holder = 'x', lease_until = now() + interval '20 s' where video_id = $1
			and stage = $2`, id, stage)
		w.ok(err)
	}
	_, err := w.pool.Exec(t.Context(), `update media_stage set state = 'done' where stage = 'probe'
		and video_id <> all($1)`, []int64{others, more})
	w.ok(err)
	begins(running, media.StageTranscode)
	var later media.Later
	if err := w.run(next, media.StageTranscode); !errors.As(err, &later) {
		t.Errorf("a second worker while another creator waits: %v", err)
	}
	if s := w.stage(7, next, media.StageTranscode); s.State != media.StageWaiting || s.Attempts != 0 ||
		s.Refusal != "" {
		t.Errorf("%+v", s)
	}
	begins(others, media.StageProbe) // they have a worker now, and wait for a second one too
	w.ok(w.run(next, media.StageTranscode))
	if s := w.stage(7, next, media.StageTranscode); s.Attempts != 1 {
		t.Errorf("nobody waits for a first worker: %+v", s)
	}
	// A creator without a worker takes one, whoever else waits.
	w.ok(w.Pipeline.Retry(t.Context(), 7, next, media.StageTranscode))
	w.ahead.Store(int64(21 * time.Second)) // both workers died
	w.ok(w.run(next, media.StageTranscode))
	if s := w.stage(7, next, media.StageTranscode); s.Attempts != 1 {
		t.Errorf("of two who wait: %+v", s)
	}
}

func TestVideos_SetTrailer_beyond_the_end(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("320x180", 4), ".mp4")...))
	w.ok(w.Videos.SetTrailer(t.Context(), 7, id, media.Trailer{From: 100, To: 110})) // nobody knows its length yet
	v := w.make(7, id)
	if v.State != media.VideoReady || v.Trailer != (media.Trailer{From: 0, To: 12}) {
		t.Fatalf("%+v %+v", v, w.stage(7, id, media.StagePackage))
	}
	if list := w.trailer(id); !strings.Contains(list, "s00000.m4s") {
		t.Errorf("its trailer: %s", list)
	}
}

func TestVideos_SetTrailer_while_it_is_made(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("320x180", 10), ".mp4")...))
	for _, stage := range []string{media.StageProbe, media.StageTranscode, media.StageImages} {
		w.ok(w.run(id, stage))
	}
	w.ok(w.Videos.SetTrailer(t.Context(), 7, id, media.Trailer{From: 5, To: 7}))
	w.ok(w.run(id, media.StagePackage))
	if list := w.trailer(id); strings.Contains(list, "s00000.m4s") || !strings.Contains(list, "s00001.m4s") {
		t.Errorf("its trailer: %s", list)
	}
}

func (w *works) trailer(id int64) string {
	w.t.Helper()
	list, err := os.ReadFile(filepath.Join(w.dir, "trailers", w.folder(id), "index.m3u8"))
	w.ok(err)
	return string(list)
}

func TestPipeline_Run_machine_gone(t *testing.T) {
	w := factory(t)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("320x180", 2), ".mp4")...))
	w.ok(w.run(id, media.StageProbe))
	w.ok(w.run(id, media.StageTranscode))
	w.ok(os.RemoveAll(filepath.Join(w.Pipeline.WorkDir(), fmt.Sprintf("%d-%s", id, w.folder(id)))))
	var later media.Later
	if err := w.run(id, media.StageImages); !errors.As(err, &later) { // the other machine may still come
		t.Errorf("elsewhere: %v", err)
	}
	w.ahead.Store(int64(3 * time.Minute))
	w.ok(w.run(id, media.StageImages))
	if s := w.stage(7, id, media.StageTranscode); s.State != media.StageWaiting {
		t.Fatalf("%+v", s)
	}
	if v := w.make(7, id); v.State != media.VideoReady {
		t.Errorf("%+v", v)
	}
}
