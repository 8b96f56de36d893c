package media

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/fault"
	"videomall/mall/media/ffmpeg"
)

// Why a file does not become a video. The creator's page says for each what to do about it.
var (
	ErrNotAVideo    = fault.New(fault.Invalid, "not_a_film", "This file is not a video in a form that the mall takes.")
	ErrBroken       = fault.New(fault.Invalid, "broken", "This video is damaged or incomplete.")
	ErrNoPicture    = fault.New(fault.Invalid, "no_picture", "This file holds no moving picture.")
	ErrCodecUnknown = fault.New(fault.Invalid, "codec_unknown", "The mall cannot decode the picture of this video.")
	ErrSoundUnknown = fault.New(fault.Invalid, "sound_unknown", "The mall cannot decode the sound of this video.")
	ErrDolbyVision  = fault.New(fault.Invalid, "dolby_vision",
		"The colours of this video are in a form that only players of Dolby Vision know.")
	ErrEncrypted = fault.New(fault.Invalid, "encrypted", "This video is encrypted.")
	ErrTooLong   = fault.New(fault.Invalid, "too_long", "This video is longer than the mall takes.")
	ErrTooLarge  = fault.New(fault.Invalid, "picture_too_large",
		"The picture of this video is larger than the mall takes.")
	ErrTooManyStreams = fault.New(fault.Invalid, "too_many_streams", "This file holds more streams than a video needs.")
	ErrTooSlow        = fault.New(fault.Invalid, "took_too_long",
		"Reading this video took longer than any video should.")
)

// Limits bound a video. A zero field stands for the limit in its comment.
type Limits struct {
	Duration time.Duration // 6 h
	Pixels   int           // of one picture; 7680 × 4320
	Streams  int           // 64
	Wall     time.Duration // of one run of a tool; by the video's length
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Duration: cmp.Or(l.Duration, 6*time.Hour),
		Pixels:   cmp.Or(l.Pixels, 7680*4320),
		Streams:  cmp.Or(l.Streams, 64),
		Wall:     l.Wall,
	}
}

// hostile are the options before a stranger's file. more are decoders that are allowed beside the usual ones.
func (l Limits) hostile(more ...string) []string {
	return append(reading("file", formats, append(decoders(), more...)...),
		"-max_pixels", strconv.Itoa(l.Pixels),
		"-max_streams", strconv.Itoa(l.Streams),
	)
}

// Source is what a probe found of a video.
type Source struct {
	Duration      time.Duration // of the longer of picture and default sound
	Width, Height int           // as it is to be shown: upright, with square pixels
	rate          commonRate    // frames a second
	picture       picture
	sounds        []sound // the first is heard until a viewer chooses; none where it is silent
	conversion    Conversion
}

// Probe examines the file at path. The tools may write into the folder dir. The errors are refusals for its creator.
func Probe(ctx context.Context, r *ffmpeg.Runner, l Limits, path, dir string) (Source, error) {
	l = l.withDefaults()
	p, err := look(ctx, r, l, path, dir)
	if err != nil {
		return Source{}, err
	}
	s, shown, err := p.source(l)
	if err != nil {
		return Source{}, err
	}
	t, err := measure(ctx, r, l, path, dir, s)
	if err != nil {
		return Source{}, err
	}
	for i := len(s.sounds) - 1; i > 0; i-- {
		if t.ends[i+1] == 0 { // nothing in it
			s.sounds = slices.Delete(s.sounds, i, i+1)
		}
	}
	if s.Duration = t.length(); s.Duration > l.Duration {
		return Source{}, ErrTooLong.Because("%s", s.Duration)
	}
	s.rate = t.rate.steady(s.picture.guessedRate)
	s.conversion = p.conversion(shown, s, t)
	return s, nil
}

// unlisted finds the name of a decoder that a tool was not allowed to use.
var unlisted = regexp.MustCompile(`Codec \(([a-zA-Z0-9_-]{1,40})\) not on whitelist`)

// look asks ffprobe for the streams. It opens a decoder for each of them, even for those that are not used afterwards,
// as covers: a stream must not refuse its video by that, so ffprobe is asked again with the decoders that it missed.
// Videos are made with the usual ones alone.
func look(ctx context.Context, r *ffmpeg.Runner, l Limits, path, dir string) (probed, error) {
	var more []string
	for {
		var said string
		out, err := r.Run(ctx, ffmpeg.Job{
			Tool: ffmpeg.FFprobe,
			Dir:  dir,
			Said: &said,
			Bounds: ffmpeg.Bounds{
				Wall:   cmp.Or(l.Wall, 2*time.Minute),
				Memory: 2 << 30,
				File:   1 << 20,
			},
			Args: slices.Concat([]string{"-v", "error"}, l.hostile(more...),
				[]string{"-print_format", "json", "-read_intervals", "%+#8", "-show_entries", asked, "-i", path}),
		})
		if failed, ok := errors.AsType[*ffmpeg.Failed](err); ok {
			missed := len(more)
			for _, m := range unlisted.FindAllStringSubmatch(failed.Stderr, -1) {
				if !slices.Contains(more, m[1]) {
					more = append(more, m[1])
				}
			}
			if len(more) > missed && len(more) <= l.Streams {
				continue
			}
		}
		if err != nil {
			return probed{}, l.refusal(err, path)
		}
		p := probed{tooLarge: strings.Contains(said, tooManyPixels)}
		if err := json.Unmarshal(out, &p); err != nil {
			return probed{}, ErrBroken.Because("read the probe: %w", err)
		}
		return p, nil
	}
}

// tooManyPixels is what the tools say of a picture beyond their limit.
const tooManyPixels = "exceeds specified max pixel count"

// refusal turns the output of a tool into a refusal for the video's creator. An error that is not the video's fault stays
// as it is.
func (l Limits) refusal(err error, path string) error {
	var failed *ffmpeg.Failed
	switch {
	case errors.Is(err, ffmpeg.ErrTooSlow):
		return ErrTooSlow.Because("%w", err)
	case !errors.As(err, &failed):
		return err
	}
	said := func(words string) bool { return strings.Contains(failed.Stderr, words) }
	switch {
	case said("Format not on whitelist"), !isContainer(path):
		return ErrNotAVideo.Because("%w", err)
	case said(tooManyPixels):
		return ErrTooLarge.Because("%w", err)
	case said("max_streams"), said("Number of streams exceeds"):
		return ErrTooManyStreams.Because("%w", err)
	case said("not on whitelist"):
		return ErrCodecUnknown.Because("%w", err)
	case said("No space left"), said("Cannot allocate memory"):
		return err
	}
	return ErrBroken.Because("%w", err)
}

// isContainer looks for the marks with which videos begin. It tells a damaged video from a file of another kind.
func isContainer(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, 189)
	n, _ := io.ReadFull(f, b)
	b = b[:n]
	at := func(offset int, marks ...string) bool {
		return slices.ContainsFunc(marks, func(m string) bool {
			return len(b) >= offset+len(m) && string(b[offset:offset+len(m)]) == m
		})
	}
	return at(4, "ftyp", "moov", "mdat", "wide", "free", "skip") || at(0, "\x1aE\xdf\xa3", "FLV\x01") ||
		at(0, "RIFF") && at(8, "AVI ") ||
		len(b) == 189 && b[0] == 0x47 && b[188] == 0x47
}

// ratio reads "40:33" or "30000/1001".
func ratio(s string) (x, y float64, ok bool) {
	i := strings.IndexAny(s, ":/")
	if i < 0 {
		return 0, 0, false
	}
	x, err1 := strconv.ParseFloat(s[:i], 64)
	y, err2 := strconv.ParseFloat(s[i+1:], 64)
	return x, y, err1 == nil && err2 == nil && x > 0 && y > 0
}
