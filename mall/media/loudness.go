package media

import (
	"cmp"
	"context"
	"math"
	"regexp"
	"strconv"
	"time"

	"videomall/mall/media/ffmpeg"
)

const (
	targetLoudness = -16.0 // LUFS (ITU-R BS.1770-4), which speakers of phones and laptops can follow
	loudnessOff    = 0.3   // LU by which a video may miss that
	maxGain        = 40.0  // dB; what needs more is noise
	silence        = -70.0 // LUFS, below which nothing is measured
	// peakLimit is of full scale, -3.5 dBFS. The coder puts up to 2 dB on top, and below -1 dBFS is promised.
	peakLimit = 0.67
)

// Loudness is how loud a video was, in LUFS, and the decibels that were put on or taken off.
type Loudness struct{ From, Gain float64 }

// evenOut finds the gain that brings a track of a video's sound to targetLoudness. Where that drives peaks into the
// limiter, what is then heard is measured again, for the limiter takes loudness away. A silent track stays as it is.
// Errors: as Transcode.
func evenOut(ctx context.Context, r *ffmpeg.Runner, l Limits, path, dir string, s Source,
	track sound,
) (Loudness, error) {
	first, err := hear(ctx, r, l, path, dir, s, track.stereo())
	if err != nil || first.loudness <= silence {
		return Loudness{From: silence}, err
	}
	most := func(gain float64) float64 { return math.Round(100*min(gain, maxGain)) / 100 }
	all := Loudness{From: first.loudness, Gain: most(targetLoudness - first.loudness)}
	if first.peak+all.Gain <= 20*math.Log10(peakLimit) {
		return all, nil
	}
	for range 5 {
		h, err := hear(ctx, r, l, path, dir, s, track.loud(all.Gain))
		if err != nil {
			return all, err
		}
		off := targetLoudness - h.loudness
		if math.Abs(off) <= loudnessOff || all.Gain+off > maxGain {
			break
		}
		all.Gain = most(all.Gain + off)
	}
	return all, nil
}

// heard is the loudness of a whole video in LUFS and its true peak in dBFS.
type heard struct{ loudness, peak float64 }

var (
	integrated = regexp.MustCompile(`Integrated loudness:\s+I:\s+(\S+) LUFS`)
	truePeak   = regexp.MustCompile(`True peak:\s+Peak:\s+(\S+) dBFS`)
)

// hear decodes the sound that is to be heard, through filters, and measures it as EBU R 128 says.
func hear(ctx context.Context, r *ffmpeg.Runner, l Limits, path, dir string, s Source, filters string) (heard, error) {
	var said string
	args := append(beginning("info"), l.hostile()...)
	args = append(args, "-i", path, "-filter_complex", filters+",ebur128=peak=true:framelog=verbose[heard]", "-map",
		"[heard]",
		"-t", strconv.FormatFloat(s.Duration.Seconds(), 'f', 6, 64), "-f", "null", "-")
	_, err := r.Run(ctx, ffmpeg.Job{
		Tool: ffmpeg.FFmpeg,
		Dir:  dir,
		Args: args,
		Said: &said,
		Bounds: ffmpeg.Bounds{
			Wall:   cmp.Or(l.Wall, 10*time.Minute+2*s.Duration),
			Memory: 4 << 30,
			File:   1 << 20,
		},
	})
	if err != nil {
		return heard{}, l.refusal(err, path)
	}
	number := func(found [][]string) float64 {
		if len(found) == 0 {
			return silence
		}
		// the last: what a stranger wrote into the file is said before
		f, err := strconv.ParseFloat(found[len(found)-1][1], 64)
		if err != nil || math.IsNaN(f) {
			return silence
		}
		return max(f, silence)
	}
	return heard{
		loudness: number(integrated.FindAllStringSubmatch(said, -1)),
		peak:     number(truePeak.FindAllStringSubmatch(said, -1)),
	}, nil
}
