package media_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/media"
)

// The videos in this file are of kinds that people upload to video sites and that the mall once got wrong.

func TestTranscode_still_picture(t *testing.T) {
	w := factory(t)
	still := sample(t, join(lavfi("testsrc2=s=320x180:r=1:d=1", "sine=d=20"), h264, "-c:a", "aac", ".mp4")...)
	v, a, files := w.packagedVideo("still.mp4", still)
	if c := v.Conversion; c.SourceRate != "" || c.Held != 19 {
		t.Errorf("conversion %+v", c)
	}
	list, err := w.Assets.Playlist(t.Context(), a.Prefix, a.Renditions[0].Name)
	w.ok(err)
	if a.DurationSeconds != 20 || len(list.Segments) != 5 || math.Abs(list.Duration()-20) > 0.2 {
		t.Errorf("%d s in %d segments, %+v", a.DurationSeconds, len(list.Segments), list.Segments)
	}
	for i, s := range list.Segments {
		if math.Abs(s.Duration-4) > 0.2 {
			t.Errorf("segment %d takes %v s", i, s.Duration)
		}
	}
	begin, end := dot(t, files[0], 0, 40, 60), dot(t, files[0], 19, 40, 60)
	if !near(begin, end, 12) {
		t.Errorf("the picture is not held: %v, then %v", begin, end)
	}
	trailer, err := os.ReadDir(filepath.Join(w.dir, "trailers", a.Prefix))
	w.ok(err)
	if len(trailer) != 5 { // 12 s: three segments, their init file and list
		t.Errorf("the trailer has %d files", len(trailer))
	}
}

func TestTranscode_late_picture(t *testing.T) {
	w := factory(t)
	late := sample(t,
		join("-itsoffset", "3", lavfi("testsrc2=s=320x180:r=25:d=2", "sine=d=6"), h264, "-c:a", "aac", ".mkv")...)
	a, files := w.packaged("late.mkv", late)
	if a.DurationSeconds != 6 {
		t.Errorf("%d s", a.DurationSeconds)
	}
	if begin, later := dot(t, files[0], 0, 40, 60), dot(t, files[0], 3, 40, 60); !near(begin, later, 12) {
		t.Errorf("the first picture is %v, and at 3 s it is %v", begin, later)
	}
}

func TestTranscode_frame_rate(t *testing.T) {
	w := factory(t)
	vfr := []string{"-fps_mode", "vfr", "-enc_time_base", "1/90000"}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"phone.mp4": {
			join(lavfi("testsrc2=s=320x180:r=30:d=4"), "-vf", "setpts=(N/30.05+0.002*sin(N*1.7))/TB,settb=1/90000", vfr,
				h264, ".mp4"), "30/1",
		},
		"pause.mp4": {
			join(lavfi("testsrc2=s=320x180:r=60:d=12"), "-vf", `select='if(lt(t,10),not(mod(n,60)),1)'`, vfr, h264,
				".mp4"), "60/1",
		},
		"ntsc.mkv": {join(lavfi("testsrc2=s=320x180:r=30000/1001:d=3"), h264, ".mkv"), "30000/1001"},
		"odd.mp4":  {join(lavfi("testsrc2=s=320x180:r=27:d=3"), h264, ".mp4"), "30000/1001"},
		"fast.mp4": {join(lavfi("testsrc2=s=320x180:r=120:d=2"), h264, ".mp4"), "60/1"},
		"reordered": {
			join(lavfi("testsrc2=s=320x180:r=24:d=3"), "-c:v", "libx264", "-bf", "8", "-pix_fmt", "yuv420p", ".mp4"),
			"24/1",
		},
	} {
		_, master, files := w.transcoded(name, sample(t, c.args...))
		if rate, _ := factsOf(t, files[master.Smallest().Name]).video(t); rate != c.want {
			t.Errorf("%s is made with %s frames a second, want %s", name, rate, c.want)
		}
	}
}

func TestTranscode_colour(t *testing.T) {
	w := factory(t)
	hd := "smptehdbars=s=1280x720:r=10:d=1,format=rgb24"
	sd := "smptehdbars=s=640x360:r=10:d=1,format=rgb24"
	untagged := ",setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown"
	for name, args := range map[string][]string{
		"untagged.mp4": join(lavfi(hd), "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"+untagged,
			h264, ".mp4"),
		"small.mp4": join(lavfi(sd), "-vf", "scale=out_color_matrix=bt601:out_range=tv,format=yuv420p"+untagged,
			h264, ".mp4"),
		"tagged601.mp4": join(lavfi(hd), "-vf", "scale=out_color_matrix=bt601:out_range=tv,format=yuv420p", h264,
			"-colorspace", "smpte170m", ".mp4"),
		"full.mp4": join(lavfi(hd), "-vf", "scale=out_color_matrix=bt709:out_range=pc,format=yuvj420p", "-c:v",
			"libx264", "-preset", "ultrafast", "-color_range", "pc", "-colorspace", "bt709", ".mp4"),
		"rgb.mkv": join(lavfi(sd), "-c:v", "libx264rgb", "-preset", "ultrafast", "-crf", "5", ".mkv"),
	} {
		_, master, files := w.transcoded(name, sample(t, args...))
		for _, r := range master.Renditions {
			file := files[r.Name]
			if _, tags := factsOf(t, file).video(t); tags != "bt709 bt709 bt709 tv" {
				t.Errorf("%s in %s is tagged %s", name, r.Name, tags)
			}
			// The bars of SMPTE RP 219: green is the fourth of seven between an eighth of grey at either side, red the
			// sixth.
			wide, high := r.Width, r.Height
			green, red := dot(t, file, 0.5, wide*1/8+wide*3/4*7/14, high/4), dot(t, file, 0.5, wide*1/8+wide*3/4*11/14,
				high/4)
			if !near(green, [3]int{0, 190, 0}, 5) || !near(red, [3]int{190, 0, 0}, 5) {
				t.Errorf("%s in %s: green %v, red %v", name, r.Name, green, red)
			}
		}
	}
}

func TestTranscode_clock_that_jumps(t *testing.T) {
	w := factory(t)
	plain := kept(t, "plain.mp4",
		sample(t,
			join(lavfi("testsrc2=s=320x180:r=30:d=4", "sine=d=4:sample_rate=48000"), h264, "-c:a", "aac", ".mp4")...))
	one := sample(t, "-i", plain, "-c", "copy", ".ts")
	two := sample(t, "-i", plain, "-c", "copy", "-output_ts_offset", "40000", ".ts")
	a, files := w.packaged("joined.ts", append(one, two...))
	if a.DurationSeconds != 8 {
		t.Errorf("two recordings of 4 s take %d s", a.DurationSeconds)
	}
	if heard := len(soundOf(t, files[0])); math.Abs(float64(heard)/48000-8) > 0.2 {
		t.Errorf("the sound takes %v s", float64(heard)/48000)
	}
	if first, second := dot(t, files[0], 1, 40, 60), dot(t, files[0], 5.03, 40, 60); !near(first, second, 25) {
		t.Errorf("the second recording does not follow the first: %v, %v", first, second)
	}
}

func TestTranscode_size_that_changes(t *testing.T) {
	w := factory(t)
	wide := sample(t, join(lavfi("color=c=white:s=640x360:r=25:d=2"), h264, ".ts")...)
	tall := sample(t, join(lavfi("color=c=white:s=360x640:r=25:d=2"), h264, ".ts")...)
	a, files := w.packaged("turned.ts", append(wide, tall...))
	if a.DurationSeconds != 4 {
		t.Errorf("%d s", a.DurationSeconds)
	}
	white, black := [3]int{255, 255, 255}, [3]int{}
	if got := dot(t, files[0], 1, 20, 180); !near(got, white, 4) {
		t.Errorf("at first: %v", got)
	}
	if bar, middle := dot(t, files[0], 3, 200, 180), dot(t, files[0], 3, 320, 180); !near(bar, black, 4) ||
		!near(middle, white, 4) {
		t.Errorf("then: %v beside %v, want a bar beside the picture", bar, middle)
	}
}

func TestTranscode_sound_is_kept(t *testing.T) {
	w := factory(t)
	plain := kept(t, "plain.mp4",
		sample(t,
			join(lavfi("testsrc2=s=320x180:r=25:d=2", "sine=f=440:d=2:sample_rate=48000"), h264, "-c:a", "aac",
				".mp4")...))
	for name, args := range map[string][]string{
		"dts.mkv": {
			"-i", plain, "-c:v", "copy", "-c:a", "dca", "-strict", "-2", "-ac", "2", "-b:a", "768k",
			".mkv",
		},
		"pcm_f32be.mov": {"-i", plain, "-c:v", "copy", "-c:a", "pcm_f32be", ".mov"},
		"pcm_f64le.mov": {"-i", plain, "-c:v", "copy", "-c:a", "pcm_f64le", ".mov"},
		"mp2.ts":        {"-i", plain, "-c:v", "copy", "-c:a", "mp2", ".ts"},
		"mp3.avi":       {"-i", plain, "-c:v", "copy", "-c:a", "libmp3lame", ".avi"},
		"wma.mkv":       {"-i", plain, "-c:v", "copy", "-c:a", "wmav2", ".mkv"},
	} {
		_, master, files := w.transcoded(name, sample(t, args...))
		if hz := pitch(soundOf(t, files[master.Smallest().Name])); math.Abs(hz-440) > 25 {
			t.Errorf("%s sounds at %.0f Hz, want 440", name, hz)
		}
	}
}

func TestTranscode_sound_track(t *testing.T) {
	w := factory(t)
	inputs := lavfi("testsrc2=s=320x180:r=25:d=2", "sine=f=300:d=2", "sine=f=1200:d=2")
	tracks := func(options ...string) []byte {
		return sample(t, join(inputs, "-map", "0", "-map", "1", "-map", "2", h264, "-c:a", "aac", options, ".mkv")...)
	}
	for name, c := range map[string]struct {
		content []byte
		hz      float64
	}{
		"commentary":      {tracks("-disposition:a:0", "comment", "-disposition:a:1", "default"), 1200},
		"second default":  {tracks("-disposition:a:0", "0", "-disposition:a:1", "default"), 1200},
		"both default":    {tracks("-disposition:a:0", "default", "-disposition:a:1", "default"), 300},
		"default comment": {tracks("-disposition:a:0", "default+comment", "-disposition:a:1", "0"), 1200},
		"for the blind":   {tracks("-disposition:a:0", "default+visual_impaired", "-disposition:a:1", "0"), 1200},
		"first unknown": {
			sample(t,
				join(inputs, "-map", "0", "-map", "1", "-map", "2", h264, "-c:a:0", "tta", "-c:a:1", "aac", ".mkv")...),
			1200,
		},
	} {
		_, master, files := w.transcoded(name, c.content)
		heard := master.Smallest().Name
		if len(master.Sounds) > 0 {
			heard = master.Sounds[0].Name
		}
		if hz := pitch(soundOf(t, files[heard])); math.Abs(hz-c.hz) > c.hz/10 {
			t.Errorf("%s: %.0f Hz is heard, want %.0f", name, hz, c.hz)
		}
	}
}

func TestTranscode_several_sounds(t *testing.T) {
	w := factory(t)
	inputs := lavfi("testsrc2=s=320x180:r=25:d=9", "sine=f=300:d=9", "sine=f=1200:d=7", "sine=f=2400:d=10",
		"sine=f=4000:d=9", "sine=f=6000:d=9")
	v, a, files := w.packagedVideo("languages.mkv",
		sample(t, join(inputs, "-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map", "4", "-map", "5",
			h264, "-c:a", "aac", "-disposition:a", "0", "-disposition:a:1", "default", "-disposition:a:2", "comment",
			"-metadata:s:a:0", "language=chi", "-metadata:s:a:1", "language=eng", "-metadata:s:a:2", "language=eng",
			"-metadata:s:a:2", "title=The \"maker\",\n speaks", "-metadata:s:a:3", "language=eng", ".mkv")...))
	want := []media.Sound{
		{
			Name:     "sound-1",
			Label:    "English",
			Language: "en",
			Default:  true,
		},
		{
			Name:     "sound-2",
			Label:    "中文",
			Language: "zh",
		},
		{
			Name:     "sound-3",
			Label:    "English – The 'maker', speaks",
			Language: "en",
			Purpose:  media.SoundCommentary,
		},
	}
	if diff := cmp.Diff(want, a.Sounds); diff != "" {
		t.Errorf("sounds of the asset (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, v.Conversion.Offered); diff != "" {
		t.Errorf("sounds that the creator is told of (-want +got):\n%s", diff)
	}
	if left := v.Conversion.LeftOut[media.LeftOutSound]; left != 2 { // a second English one, and one of no language
		t.Errorf("%d sounds left out", left)
	}
	if f := factsOf(t, files[0]); len(f.Streams) != 1 || f.Streams[0].CodecType != "video" || a.DurationSeconds != 9 ||
		v.Conversion.Silent != 2 {
		t.Errorf("%d s of %+v", a.DurationSeconds, f.Streams)
	}
	for i, hz := range []float64{1200, 300, 2400} {
		file := w.open(a, a.Sounds[i].Name)
		heard := soundOf(t, file)
		if got := pitch(heard); math.Abs(got-hz) > hz/50 {
			t.Errorf("%s: %.0f Hz, want %.0f", a.Sounds[i].Name, got, hz)
		}
		if length := float64(len(heard)) / 48000; math.Abs(length-9) > 0.1 {
			t.Errorf("%s is %.2f s long", a.Sounds[i].Name, length)
		}
		if lufs, peak := loudnessOf(t, file); math.Abs(lufs+16) > 1 || peak >= -1 {
			t.Errorf("%s: %.1f LUFS with a true peak of %.1f dBFS", a.Sounds[i].Name, lufs, peak)
		}
	}
}

func TestTranscode_sounds_of_every_name(t *testing.T) {
	w := factory(t)
	inputs := lavfi("testsrc2=s=320x180:r=10:d=2", "sine=d=2", "sine=d=2", "sine=d=2", "sine=d=2", "sine=d=2",
		"sine=d=2")
	_, a, _ := w.packagedVideo("names.mkv",
		sample(t,
			join(inputs, "-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map", "4", "-map", "5", "-map", "6",
				h264, "-c:a", "aac", "-disposition:a", "0", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1",
				"language=zh-min",
				"-metadata:s:a:2", "language=qaa", "-metadata:s:a:2", "title=Original", "-disposition:a:3", "comment",
				"-metadata:s:a:3", "title=X 5",
				"-disposition:a:4", "visual_impaired", "-metadata:s:a:4", "title=X", "-disposition:a:5", "comment",
				"-metadata:s:a:5", "title=X", ".mkv")...))
	var labels []string
	for _, s := range a.Sounds {
		labels = append(labels, s.Label)
	}
	// The second one's language is none that a playlist may name, so that nobody could tell it from the first.
	if diff := cmp.Diff([]string{"English", "Original", "X 5", "X", "X 6"}, labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	master, err := w.Assets.Master(t.Context(), a.Prefix)
	w.ok(err)
	text := string(master.Bytes(func(media.Rendition) bool { return true }))
	if strings.Count(text, ",mp4a.40.2\"") != len(a.Renditions) || strings.Count(text, "videomall.commentary") != 2 {
		t.Error(text)
	}
}

// TestTranscode_pieces_keep_time makes a video at 29.97 frames a second. Sixty of these frames take 2.002 s: segments that
// were cut by counting frames alone would be late by more than a frame from the tenth on.
func TestTranscode_pieces_keep_time(t *testing.T) {
	w := factory(t)
	_, a, _ := w.packagedVideo("ntsc.mp4",
		sample(t, join(lavfi("testsrc2=s=96x54:r=30000/1001:d=53"), h264, ".mp4")...))
	list, err := w.Assets.Playlist(t.Context(), a.Prefix, a.Renditions[0].Name)
	w.ok(err)
	at := 0.0
	for n, s := range list.Segments {
		if late := at - float64(4*n); late < -0.001 || late > 1001./30000+0.001 {
			t.Fatalf("piece %d begins at %.3f s", n, at)
		}
		at += s.Duration
	}
	if len(list.Segments) != 14 {
		t.Errorf("%d pieces", len(list.Segments))
	}
}

func TestProbe_unused_streams(t *testing.T) {
	w := factory(t)
	plain := kept(t, "plain.mp4",
		sample(t, join(lavfi("testsrc2=s=320x180:r=25:d=2", "sine=d=2"), h264, "-c:a", "aac", ".mp4")...))
	cover := kept(t, "cover.png", sample(t, join(lavfi("testsrc2=s=320x180"), "-frames:v", "1", ".png")...))
	words := kept(t, "words.srt", []byte("1\n00:00:00,000 --> 00:00:01,000\nHello\n"))
	for name, args := range map[string][]string{
		"cover.mp4": {
			"-i", plain, "-i", cover, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1",
			"attached_pic", ".mp4",
		},
		"captions.mkv": {"-i", plain, "-i", words, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "ass", ".mkv"},
		"timecode.mov": {"-i", plain, "-c", "copy", "-timecode", "01:00:00:00", ".mov"},
		"picture.mkv": {
			"-i", plain, "-i", cover, "-map", "0", "-map", "1", "-c:a", "copy", "-c:v:0", "copy", "-c:v:1",
			"cinepak", "-disposition:v:1", "0", ".mkv",
		},
	} {
		v, a, _ := w.packagedVideo(name, sample(t, args...))
		if covers := v.Conversion.LeftOut[media.LeftOutCover]; (covers == 1) != (name == "cover.mp4") {
			t.Errorf("%s: left out %v", name, v.Conversion.LeftOut)
		}
		if a.DurationSeconds != 2 || a.Renditions[0].Width != 320 {
			t.Errorf("%s: %d s, %+v", name, a.DurationSeconds, a.Renditions)
		}
	}
}

func TestProbe_codecs(t *testing.T) {
	w := factory(t)
	for name, c := range map[string]struct {
		args    []string
		refusal string
	}{
		"picture": {join(lavfi("testsrc2=s=320x180:r=25:d=1"), "-c:v", "cinepak", ".mov"), "codec_unknown"},
		"sound": {
			join(lavfi("testsrc2=s=320x180:r=25:d=1", "sine=d=1"), h264, "-c:a", "tta", ".mkv"),
			"sound_unknown",
		},
	} {
		if v := w.make(7, w.upload(7, name, sample(t, c.args...))); v.State != media.VideoFailed ||
			v.Refusal != c.refusal {
			t.Errorf("%s: %s %q, want %s", name, v.State, v.Refusal, c.refusal)
		}
	}
}
