package media_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"videomall/mall/media"
)

// The names must be those of ffmpeg: a codec without a decoder on the list would be lost without an error.
func TestCodecs_known_to_ffmpeg(t *testing.T) {
	t.Parallel()
	needFFmpeg(t)
	out, err := exec.Command("ffmpeg", "-hide_banner", "-codecs").Output()
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ D.([VA])... (\S+) +(.*)$`)
	inBrackets := regexp.MustCompile(`\(decoders: ([^)]*)\)`)
	known := map[string][]string{}
	for _, m := range line.FindAllStringSubmatch(string(out), -1) {
		known[m[1]+m[2]] = []string{m[2]}
		if d := inBrackets.FindStringSubmatch(m[3]); d != nil {
			known[m[1]+m[2]] = strings.Fields(d[1])
		}
	}
	for kind, codecs := range map[string]map[string][]string{"V": media.PictureCodecs(), "A": media.SoundCodecs()} {
		for name, decoders := range codecs {
			if !slices.ContainsFunc(decoders, func(d string) bool { return slices.Contains(known[kind+name], d) }) {
				t.Errorf("%s is read by %v, and ffmpeg has %v", name, decoders, known[kind+name])
			}
		}
	}
}
