package media_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/fault"
	"videomall/mall/media"
)

// Files that people bring, and what viewers then see. Everything that ffmpeg reads in SubRip, and browsers read in
// WebVTT, must be read.
func TestParseCaptions_files_of_people(t *testing.T) {
	t.Parallel()
	two := "\n00:00:02.000 --> 00:00:03.000\nTwo\n"
	for name, c := range map[string]struct{ in, want string }{
		"s01 a place of SubStation Alpha": {
			"1\n00:00:00,500 --> 00:00:01,500\n{\\an8}Top line\n\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n",
			"\n00:00:00.500 --> 00:00:01.500 line:0\nTop line\n" + two,
		},
		"s02 an empty line with a space": {
			"1\n00:00:00,500 --> 00:00:01,500\nOne\n \n2\n00:00:02,000 --> 00:00:03,000\nTwo\n",
			"\n00:00:00.500 --> 00:00:01.500\nOne\n" + two,
		},
		"s03 no empty line": {
			"1\n0:00:00.000 --> 0:00:01.000\nOne\n2\n0:00:02.000 --> 0:00:03.000\nTwo\n",
			"\n00:00:00.000 --> 00:00:01.000\nOne\n" + two,
		},
		"s04 an empty line within": {
			"1\n00:00:00,500 --> 00:00:01,500\nOne\n\nstill one\n\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n",
			"\n00:00:00.500 --> 00:00:01.500\nOne\nstill one\n" + two,
		},
		"s06 no time at all": {
			"1\n00:00:00,500 --> 00:00:00,500\nBlink\n\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n",
			"\n00:00:00.500 --> 00:00:00.500\nBlink\n" + two,
		},
		"s14 no empty line after the header": {
			"WEBVTT\n00:00:00.500 --> 00:00:01.500\nstraight after\n\n00:00:02.000 --> 00:00:03.000\nTwo\n",
			"\n00:00:00.500 --> 00:00:01.500\nstraight after\n" + two,
		},
		"s19 words between brackets": {
			"1\n00:00:00,500 --> 00:00:01,500\nI <3 you > me and a < b\n\n2\n00:00:02,000 --> " +
				"00:00:03,000\n<I>Caps</I>\n",
			"\n00:00:00.500 --> 00:00:01.500\nI &lt;3 you &gt; me and a &lt; b\n\n00:00:02.000 --> " +
				"00:00:03.000\n<i>Caps</i>\n",
		},
		"times as ffmpeg reads them, an arrow in words, a year at the end": {
			"1\n0:0:0,5-->00:00:01,500 X1:10 X2:20\na --> b\n2024\n\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n",
			"\n00:00:00.005 --> 00:00:01.500\na --&gt; b\n2024\n" + two,
		},
		"other marks of styles": {
			"1\n00:00:00,500 --> 00:00:01,500\n{\\i1}{Y:i}x{y}<br/><s>z</s> {\\an4}<font " +
				"color=\"#fff\">q</font>\n\n00:00:02,000 --> 00:00:03,000\nTwo",
			"\n00:00:00.500 --> 00:00:01.500 line:50% align:left\nx{y}\nz q\n" + two,
		},
		"tags and unknown words of WebVTT": {
			"WEBVTT\n\n1\n00:00.500 --> 00:01.500\n<v.loud Ann><i.x>Hi</i> <00:00:01.000><you> " +
				"<ruby>a<rt>b</rt></ruby>\n \n\n00:02.000 --> 00:03.000\nTwo\n",
			"\n00:00:00.500 --> 00:00:01.500\n<i>Hi</i> &lt;you&gt; ab\n" + two,
		},
		"UTF-16": {utf16LE("1\r\n00:00:02,000 --> 00:00:03,000\r\nTwo\r\n"), two},
	} {
		cues, err := media.ParseCaptions([]byte(c.in))
		if got := string(media.WebVTT(cues)); err != nil || got != "WEBVTT\n"+c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, c.want)
		}
	}
}

func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestParseCaptions_names_the_line(t *testing.T) {
	t.Parallel()
	first := "1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n"
	for in, field := range map[string][2]string{
		first + "00:00:0l,000 --> 00:00:03,000\nTwo\n":               {"file.6", "captions_time"},
		first + "00:00:02,000 --> 00:00:03\nTwo\n":                   {"file.6", "captions_time"},
		first + "00:00:02,000 --> 00:00:03,000 words beside\n":       {"file.6", "captions_time"},
		first + "00:00:04,000 --> 00:00:03,000\nTwo\n":               {"file.6", "captions_backwards"},
		first + "00:00:02,000 --> 00:00:03,000\n" + long + "\n":      {"file.6", "captions_long"},
		"A lecture\n\n" + first:                                      {"file.1", "captions_stray"},
		"WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n\nlost\n":           {"file.6", "captions_stray"},
		"WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n\n00:03 --> 00:04":  {"file.6", "captions_time"},
		"WEBVTT\n\n00:01.000 --> 00:02.000\nOne\nthen --> there\n":   {"file.5", "captions_time"},
		strings.Repeat("00:00:01,000 --> 00:00:02,000\nx\n", 20_001): {"file.40001", "captions_cues"},
	} {
		_, err := media.ParseCaptions([]byte(in))
		want := map[string]string{"file": "captions_cue", field[0]: field[1]}
		if !errors.Is(err, media.ErrBadCaptions) {
			t.Errorf("%.90q: %v", in, err)
		}
		if diff := cmp.Diff(want, fault.From(err).Fields); diff != "" {
			t.Errorf("%.90q: fields (-want +got):\n%s", in, diff)
		}
	}
}

var long = strings.Repeat("x", 2001)

// Three hours in two languages.
func TestParseCaptions_lecture(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	cue := media.Cue{Text: "The harbour was quiet that morning, and nobody spoke.\n那天早晨港口很安静，没有人说话。"}
	for n := range 2600 {
		cue.From, cue.To = n*4000, n*4000+3500
		b.WriteString(strings.TrimPrefix(string(media.WebVTT([]media.Cue{cue})), "WEBVTT\n"))
	}
	if cues, err := media.ParseCaptions([]byte("WEBVTT\n" + b.String())); b.Len() < 280_000 || err != nil ||
		len(cues) != 2600 {
		t.Errorf("%d bytes: %d cues, %v", b.Len(), len(cues), err)
	}
}
