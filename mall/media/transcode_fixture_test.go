package media_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomall/mall/media"
)

// packaged makes a video of what was uploaded and returns it with its renditions in clear, the smallest first.
func (w *works) packaged(name string, content []byte) (media.Asset, []string) {
	w.t.Helper()
	_, a, files := w.packagedVideo(name, content)
	return a, files
}

// packagedVideo is packaged, with what the video's creator sees.
func (w *works) packagedVideo(name string, content []byte) (media.Video, media.Asset, []string) {
	w.t.Helper()
	id := w.upload(7, name, content)
	v := w.make(7, id)
	if v.State != media.VideoReady {
		w.t.Fatalf("%s: %s %q", name, v.State, v.Refusal)
	}
	a, err := w.Assets.ByID(w.t.Context(), *v.AssetID)
	w.ok(err)
	var files []string
	for _, r := range a.Renditions {
		files = append(files, w.open(a, r.Name))
	}
	return v, a, files
}

// transcoded probes and transcodes what was uploaded and returns its renditions and sounds, each joined to a file under
// the name of its folder. It is for tests of what a transcoder makes; the later stages don't look inside.
func (w *works) transcoded(name string, content []byte) (media.Video, media.Master, map[string]string) {
	w.t.Helper()
	id := w.upload(7, name, content)
	for _, stage := range []string{media.StageProbe, media.StageTranscode} {
		w.ok(w.run(id, stage))
		if s := w.stage(7, id, stage); s.State != media.StageDone {
			w.t.Fatalf("%s: %s is %s %q", name, stage, s.State, s.Refusal)
		}
	}
	v, err := w.Videos.Get(w.t.Context(), 7, id)
	w.ok(err)
	dir := filepath.Join(w.Pipeline.WorkDir(), fmt.Sprintf("%d-%s", id, w.folder(id)), media.StageTranscode)
	text, err := os.ReadFile(filepath.Join(dir, "master.m3u8"))
	w.ok(err)
	master, err := media.ParseMaster(text)
	w.ok(err)
	slices.SortFunc(master.Renditions, func(a, b media.Rendition) int { return a.Lines() - b.Lines() })
	files := map[string]string{}
	for _, r := range master.Renditions {
		files[r.Name] = w.joined(dir, r.Name)
	}
	for _, s := range master.Sounds {
		files[s.Name] = w.joined(dir, s.Name)
	}
	return v, master, files
}

// joined puts all segments of a clear rendition or sound into one file.
func (w *works) joined(dir, folder string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, folder, "index.m3u8"))
	w.ok(err)
	list, err := media.ParsePlaylist(text)
	w.ok(err)
	names := []string{list.Init}
	for _, s := range list.Segments {
		names = append(names, s.File)
	}
	var whole []byte
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, folder, name))
		w.ok(err)
		whole = append(whole, b...)
	}
	file := filepath.Join(w.t.TempDir(), folder+".mp4")
	w.ok(os.WriteFile(file, whole, 0o600))
	return file
}

type facts struct {
	Streams []struct {
		CodecType string `json:"codec_type"`
		Rate      string `json:"r_frame_rate"`
		Frames    string `json:"nb_read_packets"`
		Matrix    string `json:"color_space"`
		Transfer  string `json:"color_transfer"`
		Primaries string `json:"color_primaries"`
		Range     string `json:"color_range"`
		Duration  string
		Width     int
		Height    int
	}
}

func (f facts) video(t *testing.T) (rate, colour string) {
	t.Helper()
	for _, s := range f.Streams {
		if s.CodecType == "video" {
			return s.Rate, strings.Join([]string{s.Matrix, s.Transfer, s.Primaries, s.Range}, " ")
		}
	}
	t.Fatal("no picture")
	return "", ""
}

func factsOf(t *testing.T, file string) (f facts) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_streams", "-of", "json", file).Output()
	if err == nil {
		err = json.Unmarshal(out, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// dot is the colour that a player shows at a moment and place, by the tags of the video.
func dot(t *testing.T, file string, second float64, x, y int) [3]int {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-ss", fmt.Sprint(second), "-frames:v", "1",
		"-vf", fmt.Sprintf(
			"format=yuv444p,crop=2:2:%d:%d,scale=in_color_matrix=auto:flags=accurate_rnd+full_chroma_int,format=rgb24",
			x, y),
		"-f", "rawvideo", "pipe:1").Output()
	if err != nil || len(out) < 3 {
		t.Fatalf("no dot at %v s: %v", second, err)
	}
	return [3]int{int(out[0]), int(out[1]), int(out[2])}
}

func near(got, want [3]int, by int) bool {
	for i := range got {
		if math.Abs(float64(got[i]-want[i])) > float64(by) {
			return false
		}
	}
	return true
}

// soundOf is a video's sound, the left channel as it decodes in floating point, beyond ±1 where it clips.
func soundOf(t *testing.T, file string) []float64 {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-map", "0:a", "-af", "pan=mono|c0=c0", "-f", "f32le",
		"pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]float32, len(out)/4)
	if err := binary.Read(bytes.NewReader(out[:len(raw)*4]), binary.LittleEndian, raw); err != nil {
		t.Fatal(err)
	}
	all := make([]float64, len(raw))
	for i, s := range raw {
		all[i] = float64(s)
	}
	return all
}

// pitch is the frequency of a tone in Hz, by what is clearly heard of it.
func pitch(s []float64) float64 {
	first, last, crossings := 0, 0, 0
	low := false
	for i, v := range s {
		switch {
		case v < -0.02:
			low = true
		case v > 0.02 && low:
			if low = false; crossings == 0 {
				first = i
			}
			last = i
			crossings++
		}
	}
	return float64(crossings-1) * 48000 / float64(max(1, last-first))
}

func peak(s []float64) float64 {
	most := 0.0
	for _, v := range s {
		most = max(most, math.Abs(v))
	}
	return most
}
