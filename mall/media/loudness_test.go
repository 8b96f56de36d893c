package media_test

import (
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// loudnessOf measures a video's integrated loudness in LUFS and its true peak in dBFS.
func loudnessOf(t *testing.T, file string) (lufs, peak float64) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-i", file, "-map", "0:a", "-af",
		"ebur128=peak=true:framelog=verbose", "-f", "null", "-").CombinedOutput()
	m := regexp.MustCompile(`(?s)I:\s+(\S+) LUFS.*Peak:\s+(\S+) dBFS`).FindSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lufs, err1 := strconv.ParseFloat(string(m[1]), 64)
	peak, err2 := strconv.ParseFloat(string(m[2]), 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("%s %s", m[1], m[2])
	}
	return lufs, peak
}

func TestTranscode_loudness(t *testing.T) {
	w := factory(t)
	picture := "testsrc2=s=320x180:r=10:d=6"
	tone := "0.9*sin(2*PI*440*t)"
	for name, sound := range map[string]string{
		"quiet":    "anoisesrc=c=pink:a=0.02:d=6",
		"loud":     "aevalsrc='0.95*sgn(sin(2*PI*440*t))':s=44100:d=6",
		"clicks":   "aevalsrc='if(lt(mod(t,1),0.02),1,0.02)*sin(2*PI*700*t)':s=48000:d=6",
		"dynamic":  "aevalsrc='if(lt(mod(t,3),0.3),0.9,0.01)*sin(2*PI*500*t)':s=48000:d=6",
		"surround": fmt.Sprintf("aevalsrc=exprs=%[1]s|%[1]s|%[1]s|0|%[1]s|%[1]s:c=5.1:s=48000:d=6", tone),
	} {
		content := sample(t, join(lavfi(picture, sound), h264, "-c:a", "flac", "-sample_fmt", "s16", ".mkv")...)
		v, master, files := w.transcoded(name+".mkv", content)
		for _, r := range master.Renditions {
			file := files[r.Name]
			lufs, peak := loudnessOf(t, file)
			t.Logf("%s: %.1f LUFS, %.1f dBFS, %+v", name, lufs, peak, *v.Conversion.Loudness)
			if math.Abs(lufs+16) > 1 || peak >= -1 {
				t.Errorf("%s: %.1f LUFS with a true peak of %.1f dBFS", name, lufs, peak)
			}
		}
		before, _ := loudnessOf(t, kept(t, name+".mkv", content))
		if l := v.Conversion.Loudness; name == "quiet" &&
			(math.Abs(l.From-before) > 0.5 || math.Abs(l.Gain+l.From+16) > 0.5) {
			t.Errorf("its creator is told %+v of %.1f LUFS", l, before)
		}
	}
}

func TestTranscode_silence(t *testing.T) {
	w := factory(t)
	_, _, files := w.packagedVideo("silent.mp4",
		sample(t, join(lavfi("testsrc2=s=320x180:r=10:d=2", "anullsrc=d=2"), h264, "-c:a", "aac", ".mp4")...))
	if most := peak(soundOf(t, files[0])); most > 0.001 {
		t.Errorf("silence sounds, up to %.4f of full scale", most)
	}
}
