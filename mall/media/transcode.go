package media

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"videomall/mall/media/ffmpeg"
)

// keyFrames and segments of the videos that are made, in seconds. Every segment begins with a key frame and needs
// nothing before it.
const (
	keyFrameSeconds = 2
	segmentSeconds  = 4
)

// Transcode makes the clear video that Pack takes of the file at path: master.m3u8 and a folder a rung, in out, an empty
// folder that the tools own. progress hears how much of a hundred is done and how long the rest will take, 0 while
// nobody can tell. Errors: the refusals of a probe, ffmpeg.ErrMissing, the end of ctx.
func Transcode(ctx context.Context, r *ffmpeg.Runner, l Limits, path, out string, s Source, ladder []Rung,
	progress func(percent int, left time.Duration),
) error {
	l = l.withDefaults()
	job := ffmpeg.Job{
		Tool: ffmpeg.FFmpeg,
		Dir:  out,
		Args: transcodeArgs(l, path, s, ladder),
		Bounds: ffmpeg.Bounds{
			Wall:   cmp.Or(l.Wall, min(20*time.Hour, 10*time.Minute+40*s.Duration)),
			Memory: 12 << 30,
			File:   maxFile,
		},
		Progress: func(at time.Duration, speed float64) {
			if progress == nil {
				return
			}
			done := min(99, int(100*at/s.Duration))
			var left time.Duration
			if speed > 0 {
				left = time.Duration(float64(max(s.Duration-at, 0)) / speed)
			}
			progress(done, left)
		},
	}
	_, err := r.Run(ctx, job)
	if err != nil {
		return l.refusal(err, path)
	}
	return nil
}

// transcodeArgs holds everything to one timeline: picture and sound begin at 0 and end together, at the end of the
// longer one.
func transcodeArgs(l Limits, path string, s Source, ladder []Rung) []string {
	args := append(append(beginning("error"), "-progress", "pipe:1"), l.hostile()...)
	args = append(args, "-i", path, "-filter_complex", s.picture.graph(s.rate.name, ladder))
	outputs, folders := s.outputs(ladder)
	args = append(args, outputs...)
	frames := strconv.Itoa(int(math.Round(s.rate.fps * keyFrameSeconds)))
	args = append(args, "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-fps_mode", "cfr", "-r",
		s.rate.name,
		"-t", strconv.FormatFloat(s.Duration.Seconds(), 'f', 6, 64),
		"-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", "23", "-sc_threshold", "0",
		// By the clock and not by frames alone: at 29.97 a second sixty of them take 2.002 s, and segments would drift
		// from those of the sound.
		"-force_key_frames", fmt.Sprintf("expr:gte(t,n_forced*%d)", keyFrameSeconds), "-forced-idr", "1", "-g", frames,
		"-keyint_min", frames,
		"-flags:v", "+cgop", "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range",
		"tv", "-c:a", "aac")
	return append(args, "-f", "hls", "-hls_time", strconv.Itoa(segmentSeconds), "-hls_playlist_type", "vod",
		"-hls_list_size", "0",
		"-hls_flags", "independent_segments", "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4",
		"-hls_segment_filename", "%v/s%05d.m4s", "-master_pl_name", "master.m3u8", "-var_stream_map",
		strings.Join(folders, " "), "%v/index.m3u8")
}

// outputs are the pictures and sounds that ffmpeg makes, and what goes into which folder. A single sound is coded into
// each size, at a rate of its own; of several each gets a folder. A sound has a graph of its own: ffmpeg builds a graph
// anew where what goes in changes its form.
func (s Source) outputs(ladder []Rung) (args, folders []string) {
	inside := len(s.sounds) == 1
	if inside {
		args = append(args, "-filter_complex", s.sounds[0].graph(0, len(ladder)))
	} else {
		for i, track := range s.sounds {
			n, first := strconv.Itoa(i), ""
			if i == 0 {
				first = ",default:yes" // where none is the default, ffmpeg lists every sound as a size of its own, too
			}
			args = append(args, "-filter_complex", track.graph(i, 1), "-map", "[a"+n+"]", "-b:a:"+n,
				strconv.Itoa(soundRate))
			folders = append(folders, "a:"+n+",agroup:"+soundGroup+first+",name:"+soundName(i))
		}
	}
	for i, g := range ladder {
		n, hears := strconv.Itoa(i), ""
		args = append(args, "-map", "[v"+n+"]", "-maxrate:v:"+n, strconv.Itoa(g.Rate), "-bufsize:v:"+n,
			strconv.Itoa(2*g.Rate))
		switch {
		case inside:
			args = append(args, "-map", "[a"+n+"]", "-b:a:"+n, strconv.Itoa(g.Audio))
			hears = ",a:" + n
		case len(s.sounds) > 1:
			hears = ",agroup:" + soundGroup
		}
		folders = append(folders, "v:"+n+hears+",name:"+g.Name)
	}
	return args, folders
}
