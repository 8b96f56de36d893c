package media

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/media/ffmpeg"
)

// timeline is when a video's picture and sound happen, as ffmpeg sees it once it has mended the jumps of the file's
// clock. What a file's header says of its length is not asked: it may be wrong by hours where recordings were joined.
type timeline struct {
	ends []float64 // of the picture and of each sound, in seconds
	rate frameRate
}

// measure reads the whole file without decoding it.
func measure(ctx context.Context, r *ffmpeg.Runner, l Limits, path, dir string, s Source) (*timeline, error) {
	args := append(beginning("error"), l.hostile()...)
	// A second more than the longest that is taken, so that a longer one is seen.
	args = append(args, "-t", strconv.Itoa(int(l.Duration/time.Second)+1), "-i", path, "-map",
		fmt.Sprintf("0:%d", s.picture.index))
	for _, track := range s.sounds {
		args = append(args, "-map", fmt.Sprintf("0:%d", track.index))
	}
	args = append(args, "-c", "copy", "-copyinkf", "-f", "framecrc", "pipe:1")
	streams := 1 + len(s.sounds)
	t, packets := &timeline{ends: make([]float64, streams)}, packetReader{unit: make([]float64, streams)}
	_, err := r.Run(ctx, ffmpeg.Job{
		Tool: ffmpeg.FFmpeg,
		Dir:  dir,
		Args: args,
		Bounds: ffmpeg.Bounds{
			Wall:   cmp.Or(l.Wall, time.Hour),
			Memory: 4 << 30,
			File:   1 << 20,
		},
		Line: func(line string) {
			if p, ok := packets.read(line); ok {
				t.add(p)
			}
		},
	})
	if err != nil {
		return nil, l.refusal(err, path)
	}
	t.rate.end()
	if t.ends[0] <= 0 {
		return nil, ErrBroken.Because("no picture in it")
	}
	return t, nil
}

func (t *timeline) add(p packet) {
	t.ends[p.stream] = max(t.ends[p.stream], p.at+p.duration)
	if p.stream == 0 {
		t.rate.add(p.at)
	}
}

// length is that of the longer of the picture and the sound that is heard by default. Other sounds end with it.
func (t *timeline) length() time.Duration {
	end := t.ends[0]
	if len(t.ends) > 1 {
		end = max(end, t.ends[1])
	}
	return time.Duration(end * float64(time.Second))
}

// packet is when a piece of picture (stream 0) or of a sound (1 and on) is shown and for how long, in seconds.
type packet struct {
	stream       int
	at, duration float64
}

// packetReader reads what ffmpeg's framecrc writes: "#tb 0: 1/90000" a stream, then "stream, dts, pts, duration, size,
// sum" a packet.
type packetReader struct{ unit []float64 }

func (r *packetReader) read(line string) (packet, bool) {
	if base, ok := strings.CutPrefix(line, "#tb "); ok {
		name, value, _ := strings.Cut(base, ": ")
		n, err := strconv.Atoi(name)
		if x, y, ok := ratio(value); ok && err == nil && n >= 0 && n < len(r.unit) {
			r.unit[n] = x / y
		}
		return packet{}, false
	}
	fields := strings.SplitN(line, ",", 5)
	if strings.HasPrefix(line, "#") || len(fields) < 5 {
		return packet{}, false
	}
	number := func(i int) (float64, bool) {
		f, err := strconv.ParseFloat(strings.TrimSpace(fields[i]), 64)
		return f, err == nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(fields[0]))
	if err != nil || n < 0 || n >= len(r.unit) {
		return packet{}, false
	}
	at, ok := number(2)
	if !ok { // a form that knows no times to show: AVI
		if at, ok = number(1); !ok {
			return packet{}, false
		}
	}
	duration, _ := number(3)
	return packet{n, at * r.unit[n], duration * r.unit[n]}, true
}

const (
	rateWindow = 30 // frames over which a rate is taken
	reordered  = 32 // frames that may come before those that are shown earlier
)

// frameRate finds how fast the liveliest part of a video is: a screen recording may stand still for most of it.
type frameRate struct {
	waiting []float64 // the times of the latest frames, in order, that an earlier one may still come before
	window  []float64 // the times of the rateWindow+1 frames before those
	count   int
	first   float64
	last    float64
	fastest float64 // frames a second
}

func (f *frameRate) add(at float64) {
	i, _ := slices.BinarySearch(f.waiting, at)
	f.waiting = slices.Insert(f.waiting, i, at)
	if len(f.waiting) > reordered {
		f.next(f.waiting[0])
		f.waiting = slices.Delete(f.waiting, 0, 1)
	}
}

func (f *frameRate) end() {
	for _, at := range f.waiting {
		f.next(at)
	}
	f.waiting = nil
	if f.count > 1 && f.count <= rateWindow {
		f.fastest = float64(f.count-1) / (f.window[len(f.window)-1] - f.first)
	}
}

func (f *frameRate) next(at float64) {
	if n := len(f.window); n > 0 && at <= f.window[n-1] {
		return
	}
	if f.count == 0 {
		f.first = at
	}
	f.count++
	f.last = at
	f.window = append(f.window, at)
	if len(f.window) > rateWindow+1 {
		f.window = slices.Delete(f.window, 0, 1)
	}
	if len(f.window) == rateWindow+1 {
		f.fastest = max(f.fastest, rateWindow/(at-f.window[0]))
	}
}

// average is in frames a second, of the whole video.
func (f *frameRate) average() float64 {
	if f.count < 2 {
		return 0
	}
	return float64(f.count-1) / (f.last - f.first)
}

// said is the average as a file gives it itself, if that is as good as equal: some forms round the times of frames.
func (f *frameRate) said(guess string) float64 {
	const rounded = 0.0008 // less than what 30 and 29.97 differ by
	average := f.average()
	if x, y, ok := ratio(guess); ok && math.Abs(x/y/average-1) < rounded {
		return x / y
	}
	return average
}

// uneven is true where the liveliest part is clearly faster than the whole.
func (f *frameRate) uneven() bool { return f.count > 1 && f.fastest > 1.05*f.average() }

// commonRates are those that players like, the lowest first.
func commonRates() []commonRate {
	return []commonRate{
		{"10", 10},
		{"12", 12},
		{"15", 15},
		{"20", 20},
		{"24000/1001", 24000. / 1001},
		{"24", 24},
		{"25", 25},
		{"30000/1001", 30000. / 1001},
		{"30", 30},
		{"48", 48},
		{"50", 50},
		{"60000/1001", 60000. / 1001},
		{"60", 60},
	}
}

type commonRate struct {
	name string
	fps  float64
}

// steady is the common rate at which a video is made, by its liveliest part: the one that the file gives itself, if that
// differs by less than frames at uneven moments make it differ; else, of those that differ no more than clocks do, the
// nearest to it; else the next higher one, so that no frame is lost, and 60 at most.
func (f *frameRate) steady(said string) commonRate {
	const uneven, clocks = 0.05, 0.02
	guess := f.fastest
	if x, y, ok := ratio(said); ok {
		guess = x / y
	}
	fastest := f.fastest
	if fastest == 0 { // a single frame
		fastest = guess
	}
	common := commonRates()
	best, off := common[len(common)-1], math.Inf(1)
	for _, r := range slices.Backward(common) {
		differs, away := math.Abs(r.fps/fastest-1), math.Abs(r.fps/guess-1)
		switch {
		case differs <= uneven && away < 0.0005:
			return r
		case differs <= clocks && away < off:
			best, off = r, away
		case math.IsInf(off, 1) && r.fps >= fastest:
			best = r
		}
	}
	return best
}
