package media

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/fault"
	"videomall/mall/media/ffmpeg"
)

// Why a file does not become a film. Each has its own way out, which the creator's page says.
var (
	ErrNotAFilm       = fault.New(fault.Invalid, "not_a_film", "This file is not a film in a form that the mall takes.")
	ErrBroken         = fault.New(fault.Invalid, "broken", "This film is damaged or incomplete.")
	ErrNoPicture      = fault.New(fault.Invalid, "no_picture", "This file holds no moving picture.")
	ErrCodecUnknown   = fault.New(fault.Invalid, "codec_unknown", "The mall cannot decode the picture of this film.")
	ErrEncrypted      = fault.New(fault.Invalid, "encrypted", "This film is encrypted.")
	ErrTooLong        = fault.New(fault.Invalid, "too_long", "This film is longer than the mall takes.")
	ErrTooLarge       = fault.New(fault.Invalid, "picture_too_large", "The picture of this film is larger than the mall takes.")
	ErrTooManyStreams = fault.New(fault.Invalid, "too_many_streams", "This file holds more streams than a film needs.")
	ErrTooSlow        = fault.New(fault.Invalid, "took_too_long", "Reading this film took longer than any film should.")
)

// Limits are what a film may be; zeros are what the mall runs with.
type Limits struct {
	Duration time.Duration // 6 h
	Pixels   int           // of one picture; 7680 × 4320
	Streams  int           // 64
	Wall     time.Duration // of one run of a tool; by the film's length
}

func (l Limits) withDefaults() Limits {
	return Limits{Duration: or(l.Duration, 6*time.Hour), Pixels: or(l.Pixels, 7680*4320), Streams: or(l.Streams, 64), Wall: l.Wall}
}

// What a stranger's file may be read as. The list of formats is what keeps a playlist that names other files from being followed;
// the list of protocols alone does not, since those files are files.
const (
	formats = "mov,matroska,mpegts,avi,flv"
	// pictures and sounds are names of decoders.
	pictures = "h264,hevc,av1,libdav1d,vp8,vp9,mpeg4,mpeg2video,mpeg1video,mjpeg,prores,dnxhd,h263,flv,vp6f,msmpeg4,msmpeg4v2,wmv2,ffv1"
	sounds   = "aac,aac_latm,mp3,mp3float,mp2,mp2float,ac3,eac3,dca,opus,libopus,vorbis,flac,alac,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be," +
		"pcm_s32le,pcm_f32le,pcm_u8,pcm_mulaw,pcm_alaw,adpcm_ms,adpcm_ima_wav,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb"
	// texts are looked at and never used.
	texts = "mov_text,subrip,srt,ass,ssa,webvtt,text,dvdsub,dvbsub,pgssub,xsub"
)

// hostile are the options that go before a stranger's file.
func (l Limits) hostile() []string {
	return []string{"-protocol_whitelist", "file", "-format_whitelist", formats, "-codec_whitelist", pictures + "," + sounds + "," + texts,
		"-max_pixels", strconv.Itoa(l.Pixels), "-max_streams", strconv.Itoa(l.Streams)}
}

// Source is what a probe found of a film.
type Source struct {
	Duration      time.Duration // 0 where the file does not say
	Width, Height int           // as it is to be shown: upright, with square pixels
	// Frames a second as a fraction that players like, from 10 to 60.
	Rate       string
	perSecond  float64
	picture    int // index of its stream
	sound      int // -1 where it has none
	interlaced bool
}

type probed struct {
	Streams []struct {
		Index       int
		CodecType   string `json:"codec_type"`
		CodecName   string `json:"codec_name"`
		CodecTag    string `json:"codec_tag_string"`
		Width       int
		Height      int
		Aspect      string `json:"sample_aspect_ratio"`
		Rate        string `json:"avg_frame_rate"`
		FieldOrder  string `json:"field_order"`
		Duration    string
		Disposition struct {
			Cover int `json:"attached_pic"`
		}
		Tags     struct{ Rotate string }
		SideData []struct{ Rotation int } `json:"side_data_list"`
	}
	Packets []struct {
		SideData []struct {
			Type string `json:"side_data_type"`
		} `json:"side_data_list"`
	}
	Format struct {
		Name     string `json:"format_name"`
		Duration string
	}
}

// asked is what ffprobe is to tell: numbers and names of its own, and no text that a stranger chose.
const asked = "format=format_name,duration:stream=index,codec_type,codec_name,codec_tag_string,width,height,sample_aspect_ratio,avg_frame_rate," +
	"field_order,duration:stream_disposition=attached_pic:stream_tags=rotate:stream_side_data=rotation:packet_side_data=side_data_type"

// Probe looks at the file at path, in the folder dir where a tool may write, or refuses it in words.
func Probe(ctx context.Context, r *ffmpeg.Runner, l Limits, path, dir string) (Source, error) {
	l = l.withDefaults()
	var said string
	out, err := r.Run(ctx, ffmpeg.Job{Tool: ffmpeg.FFprobe, Dir: dir, Said: &said, Bounds: ffmpeg.Bounds{Wall: or(l.Wall, 2*time.Minute), Memory: 2 << 30, File: 1 << 20},
		Args: append(append([]string{"-v", "error"}, l.hostile()...), "-print_format", "json", "-read_intervals", "%+#8", "-show_entries", asked, "-i", path)})
	if err != nil {
		return Source{}, l.refusal(err, path)
	}
	var p probed
	if err := json.Unmarshal(out, &p); err != nil {
		return Source{}, ErrBroken.Because("read the probe: %w", err)
	}
	s, err := p.source(l)
	if errors.Is(err, ErrBroken) && strings.Contains(said, tooManyPixels) { // nothing is then known of the picture
		return Source{}, ErrTooLarge.Because("%w", err)
	}
	return s, err
}

// tooManyPixels is what the tools say of a picture beyond their limit.
const tooManyPixels = "exceeds specified max pixel count"

// refusal turns what a tool said of a film into words for its creator; what is no fault of the film's stays as it is.
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
		return ErrNotAFilm.Because("%w", err)
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

// isContainer looks for the marks that films begin with, to tell a damaged one from something else.
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
		return slices.ContainsFunc(marks, func(m string) bool { return len(b) >= offset+len(m) && string(b[offset:offset+len(m)]) == m })
	}
	return at(4, "ftyp", "moov", "mdat", "wide", "free", "skip") || at(0, "\x1aE\xdf\xa3", "FLV\x01") || at(0, "RIFF") && at(8, "AVI ") ||
		len(b) == 189 && b[0] == 0x47 && b[188] == 0x47
}

func (p probed) source(l Limits) (Source, error) {
	s := Source{picture: -1, sound: -1}
	for _, first := range p.Packets {
		for _, d := range first.SideData {
			if strings.HasPrefix(d.Type, "Encryption") {
				return Source{}, ErrEncrypted.Because("%s", d.Type)
			}
		}
	}
	audible := strings.Split(sounds, ",")
	for _, t := range p.Streams {
		switch {
		case t.CodecTag == "encv" || t.CodecTag == "enca" || t.CodecTag == "drmi" || t.CodecTag == "drms":
			return Source{}, ErrEncrypted.Because("stream %d is %s", t.Index, t.CodecTag)
		case t.CodecType == "audio" && s.sound < 0 && slices.Contains(audible, t.CodecName):
			s.sound = t.Index
		case t.CodecType == "video" && t.Disposition.Cover == 0 && s.picture < 0:
			if t.CodecName == "" || !slices.Contains(strings.Split(pictures, ","), decoder(t.CodecName)) {
				return Source{}, ErrCodecUnknown.Because("picture in %.40q", t.CodecName)
			}
			if t.Width <= 0 || t.Height <= 0 {
				return Source{}, ErrBroken.Because("a picture of %d × %d", t.Width, t.Height)
			}
			if t.Width*t.Height > l.Pixels {
				return Source{}, ErrTooLarge.Because("%d × %d", t.Width, t.Height)
			}
			s.picture, s.Width, s.Height = t.Index, t.Width, t.Height
			if x, y, ok := ratio(t.Aspect); ok && x/y > 0.1 && x/y < 10 {
				s.Width = max(2, int(float64(t.Width)*x/y+0.5))
			}
			rotation, _ := strconv.Atoi(t.Tags.Rotate)
			for _, d := range t.SideData {
				rotation = or(d.Rotation, rotation)
			}
			if rotation%180 != 0 {
				s.Width, s.Height = s.Height, s.Width
			}
			s.Rate, s.perSecond = steady(t.Rate)
			s.interlaced = t.FieldOrder != "" && t.FieldOrder != "progressive" && t.FieldOrder != "unknown"
			s.Duration = seconds(t.Duration)
		}
	}
	if s.picture < 0 {
		return Source{}, ErrNoPicture.Because("%d streams", len(p.Streams))
	}
	if d := seconds(p.Format.Duration); d > 0 {
		s.Duration = d
	}
	if s.Duration > l.Duration {
		return Source{}, ErrTooLong.Because("%s", s.Duration)
	}
	return s, nil
}

// decoder is the name of the decoder for a codec where it has another.
func decoder(codec string) string {
	switch codec {
	case "msmpeg4v3":
		return "msmpeg4"
	case "flv1":
		return "flv"
	}
	return codec
}

func seconds(s string) time.Duration {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0) || f > 1e7 {
		if err == nil && f > 1e7 {
			return time.Duration(1e7) * time.Second
		}
		return 0
	}
	return time.Duration(f * float64(time.Second))
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

// steady is the lowest common rate that loses no frame of a film with that average; a film may have pauses, so none is too low.
func steady(average string) (string, float64) {
	x, y, ok := ratio(average)
	if !ok {
		return "25", 25
	}
	for _, r := range []struct {
		name string
		fps  float64
	}{{"10", 10}, {"12", 12}, {"15", 15}, {"20", 20}, {"24000/1001", 24000. / 1001}, {"24", 24}, {"25", 25}, {"30000/1001", 30000. / 1001},
		{"30", 30}, {"48", 48}, {"50", 50}, {"60000/1001", 60000. / 1001}} {
		if x/y <= r.fps*1.0003 {
			return r.name, r.fps
		}
	}
	return "60", 60
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
