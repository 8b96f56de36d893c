package media_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/media"
	"videomall/mall/media/ffmpeg"
)

func TestPipeline_Run_no_video(t *testing.T) {
	w := factory(t)
	// Another creator's video lies where every account may read it. Only the formats that the tools may read protect it.
	open, err := os.MkdirTemp("", "videomall-secret-")
	w.ok(err)
	t.Cleanup(func() { os.RemoveAll(open) })
	w.ok(os.Chmod(open, 0o755))
	video := sample(t, append(sounding("320x180", 2), ".mp4")...)
	secret := filepath.Join(open, "secret.mp4")
	w.ok(os.WriteFile(secret, video, 0o644))
	large := sample(t, "-f", "lavfi", "-i", "color=s=9000x9000:r=1:d=1", "-frames:v", "1", "-c:v", "mjpeg", ".mov")
	many := []string{"-i", kept(t, "film.mp4", video)}
	for range 120 {
		many = append(many, "-map", "0:a")
	}
	for name, c := range map[string]struct {
		content []byte
		refusal string
	}{
		"hls.mp4": {
			[]byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + secret + "\n#EXT-X-ENDLIST\n"),
			"not_a_film",
		},
		"concat.mp4": {[]byte("ffconcat version 1.0\nfile '" + secret + "'\n"), "not_a_film"},
		"passwd.mp4": {
			[]byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
			"not_a_film",
		},
		"dash.mp4": {
			[]byte(`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>` + secret + `</BaseURL></Representation></AdaptationSet></Period></MPD>`), "not_a_film",
		},
		"drawing.mp4": {
			[]byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="file://` + secret + `"/></svg>`), "not_a_film",
		},
		"picture.mp4": {sample(t, "-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-frames:v", "1", ".png"), "not_a_film"},
		"lines.mp4":   {[]byte("1\n00:00:01,000 --> 00:00:02,000\n" + secret + "\n"), "not_a_film"},
		"empty.mp4":   {nil, "not_a_film"},
		"song.mp4":    {sample(t, "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", ".m4a"), "no_picture"},
		"cut.mp4":     {video[:len(video)/2], "broken"},
		"bomb.mov":    {large, "picture_too_large"},
		"many.mp4":    {sample(t, append(many, "-c", "copy", ".mp4")...), "too_many_streams"},
		"locked.mp4": {
			sample(t,
				append(sounding("320x180", 1), "-encryption_scheme", "cenc-aes-ctr", "-encryption_key",
					strings.Repeat("ab", 16),
					"-encryption_kid", strings.Repeat("cd", 16), ".mp4")...), "encrypted",
		},
	} {
		id := w.upload(7, name, c.content)
		v := w.make(7, id)
		s := w.stage(7, id, media.StageProbe)
		if v.State != media.VideoFailed || v.Refusal != c.refusal || s.State != media.StageFailed ||
			s.Refusal != c.refusal || v.AssetID != nil {
			t.Errorf("%s: %s %q, stage %s %q; want %s", name, v.State, v.Refusal, s.State, s.Refusal, c.refusal)
		}
	}
	w.clean()
}

// lying returns the video with the length of a day in its header.
func lying(video []byte) []byte {
	out := append([]byte(nil), video...)
	for _, box := range []string{"mvhd"} {
		if i := strings.Index(string(out), box); i > 0 {
			copy(out[i+20:], []byte{0x05, 0x26, 0x5c, 0x00}) // version 0: the length in ms
		}
	}
	return out
}

func TestPipeline_Run_false_length(t *testing.T) {
	w := factory(t, func(p *media.Processing) { p.Limits.Duration = 5 * time.Second })
	video := sample(t, append(sounding("320x180", 2), ".mp4")...)
	if v := w.make(7, w.upload(7, "day.mp4", lying(video))); v.State != media.VideoReady || v.DurationSeconds != 2 {
		t.Errorf("a video of two seconds that claims a day: %s %q, %d s", v.State, v.Refusal, v.DurationSeconds)
	}
	// A stream without an index does not say how long it is. Its packets do.
	long := sample(t,
		append(bars("320x180", 9), "-c:v", "libx264", "-preset", "ultrafast", "-f", "flv", "-flvflags",
			"no_duration_filesize", ".flv")...)
	if v := w.make(7, w.upload(7, "short.flv", long)); v.State != media.VideoFailed || v.Refusal != "too_long" {
		t.Errorf("a video that is longer than it may be: %s %q", v.State, v.Refusal)
	}
	w.clean()
}

func TestPipeline_Run_attachment(t *testing.T) {
	w := factory(t)
	note := kept(t, "note.ttf", []byte("not a font"))
	mkv := sample(t,
		append(sounding("320x180", 2), "-attach", note, "-metadata:s:t", "mimetype=application/x-truetype-font",
			"-metadata:s:t", "filename=../../evil.ttf", ".mkv")...)
	v := w.make(7, w.upload(7, "with font.mkv", mkv))
	if v.State != media.VideoReady {
		t.Errorf("%s %q", v.State, v.Refusal)
	}
	w.clean()
}

func TestPipeline_Run_took_too_long(t *testing.T) {
	w := factory(t, func(p *media.Processing) { p.Limits.Wall = 1500 * time.Millisecond })
	id := w.upload(7, "slow.mp4", sample(t, append(sounding("1280x720", 20), ".mp4")...))
	v := w.make(7, id)
	if v.State != media.VideoFailed || v.Refusal != "took_too_long" {
		t.Errorf("%s %q", v.State, v.Refusal)
	}
	leftAlone(t, w.Pipeline.WorkDir())
	w.clean()
}

func TestRunner_Run_limits(t *testing.T) {
	needFFmpeg(t)
	r, err := ffmpeg.New()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "videomall-lock-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := r.Own(dir); err != nil {
		t.Fatal(err)
	}
	// The tool prints its account, its limits, its environment and its network devices.
	out, err := r.Run(t.Context(), ffmpeg.Job{
		Tool: "sh",
		Dir:  dir,
		Args: []string{
			"-c",
			"id -u; ulimit -v; ulimit -f; ulimit -t; ulimit -c; nice; env | cut -d= -f1 | sort | tr '\n' ' '; echo; " +
				"cat /proc/net/dev 2>/dev/null | wc -l",
		},
		Bounds: ffmpeg.Bounds{
			Wall:   10 * time.Second,
			Memory: 1 << 30,
			File:   1 << 20,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Split(string(out), "\n")
	if said[1] != "1048576" || said[2] != "2048" || said[4] != "0" || said[5] < "10" {
		t.Errorf("limits %q", said)
	}
	if os.Geteuid() == 0 && said[0] == "0" {
		t.Error("it runs as root")
	}
	for name := range strings.FieldsSeq(said[6]) {
		if !strings.Contains(" HOME LANG PATH PWD TMPDIR SHLVL OLDPWD _ ", " "+name+" ") {
			t.Errorf("the tool sees the variable %s", name)
		}
	}
	if r.Networkless() && said[7] != "3" { // two lines of heading, and the loopback
		t.Errorf("the tool sees network devices: %s lines", said[7])
	}
	_, err = r.Run(t.Context(), ffmpeg.Job{
		Tool:   "sh",
		Dir:    dir,
		Args:   []string{"-c", "head -c 3000000 /dev/zero > large"},
		Bounds: ffmpeg.Bounds{File: 1 << 20},
	})
	var failed *ffmpeg.Failed
	if info, e := os.Stat(filepath.Join(dir, "large")); !errors.As(err, &failed) && err == nil ||
		e == nil && info.Size() > 1<<20 {
		t.Errorf("a file beyond its limit: %v", err)
	}
	if _, err := r.Run(t.Context(), ffmpeg.Job{
		Tool:   "sh",
		Dir:    dir,
		Args:   []string{"-c", "sleep 3171 & sleep 3171"},
		Bounds: ffmpeg.Bounds{Wall: 300 * time.Millisecond},
	}); !errors.Is(err, ffmpeg.ErrTooSlow) {
		t.Errorf("beyond its time: %v", err)
	}
	if out, _ := exec.Command("ps", "-eo", "args").Output(); strings.Contains(string(out), "sleep 3171") {
		t.Error("what it started still runs")
	}
	w, err := r.Run(t.Context(), ffmpeg.Job{
		Tool: "sh",
		Dir:  dir,
		Args: []string{"-c", "ln -s /etc/passwd link; echo made"},
	})
	if err != nil || string(w) != "made\n" {
		t.Fatal(err)
	}
	if err := r.Reclaim(dir); err == nil {
		t.Error("a link was taken back as a file")
	}
}

func TestRunner_Run_whose_fault(t *testing.T) {
	needFFmpeg(t)
	r, err := ffmpeg.New()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "videomall-fault-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := r.Own(dir); err != nil {
		t.Fatal(err)
	}
	run := func(script string, b ffmpeg.Bounds) error {
		_, err := r.Run(t.Context(), ffmpeg.Job{
			Tool:   "sh",
			Dir:    dir,
			Args:   []string{"-c", script},
			Bounds: b,
		})
		return err
	}
	var failed *ffmpeg.Failed
	for what, err := range map[string]error{
		"killed, as by a kernel without memory": run("kill -KILL $$", ffmpeg.Bounds{}),
		"ended":                                 run("kill -TERM $$", ffmpeg.Bounds{}),
		"not locked in":                         run("echo no", ffmpeg.Bounds{File: -1024}),
		"not there":                             run("exec /nowhere/ffmpeg", ffmpeg.Bounds{}),
	} {
		if !errors.Is(err, ffmpeg.ErrHindered) || errors.As(err, &failed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, err := range map[string]error{
		"refused": run("exit 1", ffmpeg.Bounds{}), "crashed": run("kill -SEGV $$", ffmpeg.Bounds{}),
		"wrote too much": run("exec head -c 3000000 /dev/zero > large", ffmpeg.Bounds{File: 1 << 20}),
	} {
		if errors.Is(err, ffmpeg.ErrHindered) || !errors.As(err, &failed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A killed tool says nothing about the video, so the creator is not told that it is damaged, and it is tried again.
func TestPipeline_Run_tool_killed(t *testing.T) {
	w := openFactory(t)
	bin, err := os.MkdirTemp("", "videomall-bin-") // where the account that the tools run as can reach it
	w.ok(err)
	t.Cleanup(func() { os.RemoveAll(bin) })
	w.ok(os.Chmod(bin, 0o755))
	kills := filepath.Join(bin, "ffprobe")
	w.ok(os.WriteFile(kills, []byte("#!/bin/sh\nkill -KILL $$\n"), 0o755))
	path := os.Getenv("PATH")
	t.Setenv("PATH", bin+":"+path)
	id := w.upload(7, "a.mp4", sample(t, append(sounding("320x180", 2), ".mp4")...))
	if err := w.run(id, media.StageProbe); !errors.Is(err, ffmpeg.ErrHindered) {
		t.Fatal(err)
	}
	if s := w.stage(7, id, media.StageProbe); s.State != media.StageWaiting || s.Refusal != "" || s.Attempts != 1 {
		t.Errorf("%+v", s)
	}
	for range 2 {
		_ = w.run(id, media.StageProbe)
	}
	if v, err := w.Videos.Get(t.Context(), 7, id); err != nil || v.State != media.VideoFailed ||
		v.Refusal != media.MallFailed {
		t.Errorf("after three: %+v %v", v, err)
	}
	t.Setenv("PATH", path)
	w.ok(w.Pipeline.Retry(t.Context(), 7, id, media.StageProbe))
	w.ok(w.run(id, media.StageProbe))
	if s := w.stage(7, id, media.StageProbe); s.State != media.StageDone {
		t.Errorf("%+v", s)
	}
}

func TestJoin_link(t *testing.T) {
	t.Parallel()
	clear, own, victim := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "victim")
	if err := errors.Join(os.CopyFS(clear, video(2)), os.WriteFile(victim, []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(own, "moment.mp4")
	if err := os.Symlink(victim, to); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time replaces the file of the first
		if err := media.Join(clear, to, "720p", "init_1.mp4", []string{"s00000.m4s"}); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "mine" {
		t.Errorf("the victim holds %d bytes, %v", len(b), err)
	}
	if info, err := os.Lstat(to); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		t.Errorf("%v %v", info, err)
	}
}

// Not parallel: it moves the folder for temporary files.
func TestNew_work_folder_of_another_account(t *testing.T) {
	pool := dbtest.New(t)
	t.Setenv("TMPDIR", t.TempDir())
	usual := filepath.Join(os.TempDir(), fmt.Sprintf("videomall-media-%d", os.Geteuid()))
	take := func() error {
		_, err := media.New(media.Deps{
			Pool:       pool,
			Storage:    openStorage(t, "file://"+t.TempDir()),
			Key:        secret,
			Now:        time.Now,
			Processing: &media.Processing{},
		})
		// of root's tests: where they lie is closed to others
		if err != nil && strings.Contains(err.Error(), "can reach neither") {
			return nil
		}
		return err
	}
	elsewhere := t.TempDir()
	if err := errors.Join(os.Chmod(elsewhere, 0o700), os.Symlink(elsewhere, usual)); err != nil {
		t.Fatal(err)
	}
	if err := take(); err == nil {
		t.Error("a link was taken")
	}
	if info, err := os.Stat(elsewhere); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the mode of the link's target was changed: %v %v", info.Mode(), err)
	}
	if err := errors.Join(os.Remove(usual), os.Mkdir(usual, 0o711)); err != nil {
		t.Fatal(err)
	}
	if err := take(); err != nil {
		t.Errorf("our own: %v", err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(usual, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if err := take(); err == nil {
			t.Error("somebody else's was taken")
		}
	}
}
