package media_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"videomall/mall/media"
)

// hdr are the bars of SMPTE RP 219 as HDR shows them, with white at 203 cd/m² (ITU-R BT.2408).
func hdr(t *testing.T, transfer string, options ...string) []byte {
	t.Helper()
	drawn := fmt.Sprintf(
		"smptehdbars=s=640x360:r=10:d=1,format=gbrp,zscale=tin=709:pin=709:rin=pc:m=2020_ncl:t=%s:p=2020:r=tv:npl=203,"+
			"format=yuv420p10le", transfer)
	return sample(t, join(lavfi(drawn), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
		"log-level=none:colorprim=bt2020:transfer="+transfer+":colormatrix=bt2020nc", "-tag:v", "hvc1",
		"-color_primaries", "bt2020",
		"-color_trc", transfer, "-colorspace", "bt2020nc", options, ".mov")...)
}

func TestTranscode_HDR(t *testing.T) {
	w := factory(t)
	hlg := hdr(t, "arib-std-b67")
	turned := kept(t, "upright.mov", hlg)
	for name, c := range map[string]struct {
		content []byte
		change  media.ColourChange
		turned  int
	}{
		"hlg.mov": {hlg, media.ColoursHLG, 0},
		"pq.mov":  {hdr(t, "smpte2084"), media.ColoursPQ, 0},
		"phone.mov": {
			sample(t, "-i", turned, "-c", "copy", "-metadata:s:v", "rotate=90", "-tag:v", "hvc1", ".mov"),
			media.ColoursHLG, 270,
		},
		"dolby-8-4.mov": {dolbyVision(t, hlg, 8, 4), media.ColoursDolbyVision, 0},
	} {
		v, master, files := w.transcoded(name, c.content)
		if v.Conversion.Colours != c.change || v.Conversion.Turned != c.turned {
			t.Errorf("%s: its creator is told %+v", name, v.Conversion)
		}
		for _, r := range master.Renditions {
			file := files[r.Name]
			if _, tags := factsOf(t, file).video(t); tags != "bt709 bt709 bt709 tv" {
				t.Errorf("%s is tagged %s", name, tags)
			}
			wide, high := r.Width, r.Height
			if c.turned != 0 { // the bars lie, the first one above
				if wide >= high {
					t.Errorf("%s is %d × %d", name, wide, high)
				}
				continue
			}
			bar := func(n int) [3]int { return dot(t, file, 0.5, wide*1/8+wide*3/4*(2*n+1)/14, high/4) }
			white, green, red := bar(0), bar(3), bar(5)
			// Dark channels may be off by more: a small difference of light is a large one in their numbers.
			dark := func(c [3]int, a, b int) bool { return c[a] < 26 && c[b] < 26 }
			if !near(white, [3]int{191, 191, 191}, 6) || !dark(green, 0, 2) || abs(green[1]-190) > 6 ||
				!dark(red, 1, 2) || abs(red[0]-190) > 6 {
				t.Errorf("%s: white %v, green %v, red %v", name, white, green, red)
			}
		}
	}
}

func abs(n int) int { return max(n, -n) }

// Dolby Vision without a base layer that other decoders understand would come out green and violet.
func TestProbe_Dolby_Vision_alone(t *testing.T) {
	w := factory(t)
	content := dolbyVision(t, hdr(t, "smpte2084"), 5, 0)
	if v := w.make(7, w.upload(7, "dolby-5.mov", content)); v.State != media.VideoFailed ||
		v.Refusal != "dolby_vision" {
		t.Errorf("%s %q", v.State, v.Refusal)
	}
}

// More colours than BT.709 has, without HDR.
func TestTranscode_wide_colours(t *testing.T) {
	w := factory(t)
	drawn := "smptehdbars=s=640x360:r=10:d=1,format=gbrp,zscale=tin=709:pin=709:rin=pc:m=2020_ncl:t=2020_10:p=2020:r=tv,format=yuv420p10le"
	content := sample(t, join(lavfi(drawn), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
		"log-level=none:colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc", "-color_primaries", "bt2020",
		"-color_trc", "bt2020-10",
		"-colorspace", "bt2020nc", ".mkv")...)
	v, a, files := w.packagedVideo("wide.mkv", content)
	wide, high := a.Renditions[0].Width, a.Renditions[0].Height
	green := dot(t, files[0], 0.5, wide*1/8+wide*3/4*7/14, high/4)
	if v.Conversion.Colours != media.ColoursWide || max(green[0], green[2]) > 25 || abs(green[1]-190) > 6 {
		t.Errorf("%s: green %v", v.Conversion.Colours, green)
	}
}

// dolbyVision writes into a QuickTime video of HEVC that it is Dolby Vision, as cameras do: a box dvcC or dvvC at the
// end of the sample entry. ffmpeg can't.
func dolbyVision(t *testing.T, video []byte, profile, compatible byte) []byte {
	t.Helper()
	box := make([]byte, 32)
	binary.BigEndian.PutUint32(box, 32)
	copy(box[4:], "dvvC")
	if profile < 8 {
		copy(box[4:], "dvcC")
	}
	const version, level, base = 1, 5, 0b101 // a base and what changes it, no further layer
	box[8] = version
	binary.BigEndian.PutUint16(box[10:], uint16(profile)<<9|level<<3|base)
	box[12] = compatible << 4
	video = bytes.Clone(video)
	at, end := 0, len(video)
	for _, name := range []string{"moov", "trak", "mdia", "minf", "stbl", "stsd", "hvc1"} {
		found := false
		for at+8 <= end {
			size := int(binary.BigEndian.Uint32(video[at:]))
			if string(video[at+4:at+8]) != name {
				at += size
				continue
			}
			found, end = true, at+size
			binary.BigEndian.PutUint32(video[at:], uint32(size+len(box)))
			at += 8
			if name == "stsd" {
				at += 8
			}
			break
		}
		if !found {
			t.Fatalf("no box %s", name)
		}
	}
	return append(video[:end:end], append(box, video[end:]...)...)
}
