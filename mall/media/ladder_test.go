package media_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/media"
)

func TestLadder(t *testing.T) {
	t.Parallel()
	for size, want := range map[[2]int]string{
		{1280, 720}:  "[360p 640x360 720p 1280x720]",
		{640, 360}:   "[360p 640x360]",
		{1920, 800}:  "[360p 640x266 720p 1280x534 1080p 1920x800]",
		{720, 1280}:  "[360p 360x640 720p 720x1280]",
		{320, 240}:   "[240p 320x240]",
		{641, 361}:   "[360p 640x360]",
		{3840, 2160}: "[360p 640x360 720p 1280x720 1080p 1920x1080 2160p 3840x2160]",
		{2560, 1440}: "[360p 640x360 720p 1280x720 1080p 1920x1080 1440p 2560x1440]",
		{7680, 4320}: "[360p 640x360 720p 1280x720 1080p 1920x1080 2160p 3840x2160]",
		{18, 16}:     "[16p 18x16]",
	} {
		var got []string
		for _, r := range media.Ladder(size[0], size[1]) {
			got = append(got, fmt.Sprintf("%s %dx%d", r.Name, r.Width, r.Height))
			if r.Width%2+r.Height%2 > 0 || r.Rate <= 0 || r.Audio <= 0 {
				t.Errorf("%v: %+v", size, r)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%v: %v, want %s", size, got, want)
		}
	}
}

func TestPipeline_Run_every_shape(t *testing.T) {
	w := factory(t)
	// ffmpeg notes a turn only in what it copies.
	flat := kept(t, "flat.mp4", sample(t, append(sounding("640x360", 3), ".mp4")...))
	for name, c := range map[string]struct {
		args       []string
		renditions []string
		width      int
		height     int
	}{
		"odd.mkv":      {append(sounding("427x241", 3), "-pix_fmt", "yuv444p", ".mkv"), []string{"240p"}, 427, 241},
		"standing.mp4": {append(sounding("360x640", 3), ".mp4"), []string{"360p"}, 360, 640},
		"silent.webm": {
			append(bars("320x180", 3), "-c:v", "libvpx", "-deadline", "realtime", ".webm"),
			[]string{"180p"},
			320, 180,
		},
		"turned.mp4": {
			[]string{"-i", flat, "-c", "copy", "-metadata:s:v", "rotate=90", ".mp4"},
			[]string{"360p"},
			360, 640,
		},
		"uneven.mkv": {
			append(bars("640x360", 5), "-vf", `select='if(lt(t,2),1,not(mod(n,7)))'`, "-vsync", "vfr", "-c:v",
				"libx264", "-preset", "ultrafast", ".mkv"), []string{"360p"}, 640, 360,
		},
		"wide.mp4": {
			append(sounding("720x576", 3), "-vf", "setsar=16/11", ".mp4"),
			[]string{"360p", "588p"},
			1047,
			576,
		},
		"stream.ts": {append(sounding("1280x720", 5), ".ts"), []string{"360p", "720p"}, 1280, 720},
	} {
		id := w.upload(7, name, sample(t, c.args...))
		v := w.make(7, id)
		if v.State != media.VideoReady || v.Width != c.width || v.Height != c.height {
			t.Errorf("%s: %s %q %d × %d", name, v.State, v.Refusal, v.Width, v.Height)
			continue
		}
		a, err := w.Assets.ByID(t.Context(), *v.AssetID)
		w.ok(err)
		var names []string
		for _, r := range a.Renditions {
			names = append(names, r.Name)
			if (r.Width > r.Height) != (c.width > c.height) {
				t.Errorf("%s: %d × %d", name, r.Width, r.Height)
			}
		}
		if diff := cmp.Diff(c.renditions, names); diff != "" {
			t.Errorf("%s: renditions (-want +got):\n%s", name, diff)
		}
		w.plays(a)
	}
	w.clean()
}
