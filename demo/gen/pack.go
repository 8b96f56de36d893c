package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// rendition is one rung of the ladder.
type rendition struct {
	height, crf, maxKbps int
	audioKbps, channels  int
	level, preset        string
}

func (r rendition) name() string { return strconv.Itoa(r.height) + "p" }
func (r rendition) width() int   { return r.height * 16 / 9 }

// renditions are never larger than the picture that is painted. The lowest one is mono, because it is for slow
// connections. The bitrates are low, because all videos are in the repository.
func renditions(f Video) []rendition {
	crf := f.Quality
	if crf == 0 {
		crf = 29
	}
	ceiling := f.Ceiling
	if ceiling == 0 {
		ceiling = 115
	}
	ladder := []rendition{
		{
			height:    360,
			crf:       crf,
			maxKbps:   ceiling * 9 / 20,
			audioKbps: 24,
			channels:  1,
			level:     "3.0",
			preset:    "faster",
		},
		{
			height:    720,
			crf:       crf + 2,
			maxKbps:   ceiling,
			audioKbps: 36,
			channels:  2,
			level:     "3.1",
			preset:    "faster",
		},
	}
	if f.UHD {
		ladder = append(ladder, rendition{
			height:    2160,
			crf:       crf + 5,
			maxKbps:   480,
			audioKbps: 48,
			channels:  2,
			level:     "5.1",
			preset:    "veryfast",
		})
	}
	return ladder
}

// encodeArgs returns arguments with which ffmpeg reads frames from standard input and writes clear fMP4 HLS, with a
// folder for each rendition.
func encodeArgs(ladder []rendition, sound, dir string) []string {
	top := ladder[len(ladder)-1]
	args := []string{
		"-y", "-hide_banner", "-loglevel", "error", "-nostats",
		"-f", "rawvideo", "-pix_fmt", "rgba", "-s", fmt.Sprintf("%dx%d", top.width(), top.height), "-r",
		strconv.Itoa(fps), "-i", "pipe:0", "-i", sound,
	}
	graph := fmt.Sprintf("[0:v]split=%d", len(ladder))
	for i := range ladder {
		graph += fmt.Sprintf("[in%d]", i)
	}
	for i, r := range ladder {
		graph += fmt.Sprintf(
			";[in%d]scale=%d:%d:flags=area+accurate_rnd+full_chroma_int:out_color_matrix=bt709:out_range=tv,format=yuv420p[v%d]", i, r.width(), r.height, i)
	}
	args = append(args, "-filter_complex", graph)
	gop := strconv.Itoa(segmentSec * fps)
	for i, r := range ladder {
		to := filepath.Join(dir, r.name())
		args = append(args, "-map", fmt.Sprintf("[v%d]", i), "-map", "1:a",
			"-c:v", "libx264", "-preset", r.preset, "-tune", "animation", "-profile:v", "high", "-level", r.level,
			"-crf", strconv.Itoa(r.crf),
			"-maxrate", fmt.Sprintf("%dk", r.maxKbps), "-bufsize", fmt.Sprintf("%dk", 4*r.maxKbps),
			"-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-flags", "+cgop", "-x264-params", "aq-mode=3",
			"-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
			"-c:a", "aac", "-ar", strconv.Itoa(rate), "-ac", strconv.Itoa(r.channels), "-b:a",
			fmt.Sprintf("%dk", r.audioKbps),
			"-f", "hls", "-hls_time", strconv.Itoa(segmentSec), "-hls_playlist_type", "vod", "-hls_list_size", "0",
			"-hls_flags", "independent_segments", "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4",
			"-hls_segment_filename", filepath.Join(to, "s%05d.m4s"), filepath.Join(to, "index.m3u8"))
	}
	return args
}

// writeMaster lists the renditions with what their files really need: the peak and average bitrates of the segments,
// and the codec string from the init segment.
func writeMaster(dir string, ladder []rendition) error {
	var m strings.Builder
	m.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	for _, r := range ladder {
		list, err := os.ReadFile(filepath.Join(dir, r.name(), "index.m3u8"))
		if err != nil {
			return err
		}
		var peak, bits, seconds, length float64
		for _, line := range strings.Split(string(list), "\n") {
			if rest, ok := strings.CutPrefix(line, "#EXTINF:"); ok {
				if length, err = strconv.ParseFloat(strings.TrimSuffix(rest, ","), 64); err != nil {
					return err
				}
			} else if line != "" && line[0] != '#' {
				info, err := os.Stat(filepath.Join(dir, r.name(), line))
				if err != nil {
					return err
				}
				b := float64(info.Size() * 8)
				peak = max(peak, b/length)
				bits = bits + b
				seconds = seconds + length
			}
		}
		codec, err := codecOf(filepath.Join(dir, r.name(), "init.mp4"))
		if err != nil {
			return err
		}
		fmt.Fprintf(&m,
			"#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,RESOLUTION=%dx%d,FRAME-RATE=%d.000,CODECS=\"%s,mp4a.40.2\"\n%s/index.m3u8\n",
			int(peak)+1, int(bits/seconds)+1, r.width(), r.height, fps, codec, r.name())
	}
	return os.WriteFile(filepath.Join(dir, "master.m3u8"), []byte(m.String()), 0o644)
}

// codecOf reads profile, constraints and level from the avcC box (ISO 14496-15).
func codecOf(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	at := bytes.Index(data, []byte("avcC"))
	if at < 0 || at+8 > len(data) {
		return "", fmt.Errorf("%s: no avcC box", path)
	}
	return fmt.Sprintf("avc1.%02x%02x%02x", data[at+5], data[at+6], data[at+7]), nil
}
