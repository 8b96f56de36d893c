package media

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseMaster reads a master playlist whose variants lie at "<lines>p/index.m3u8".
func ParseMaster(text []byte) (Master, error) {
	lines, err := playlistLines(text)
	if err != nil {
		return Master{}, err
	}
	var m Master
	var pending *Rendition
	grouped := 0 // renditions whose sound lies beside them
	for _, line := range lines {
		switch {
		case pending != nil:
			name, ok := strings.CutSuffix(line, "/index.m3u8")
			if !ok || !renditionName.MatchString(name) {
				return Master{}, fmt.Errorf("variant %.80q is not <lines>p/index.m3u8", line)
			}
			for _, r := range m.Renditions {
				if r.Name == name {
					return Master{}, fmt.Errorf("rendition %s is listed twice", name)
				}
			}
			pending.Name = name
			m.Renditions = append(m.Renditions, *pending)
			pending = nil
		case strings.HasPrefix(line, "#EXT-X-STREAM-INF:"):
			beside := false
			if pending, beside, err = parseStreamInf(strings.TrimPrefix(line, "#EXT-X-STREAM-INF:")); err != nil {
				return Master{}, err
			}
			if beside {
				grouped++
			}
		case strings.HasPrefix(line, "#EXT-X-MEDIA:"):
			s, err := parseSound(strings.TrimPrefix(line, "#EXT-X-MEDIA:"), len(m.Sounds))
			if err != nil {
				return Master{}, err
			}
			m.Sounds = append(m.Sounds, s)
		case strings.HasPrefix(line, "#EXT-X-VERSION:"), line == "#EXT-X-INDEPENDENT-SEGMENTS":
		default:
			return Master{}, fmt.Errorf("unexpected line %.80q in a master playlist", line)
		}
	}
	if pending != nil || len(m.Renditions) == 0 || len(m.Renditions) > maxRenditions {
		return Master{}, errors.New("a master playlist has 1 to 16 variants, each with its address")
	}
	if len(m.Sounds) > mostSounds || len(m.Sounds) == 1 || grouped != 0 && grouped != len(m.Renditions) ||
		(grouped > 0) != (len(m.Sounds) > 0) {
		return Master{}, fmt.Errorf("%d of %d variants hear one of %d sounds", grouped, len(m.Renditions),
			len(m.Sounds))
	}
	return m, nil
}

// attributes reads an attribute list, RFC 8216 section 4.2, in its order.
func attributes(s string, each func(name, value, written string) error) error {
	for rest := s; rest != ""; {
		m := attribute.FindStringSubmatch(rest)
		if m == nil || len(m[0]) == len(rest) && strings.HasSuffix(rest, ",") {
			return fmt.Errorf("attribute list %.200q", s)
		}
		rest = rest[len(m[0]):]
		if err := each(m[1], m[2], strings.TrimSuffix(m[0], ",")); err != nil {
			return fmt.Errorf("attribute list %.200q: %w", s, err)
		}
	}
	return nil
}

// parseStreamInf also says whether the variant's sound lies beside it.
func parseStreamInf(s string) (r *Rendition, beside bool, err error) {
	r = &Rendition{}
	var kept []string
	err = attributes(s, func(name, value, written string) (err error) {
		switch name {
		case "BANDWIDTH":
			r.Bandwidth, err = parseCount(value)
		case "RESOLUTION":
			w, h, _ := strings.Cut(value, "x")
			if r.Width, err = parseCount(w); err == nil {
				r.Height, err = parseCount(h)
			}
		case "AUDIO": // there is one group, which is named anew
			beside = true
			return nil
		case "AVERAGE-BANDWIDTH", "CODECS", "FRAME-RATE":
		default: // among them SUBTITLES, which names playlists that we would not rewrite
			err = fmt.Errorf("attribute %s is not supported", name)
		}
		kept = append(kept, written)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if r.Bandwidth == 0 || r.Width == 0 || r.Height == 0 {
		return nil, false, fmt.Errorf("variant %.200q lacks BANDWIDTH or RESOLUTION", s)
	}
	r.attributes = strings.Join(kept, ",")
	return r, beside, nil
}

// parseSound reads the sound of that number, counted from 0, which lies at "sound-<number from 1>/index.m3u8".
func parseSound(line string, number int) (Sound, error) {
	s := Sound{Name: soundName(number)}
	kind, uri := "", ""
	err := attributes(line, func(name, value, _ string) error {
		text := strings.Trim(value, `"`)
		switch name {
		case "TYPE":
			kind = text
		case "URI":
			uri = text
		case "NAME":
			s.Label = text
		case "LANGUAGE":
			s.Language = text
		case "DEFAULT":
			s.Default = text == "YES"
		case "CHARACTERISTICS":
			for purpose, mark := range soundMarks() {
				if text == mark {
					s.Purpose = purpose
				}
			}
		case "GROUP-ID", "AUTOSELECT", "CHANNELS":
		default:
			return fmt.Errorf("attribute %s is not supported", name)
		}
		return nil
	})
	switch {
	case err != nil:
		return Sound{}, err
	case kind != "AUDIO" || uri != s.Name+"/index.m3u8" || s.Label == "":
		return Sound{}, fmt.Errorf("%.200q is not the sound %s", line, s.Name)
	case s.Language != "" && !languageTag.MatchString(s.Language):
		return Sound{}, fmt.Errorf("language %.80q", s.Language)
	}
	return s, nil
}

// soundMarks are the characteristics that purposes go by, RFC 8216 section 4.3.4.1. There is none for commentary, so it
// has one of ours.
func soundMarks() map[SoundPurpose]string {
	return map[SoundPurpose]string{
		SoundDescribes:  "public.accessibility.describes-video",
		SoundCommentary: "videomall.commentary",
	}
}

// ParsePlaylist reads a rendition's playlist, clear or packaged by us.
func ParsePlaylist(text []byte) (Playlist, error) {
	lines, err := playlistLines(text)
	if err != nil {
		return Playlist{}, err
	}
	var p Playlist
	key, duration, ended := -1, -1.0, false
	for _, line := range lines {
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case ended:
			err = errors.New("lines after #EXT-X-ENDLIST")
		case line[0] != '#':
			if duration < 0 || p.Init == "" || !segmentName.MatchString(line) || len(p.Segments) == maxSegments {
				err = fmt.Errorf("segment %.80q", line)
				break
			}
			p.Segments = append(p.Segments, Segment{
				Duration: duration,
				File:     line,
				Key:      key,
			})
			duration = -1
		case duration >= 0:
			err = fmt.Errorf("%.80q between #EXTINF and its segment", line)
		case tag == "#EXTINF":
			seconds, ok := strings.CutSuffix(value, ",")
			duration, err = strconv.ParseFloat(seconds, 64)
			// Not only NaN and infinities: nothing but digits and a point, so that we write back what we read.
			if !ok || err != nil || !(duration >= 0 && duration <= 3600) || strings.Trim(seconds, "0123456789.") != "" {
				err = fmt.Errorf("duration %.40q", value)
			}
		case tag == "#EXT-X-MAP":
			uri, ok := quotedURI(value)
			if !ok || p.Init != "" || key >= 0 || len(p.Segments) > 0 || !segmentName.MatchString(uri) {
				err = fmt.Errorf("map %.80q: one is needed, before keys and segments", value)
				break
			}
			p.Init = uri
		case tag == "#EXT-X-KEY":
			uri, ok := quotedURI(strings.TrimPrefix(value, "METHOD=AES-128,"))
			number, isOurs := strings.CutPrefix(uri, keyScheme)
			n, nerr := parseCount(number)
			if !ok || !isOurs || nerr != nil || n != key+1 || !strings.HasPrefix(value, "METHOD=AES-128,") {
				err = fmt.Errorf("key %.80q is not number %d of ours", value, key+1)
				break
			}
			key = n
		case tag == "#EXT-X-MEDIA-SEQUENCE" && value == "0", line == "#EXT-X-PLAYLIST-TYPE:VOD",
			line == "#EXT-X-INDEPENDENT-SEGMENTS", tag == "#EXT-X-VERSION", tag == "#EXT-X-TARGETDURATION":
		case line == "#EXT-X-ENDLIST":
			ended = true
		default:
			err = fmt.Errorf("unexpected line %.80q in a playlist", line)
		}
		if err != nil {
			return Playlist{}, err
		}
	}
	if !ended || len(p.Segments) == 0 {
		return Playlist{}, errors.New("a playlist needs segments and an end")
	}
	return p, nil
}

// keyScheme names a key in a packaged playlist; whoever serves it puts a real address in its place.
const keyScheme = "key:"

func quotedURI(attribute string) (string, bool) {
	s, ok := strings.CutPrefix(attribute, `URI="`)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, `"`)
}

// parseCount reads a positive-looking decimal of ours: digits only, no sign, no leading zero but 0 itself.
func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("number %.40q", s)
	}
	return n, nil
}

func playlistLines(text []byte) ([]string, error) {
	if len(text) > maxPlaylist {
		return nil, fmt.Errorf("a playlist of %d bytes", len(text))
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 || lines[0] != "#EXTM3U" {
		return nil, errors.New("a playlist begins with #EXTM3U")
	}
	return lines[1:], nil
}
