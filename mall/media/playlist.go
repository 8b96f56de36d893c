package media

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The playlists of a video, RFC 8216, in the narrow form that our packager writes: one variant stream a rendition, a
// single sound inside or several in a group of their own, on demand, starting at media sequence 0. Anything else is
// refused rather than guessed at: these texts decide which files are read and what a player is told to fetch.

// Limits that no video of ours comes near.
const (
	maxPlaylist   = 4 << 20
	maxSegments   = 50_000
	maxRenditions = 16
)

var (
	renditionName = regexp.MustCompile(`^[1-9][0-9]{1,3}p$`)
	soundFolder   = regexp.MustCompile(`^sound-[1-9]$`)
	segmentName   = regexp.MustCompile(`^[a-z0-9_]{1,60}\.(m4s|mp4)$`)
	attribute     = regexp.MustCompile(`^([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)`)
)

// Rendition is one size of a video's picture.
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

// Lines is the height that the name gives; qualities are told apart by it. A sound's folder has none, and belongs to
// every quality.
func (r Rendition) Lines() int {
	n, _ := strconv.Atoi(strings.TrimSuffix(r.Name, "p"))
	return n
}

// Master lists a video's renditions, and its sounds where a viewer chooses between several.
type Master struct {
	Renditions []Rendition
	Sounds     []Sound
}

// Smallest is the rendition of the fewest lines: of thumbnails, of the trailer, and of what is free of a video.
func (m Master) Smallest() Rendition {
	return slices.MinFunc(m.Renditions, func(a, b Rendition) int { return a.Lines() - b.Lines() })
}

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

// renamed has a prefix before each file's name.
func (p Playlist) renamed(prefix string) Playlist {
	r := Playlist{Init: prefix + p.Init, Segments: slices.Clone(p.Segments)}
	for i := range r.Segments {
		r.Segments[i].File = prefix + r.Segments[i].File
	}
	return r
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

// Bytes writes the renditions for which keep is true, in their order, at addresses relative to the
// master playlist's own.
func (m Master) Bytes(keep func(Rendition) bool) []byte {
	m.Renditions = slices.DeleteFunc(slices.Clone(m.Renditions), func(r Rendition) bool { return !keep(r) })
	return m.at(func(folder string) string { return folder + "/index.m3u8" })
}

// at writes all of it, with the address of what lies in each folder.
func (m Master) at(address func(folder string) string) []byte {
	var b bytes.Buffer
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	group := ""
	for _, s := range m.Sounds {
		group = `,AUDIO="` + soundGroup + `"`
		s.write(&b, address(s.Name))
	}
	for _, r := range m.Renditions {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:%s%s\n%s\n", r.hearing(group), group, address(r.Name))
	}
	return b.Bytes()
}

// hearing is a variant's attributes with the codec of the sound beside it, which some versions of ffmpeg leave out.
func (r Rendition) hearing(group string) string {
	if group == "" || strings.Contains(r.attributes, "mp4a") {
		return r.attributes
	}
	return codecsOf.ReplaceAllString(r.attributes, `CODECS="$1,mp4a.40.2"`)
}

var codecsOf = regexp.MustCompile(`CODECS="([^"]*)"`)

// write adds the sound's line of a master playlist.
func (s Sound) write(b *bytes.Buffer, address string) {
	yes := map[bool]string{true: "YES", false: "NO"}
	fmt.Fprintf(b, `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="%s",NAME="%s",DEFAULT=%s,AUTOSELECT=%s`, soundGroup, s.Label,
		yes[s.Default], yes[s.Default])
	if s.Language != "" {
		fmt.Fprintf(b, `,LANGUAGE="%s"`, s.Language)
	}
	if mark := soundMarks()[s.Purpose]; mark != "" {
		fmt.Fprintf(b, `,CHARACTERISTICS="%s"`, mark)
	}
	fmt.Fprintf(b, ",CHANNELS=\"2\",URI=\"%s\"\n", address)
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
