package media

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// The playlists of a film, RFC 8216, in the narrow form that our packager writes: one variant stream a
// rendition, audio inside, on demand, starting at media sequence 0. Anything else is refused rather than
// guessed at: these texts decide which files are read and what a player is told to fetch.

// Limits that no film of ours comes near.
const (
	maxPlaylist   = 4 << 20
	maxSegments   = 50_000
	maxRenditions = 16
)

var (
	renditionName = regexp.MustCompile(`^[1-9][0-9]{1,3}p$`)
	segmentName   = regexp.MustCompile(`^[a-z0-9_]{1,60}\.(m4s|mp4)$`)
	attribute     = regexp.MustCompile(`^([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)`)
)

// Rendition is one size of a film's picture.
type Rendition struct {
	// Name is the folder and the height in lines: "360p".
	Name   string `json:"name"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	// Bandwidth is the peak in bits a second.
	Bandwidth int `json:"bandwidth"`
	// attributes is the rest of its line in the master playlist, as it was written.
	attributes string
}

// Lines is the height that the name gives; qualities are told apart by it.
func (r Rendition) Lines() int {
	n, _ := strconv.Atoi(strings.TrimSuffix(r.Name, "p"))
	return n
}

// Master lists a film's renditions.
type Master struct{ Renditions []Rendition }

// Segment is a few seconds of one rendition.
type Segment struct {
	// Duration is in seconds.
	Duration float64
	File     string
	// Key is the number of the key that the segment is encrypted with; negative in a clear playlist.
	Key int
}

// Playlist is one rendition's list of segments.
type Playlist struct {
	// Init is the file that a player needs before any segment. It is never encrypted.
	Init     string
	Segments []Segment
}

// Duration is the sum of all segments in seconds.
func (p Playlist) Duration() float64 {
	var d float64
	for _, s := range p.Segments {
		d += s.Duration
	}
	return d
}

// Until is the playlist up to the first border of segments that lies at the moment, in seconds, or after it.
func (p Playlist) Until(seconds float64) Playlist {
	begins := 0.0
	for i, s := range p.Segments {
		if begins >= seconds {
			p.Segments = p.Segments[:i:i]
			break
		}
		begins += s.Duration
	}
	return p
}

// ParseMaster reads a master playlist whose variants lie at "<lines>p/index.m3u8".
func ParseMaster(text []byte) (Master, error) {
	lines, err := playlistLines(text)
	if err != nil {
		return Master{}, err
	}
	var m Master
	var pending *Rendition
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
			if pending, err = parseStreamInf(strings.TrimPrefix(line, "#EXT-X-STREAM-INF:")); err != nil {
				return Master{}, err
			}
		case strings.HasPrefix(line, "#EXT-X-VERSION:"), line == "#EXT-X-INDEPENDENT-SEGMENTS":
		default:
			return Master{}, fmt.Errorf("unexpected line %.80q in a master playlist", line)
		}
	}
	if pending != nil || len(m.Renditions) == 0 || len(m.Renditions) > maxRenditions {
		return Master{}, errors.New("a master playlist has 1 to 16 variants, each with its address")
	}
	return m, nil
}

func parseStreamInf(s string) (*Rendition, error) {
	r := &Rendition{attributes: s}
	for rest := s; rest != ""; {
		m := attribute.FindStringSubmatch(rest)
		if m == nil || len(m[0]) == len(rest) && strings.HasSuffix(rest, ",") {
			return nil, fmt.Errorf("attribute list %.200q", s)
		}
		rest = rest[len(m[0]):]
		var err error
		switch value := m[2]; m[1] {
		case "BANDWIDTH":
			r.Bandwidth, err = parseCount(value)
		case "RESOLUTION":
			w, h, _ := strings.Cut(value, "x")
			if r.Width, err = parseCount(w); err == nil {
				r.Height, err = parseCount(h)
			}
		case "AVERAGE-BANDWIDTH", "CODECS", "FRAME-RATE":
		default: // among them AUDIO and SUBTITLES, which name playlists that we would not rewrite
			err = fmt.Errorf("attribute %s is not supported", m[1])
		}
		if err != nil {
			return nil, fmt.Errorf("variant %.200q: %w", s, err)
		}
	}
	if r.Bandwidth == 0 || r.Width == 0 || r.Height == 0 {
		return nil, fmt.Errorf("variant %.200q lacks BANDWIDTH or RESOLUTION", s)
	}
	return r, nil
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
			p.Segments = append(p.Segments, Segment{Duration: duration, File: line, Key: key})
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

// Bytes writes the renditions for which keep is true, in their order, at addresses relative to the
// master playlist's own.
func (m Master) Bytes(keep func(Rendition) bool) []byte {
	var b bytes.Buffer
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	for _, r := range m.Renditions {
		if keep(r) {
			fmt.Fprintf(&b, "#EXT-X-STREAM-INF:%s\n%s/index.m3u8\n", r.attributes, r.Name)
		}
	}
	return b.Bytes()
}

// Bytes writes the playlist with base before each file's name and keyURI in place of each key's number.
// EXT-X-MAP comes before the first key, so that the init file stays clear; a key has no IV attribute, so
// that the IV is the segment's media sequence number.
func (p Playlist) Bytes(base string, keyURI func(number int) string) []byte {
	var b bytes.Buffer
	target := 1.0
	for _, s := range p.Segments {
		target = max(target, math.Round(s.Duration))
	}
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:0\n"+
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"%s%s\"\n", int(target), base, p.Init)
	key := -1
	for _, s := range p.Segments {
		if s.Key != key {
			key = s.Key
			fmt.Fprintf(&b, "#EXT-X-KEY:METHOD=AES-128,URI=\"%s\"\n", keyURI(key))
		}
		fmt.Fprintf(&b, "#EXTINF:%.6f,\n%s%s\n", s.Duration, base, s.File)
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.Bytes()
}
