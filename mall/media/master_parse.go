package media

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// ParseMaster reads a master playlist whose variants lie at "<lines>p/index.m3u8".
func ParseMaster(text []byte) (Master, error) {
	lines, err := playlistLines(text)
	if err != nil {
		return Master{}, err
	}
	var r masterReader
	for _, line := range lines {
		if err := r.read(line); err != nil {
			return Master{}, err
		}
	}
	return r.end()
}

// masterReader reads a master playlist line by line.
type masterReader struct {
	master  Master
	pending *Rendition // the variant whose address the next line must be
	grouped int        // renditions whose sound lies beside them
}

func (r *masterReader) read(line string) error {
	if r.pending != nil {
		return r.readAddress(line)
	}
	if list, ok := strings.CutPrefix(line, "#EXT-X-STREAM-INF:"); ok {
		return r.readVariant(list)
	}
	if list, ok := strings.CutPrefix(line, "#EXT-X-MEDIA:"); ok {
		s, err := parseSound(list, len(r.master.Sounds))
		r.master.Sounds = append(r.master.Sounds, s)
		return err
	}
	if strings.HasPrefix(line, "#EXT-X-VERSION:") || line == "#EXT-X-INDEPENDENT-SEGMENTS" {
		return nil
	}
	return fmt.Errorf("unexpected line %.80q in a master playlist", line)
}

func (r *masterReader) readVariant(list string) error {
	rendition, beside, err := parseStreamInf(list)
	if err != nil {
		return err
	}
	r.pending = rendition
	if beside {
		r.grouped++
	}
	return nil
}

// readAddress reads the address of the variant whose attributes were the line before.
func (r *masterReader) readAddress(line string) error {
	name, ok := strings.CutSuffix(line, "/index.m3u8")
	if !ok || !renditionName.MatchString(name) {
		return fmt.Errorf("variant %.80q is not <lines>p/index.m3u8", line)
	}
	for _, other := range r.master.Renditions {
		if other.Name == name {
			return fmt.Errorf("rendition %s is listed twice", name)
		}
	}
	r.pending.Name = name
	r.master.Renditions = append(r.master.Renditions, *r.pending)
	r.pending = nil
	return nil
}

// end checks what can only be known after the last line.
func (r *masterReader) end() (Master, error) {
	renditions, sounds := len(r.master.Renditions), len(r.master.Sounds)
	if r.pending != nil || renditions == 0 || renditions > maxRenditions {
		return Master{}, errors.New("a master playlist has 1 to 16 variants, each with its address")
	}
	inside := sounds == 0 && r.grouped == 0
	beside := sounds >= 2 && sounds <= mostSounds && r.grouped == renditions
	if !inside && !beside {
		return Master{}, fmt.Errorf("%d of %d variants hear one of %d sounds", r.grouped, renditions, sounds)
	}
	return r.master, nil
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

// parseStreamInf reads a variant's attributes and says whether its sound lies beside it.
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
		case "AUDIO": // there is one group, and Master.Bytes gives it a name of ours
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
			s.Purpose = cmp.Or(purposeOf(text), s.Purpose)
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

// soundMarks are the characteristics that stand for purposes, RFC 8216 section 4.3.4.1. It has none for commentary, so
// commentary has one of ours.
func soundMarks() map[SoundPurpose]string {
	return map[SoundPurpose]string{
		SoundDescribes:  "public.accessibility.describes-video",
		SoundCommentary: "videomall.commentary",
	}
}

// purposeOf is the purpose that a characteristic stands for; empty for one that we don't know.
func purposeOf(mark string) SoundPurpose {
	for purpose, known := range soundMarks() {
		if mark == known {
			return purpose
		}
	}
	return ""
}
