package media

import (
	"cmp"
	"encoding/binary"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Cue is a line of subtitles; Text is WebVTT's, with no tags but i, b and u. One that ends when it begins is kept and
// never shown.
type Cue struct {
	From, To int    // milliseconds
	Settings string // where it stands, as WebVTT says it
	Text     string
}

var (
	// WebVTT's times are strict. SubRip's are read as ffmpeg reads them: parts may lack digits, and spaces at the arrow
	// may be missing.
	vttTiming  = timing(`(?:\d{1,3}:)?[0-5]\d:[0-5]\d[.,]\d{3}`)
	srtTiming  = timing(`(?:\d{1,3}:)?[0-5]?\d:[0-5]?\d[.,]\d{1,3}`)
	srtPlace   = regexp.MustCompile(`^[XY][12]:-?\d+$`)
	onlyDigits = regexp.MustCompile(`^\s*\d+\s*$`)
	// likeTiming tells a time with a slip of the pen from words that hold an arrow.
	likeTiming = regexp.MustCompile(`^\s*\d.*-->|-->.*\d[:.,]\d+\s*$`)
	cueSetting = regexp.MustCompile(
		`^(vertical:(rl|lr)|line:-?\d{1,3}(\.\d+)?%?(,(start|center|end))?|(position|size):\d{1,3}(\.\d+)?%(,(line-left|center|line-right))?|align:(start|center|end|left|right))$`)
)

func timing(moment string) *regexp.Regexp {
	return regexp.MustCompile(`^\s*(` + moment + `)\s*-->\s*(` + moment + `)((?:\s+\S+)*)\s*$`)
}

// ParseCaptions reads subtitles, WebVTT or SubRip, in UTF-8 or UTF-16, in their order of time. SubRip is read as ffmpeg
// reads it, WebVTT as browsers do. Styles, regions, notes and tags that carry more than slant and weight are left out;
// whatever else can't be read refuses the file. ErrBadCaptions then says by the field "file" what is wrong, and by
// "file.N" in line N, from 1, what is wrong there.
func ParseCaptions(b []byte) ([]Cue, error) {
	if len(b) > MaxCaptionBytes {
		return nil, ErrBadCaptions.With("file", "captions_large")
	}
	text, ok := captionText(b)
	if !ok {
		return nil, ErrBadCaptions.With("file", "captions_utf8")
	}
	r := captionReader{lines: strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")}
	read := r.subRip
	if head := r.lines[0]; head == "WEBVTT" || strings.HasPrefix(head, "WEBVTT ") ||
		strings.HasPrefix(head, "WEBVTT\t") {
		read = r.webVTT
	}
	if err := read(); err != nil {
		return nil, err
	}
	if len(r.cues) == 0 {
		return nil, ErrBadCaptions.With("file", "captions_none")
	}
	slices.SortStableFunc(r.cues, func(a, b Cue) int { return a.From - b.From })
	return r.cues, nil
}

// captionText decodes UTF-8, or UTF-16 with a mark at its begin.
func captionText(b []byte) (string, bool) {
	var order binary.ByteOrder
	switch {
	case len(b) >= 2 && b[0] == 0xff && b[1] == 0xfe:
		order = binary.LittleEndian
	case len(b) >= 2 && b[0] == 0xfe && b[1] == 0xff:
		order = binary.BigEndian
	}
	if order != nil {
		if len(b)%2 != 0 || len(b) == 2 {
			return "", false
		}
		var units []uint16
		for i := 2; i < len(b); i += 2 {
			units = append(units, order.Uint16(b[i:]))
		}
		b = []byte(string(utf16.Decode(units)))
	}
	s := strings.TrimPrefix(string(b), "\ufeff")
	return s, utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

type captionReader struct {
	lines []string
	cues  []Cue
}

// badLine names a line, counted from 0, that can't be read.
func badLine(n int, slug string) error {
	return ErrBadCaptions.With("file", "captions_cue").With("file."+strconv.Itoa(n+1), slug).
		Because("line %d: %s", n+1, slug)
}

// subRip takes what follows a line of time for its words, empty lines too, up to the next line of time and the number
// before that.
func (r *captionReader) subRip() error {
	at := -1 // the line of time that is being read
	for n, line := range r.lines {
		switch {
		case srtTiming.MatchString(line):
			if err := r.cue(srtTiming, at, n); err != nil {
				return err
			}
			at = n
		case likeTiming.MatchString(line):
			return badLine(n, "captions_time")
		case at < 0 && strings.TrimSpace(line) != "" && !onlyDigits.MatchString(line):
			return badLine(n, "captions_stray")
		}
	}
	return r.cue(srtTiming, at, len(r.lines))
}

// webVTT reads blocks as https://www.w3.org/TR/webvtt1/#file-parsing does: a line with an arrow begins a cue, an empty
// one ends it.
func (r *captionReader) webVTT() error {
	ends := func(n int) bool {
		return n >= len(r.lines) || r.lines[n] == "" || strings.Contains(r.lines[n], "-->")
	}
	skip := func(n int) int {
		for n++; !ends(n); n++ {
		}
		return n
	}
	for n := skip(0); n < len(r.lines); {
		line := r.lines[n]
		switch {
		case strings.TrimSpace(line) == "":
			n++
		case strings.Contains(line, "-->"):
			next := skip(n)
			if err := r.cue(vttTiming, n, next); err != nil {
				return err
			}
			n = next
		case aside(line):
			n = skip(n)
		case n+1 < len(r.lines) && strings.Contains(r.lines[n+1], "-->"): // the cue's name
			n++
		default: // browsers pass over these words, and nobody would ever see them
			return badLine(n, "captions_stray")
		}
	}
	return nil
}

// aside is true for the first line of a block of WebVTT that is no cue.
func aside(line string) bool {
	word, _, _ := strings.Cut(strings.TrimRight(line, " \t"), " ")
	return word == "STYLE" || word == "REGION" || word == "NOTE"
}

// cue reads the line of time at, with the words up to the line end. at is -1 before the first.
func (r *captionReader) cue(timing *regexp.Regexp, at, end int) error {
	if at < 0 {
		return nil
	}
	vtt := timing == vttTiming
	m := timing.FindStringSubmatch(r.lines[at])
	if m == nil {
		return badLine(at, "captions_time")
	}
	c := Cue{From: milliseconds(m[1]), To: milliseconds(m[2])}
	if c.To < c.From {
		return badLine(at, "captions_backwards")
	}
	if len(r.cues) == maxCues {
		return badLine(at, "captions_cues")
	}
	settings, ok := cueSettings(m[3], vtt)
	if !ok {
		return badLine(at, "captions_time")
	}
	words := r.lines[at+1 : end]
	if n := len(words); !vtt && end < len(r.lines) && n > 0 && onlyDigits.MatchString(words[n-1]) {
		words = words[:n-1]
	}
	text := strings.Join(words, "\n")
	if len(text) > maxCueText {
		return badLine(at, "captions_long")
	}
	var place string
	c.Text, place = cueText(text, vtt)
	c.Settings = cmp.Or(settings, place)
	r.cues = append(r.cues, c)
	return nil
}

// cueSettings keeps what may stand behind the times of a cue. SubRip has nothing there but places, so that anything else
// is words that got onto the wrong line, and ffmpeg would lose them: ok is then false.
func cueSettings(rest string, vtt bool) (settings string, ok bool) {
	var kept []string
	for s := range strings.FieldsSeq(rest) {
		switch {
		case cueSetting.MatchString(s):
			kept = append(kept, s)
		case !vtt && !srtPlace.MatchString(s):
			return "", false
		}
	}
	return strings.Join(kept, " "), true
}

func milliseconds(s string) int {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '.' || r == ',' })
	n := 0
	for i, p := range parts {
		v, _ := strconv.Atoi(p) // digits, by the pattern
		switch len(parts) - i {
		case 1:
			n = n*1000 + v
		default:
			n = n*60 + v
		}
	}
	return n
}
