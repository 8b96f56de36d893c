package media

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParsePlaylist reads a rendition's playlist, clear or packaged by us.
func ParsePlaylist(text []byte) (Playlist, error) {
	lines, err := playlistLines(text)
	if err != nil {
		return Playlist{}, err
	}
	r := playlistReader{key: -1, duration: -1}
	for _, line := range lines {
		if err := r.read(line); err != nil {
			return Playlist{}, err
		}
	}
	if !r.ended || len(r.list.Segments) == 0 {
		return Playlist{}, errors.New("a playlist needs segments and an end")
	}
	return r.list, nil
}

// playlistReader reads a playlist line by line.
type playlistReader struct {
	list     Playlist
	key      int     // the number of the latest key; -1 before the first
	duration float64 // of the segment that the next line must name, in seconds; -1 where the next line names none
	ended    bool
}

func (r *playlistReader) read(line string) error {
	tag, value, _ := strings.Cut(line, ":")
	switch {
	case r.ended:
		return errors.New("lines after #EXT-X-ENDLIST")
	case line[0] != '#':
		return r.readSegment(line)
	case r.duration >= 0:
		return fmt.Errorf("%.80q between #EXTINF and its segment", line)
	case tag == "#EXTINF":
		return r.readDuration(value)
	case tag == "#EXT-X-MAP":
		return r.readMap(value)
	case tag == "#EXT-X-KEY":
		return r.readKey(value)
	case line == "#EXT-X-ENDLIST":
		r.ended = true
		return nil
	case impliedTag(tag, line):
		return nil
	}
	return fmt.Errorf("unexpected line %.80q in a playlist", line)
}

// impliedTag is true of the lines that are the same in every playlist of ours, or follow from the segments.
func impliedTag(tag, line string) bool {
	switch line {
	case "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS":
		return true
	}
	return tag == "#EXT-X-VERSION" || tag == "#EXT-X-TARGETDURATION"
}

// readSegment reads the file name of the segment whose #EXTINF was the line before.
func (r *playlistReader) readSegment(file string) error {
	if r.duration < 0 || r.list.Init == "" || !segmentName.MatchString(file) || len(r.list.Segments) == maxSegments {
		return fmt.Errorf("segment %.80q", file)
	}
	r.list.Segments = append(r.list.Segments, Segment{
		Duration: r.duration,
		File:     file,
		Key:      r.key,
	})
	r.duration = -1
	return nil
}

// readDuration reads the value of #EXTINF: seconds and a comma, without a title. It takes nothing but digits and a
// point, which leaves out infinities, NaN and exponents, so that we write back what we read.
func (r *playlistReader) readDuration(value string) error {
	seconds, ok := strings.CutSuffix(value, ",")
	duration, err := strconv.ParseFloat(seconds, 64)
	if !ok || err != nil || !(duration >= 0 && duration <= 3600) || strings.Trim(seconds, "0123456789.") != "" {
		return fmt.Errorf("duration %.40q", value)
	}
	r.duration = duration
	return nil
}

// readMap reads the init file. It comes before the first key, or it would be encrypted; segments need one before them.
func (r *playlistReader) readMap(value string) error {
	uri, ok := quotedURI(value)
	if !ok || r.list.Init != "" || r.key >= 0 || !segmentName.MatchString(uri) {
		return fmt.Errorf("map %.80q: one is needed, before keys and segments", value)
	}
	r.list.Init = uri
	return nil
}

// readKey reads the number of the key of the segments that follow. Keys are numbered from 0 without a gap.
func (r *playlistReader) readKey(value string) error {
	attributes, isAES := strings.CutPrefix(value, "METHOD=AES-128,")
	uri, ok := quotedURI(attributes)
	number, isOurs := strings.CutPrefix(uri, keyScheme)
	n, err := parseCount(number)
	if !isAES || !ok || !isOurs || err != nil || n != r.key+1 {
		return fmt.Errorf("key %.80q is not number %d of ours", value, r.key+1)
	}
	r.key = n
	return nil
}

// keyScheme names a key in a packaged playlist; whoever serves the playlist puts a real address in its place.
const keyScheme = "key:"

func quotedURI(attribute string) (string, bool) {
	s, ok := strings.CutPrefix(attribute, `URI="`)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, `"`)
}

// parseCount reads a decimal as we write it: digits only, no sign, and no leading zero but 0 itself.
func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("number %.40q", s)
	}
	return n, nil
}

// playlistLines are the lines of a playlist after its header, without empty ones.
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
