package media

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// stream is what ffprobe says of one.
type stream struct {
	Index       int
	CodecType   string `json:"codec_type"`
	CodecName   string `json:"codec_name"`
	CodecTag    string `json:"codec_tag_string"`
	Width       int
	Height      int
	Aspect      string `json:"sample_aspect_ratio"`
	Rate        string `json:"r_frame_rate"`
	FieldOrder  string `json:"field_order"`
	PixelFormat string `json:"pix_fmt"`
	Matrix      string `json:"color_space"`
	Transfer    string `json:"color_transfer"`
	Primaries   string `json:"color_primaries"`
	Channels    int
	Disposition struct {
		Default   int
		Comment   int
		Described int `json:"visual_impaired"`
		Cover     int `json:"attached_pic"`
	}
	Tags struct {
		Rotate   string
		Language string
		Title    string
	}
	SideData []sideData `json:"side_data_list"`
}

// sideData is what a stream says of itself beside its pictures.
type sideData struct {
	Rotation    int
	DolbyVision int  `json:"dv_profile"`
	Compatible  *int `json:"dv_bl_signal_compatibility_id"` // nil where it is not Dolby Vision
}

type probed struct {
	Streams []stream
	Packets []struct {
		SideData []struct {
			Type string `json:"side_data_type"`
		} `json:"side_data_list"`
	}
	tooLarge bool // a picture was larger than the tools were allowed to read; nothing is then known of it
}

// asked is what ffprobe is to tell: numbers and names of its own, and no text that a stranger chose but for a track's
// language and title.
const asked = "stream=index,codec_type,codec_name,codec_tag_string,width,height,sample_aspect_ratio,r_frame_rate,field_order,pix_fmt," +
	"color_space,color_transfer,color_primaries,channels:stream_disposition=default,comment,visual_impaired,attached_pic:stream_tags=rotate,language,title:" +
	"stream_side_data=rotation,dv_profile,dv_bl_signal_compatibility_id:packet_side_data=side_data_type"

// source chooses the streams that the video is made of, and returns the one of the picture too. The others, and sounds
// beside the default one, never refuse the video.
func (p probed) source(l Limits) (s Source, shown stream, err error) {
	if err := p.encrypted(); err != nil {
		return s, shown, err
	}
	if shown, err = p.picture(l); err != nil {
		return s, shown, err
	}
	if s.sounds, err = p.sounds(); err != nil {
		return s, shown, err
	}
	s.picture = newPicture(shown)
	s.Width, s.Height = shown.upright()
	return s, shown, nil
}

func (p probed) encrypted() error {
	for _, first := range p.Packets {
		for _, d := range first.SideData {
			if strings.HasPrefix(d.Type, "Encryption") {
				return ErrEncrypted.Because("%s", d.Type)
			}
		}
	}
	for _, t := range p.Streams {
		if slices.Contains([]string{"encv", "enca", "drmi", "drms"}, t.CodecTag) {
			return ErrEncrypted.Because("stream %d is %s", t.Index, t.CodecTag)
		}
	}
	return nil
}

// picture is the first moving picture in a codec that the mall takes.
func (p probed) picture(l Limits) (stream, error) {
	var moving []stream
	for _, t := range p.Streams {
		if t.CodecType == "video" && t.Disposition.Cover == 0 {
			moving = append(moving, t)
		}
	}
	if len(moving) == 0 {
		return stream{}, ErrNoPicture.Because("%d streams", len(p.Streams))
	}
	i := slices.IndexFunc(moving, func(t stream) bool { return taken(pictureCodecs(), t.CodecName) })
	if i < 0 {
		return stream{}, ErrCodecUnknown.Because("picture in %.40q", moving[0].CodecName)
	}
	t := moving[i]
	switch {
	case (t.Width <= 0 || t.Height <= 0) && p.tooLarge, t.Width*t.Height > l.Pixels:
		return stream{}, ErrTooLarge.Because("%d × %d", t.Width, t.Height)
	case t.Width <= 0 || t.Height <= 0:
		return stream{}, ErrBroken.Because("a picture of %d × %d", t.Width, t.Height)
	}
	// the seventh does not say with what its base is compatible
	if d := t.dolbyVision(); d != nil && d.DolbyVision != 7 && *d.Compatible == 0 {
		return stream{}, ErrDolbyVision.Because("profile %d", d.DolbyVision)
	}
	return t, nil
}

// sounds are the tracks that a viewer hears: first the one that a player would choose, which is the first that its
// creator marked as the default, and no commentary or description where there is another; after it those of the others
// that a viewer could tell from it, by their language or by what they are for. None where the video is silent. A video
// whose sound can't be decoded is refused rather than made silent.
func (p probed) sounds() ([]sound, error) {
	var all, tracks []stream // tracks are those of all that can be decoded
	unknown := ""
	for _, t := range p.Streams {
		if t.CodecType != "audio" {
			continue
		}
		all = append(all, t)
		if taken(soundCodecs(), t.CodecName) {
			tracks = append(tracks, t)
		} else {
			unknown = cmp.Or(t.CodecName, "a codec without a name")
		}
	}
	switch {
	case len(tracks) > 0:
	case unknown != "":
		return nil, ErrSoundUnknown.Because("sound in %.40q", unknown)
	default:
		return nil, nil
	}
	chosen := slices.MinFunc(tracks, func(a, b stream) int { return a.rank() - b.rank() }) // the first of equals
	list := []sound{chosen.sound()}
	list[0].choice = choice(chosen, all, tracks[0])
	for _, t := range tracks {
		if t.Index != chosen.Index && len(list) < mostSounds && t.differs(list) {
			list = append(list, t.sound())
		}
	}
	return list, nil
}

// rank is lower for a track that a player would rather choose: 0 for a default track of the video's own sound.
func (t stream) rank() int {
	r := 1 - t.Disposition.Default
	if t.aside() {
		r += 2
	}
	return r
}

// choice says which of all tracks was chosen, and why. first is the first of them that can be decoded.
func choice(chosen stream, all []stream, first stream) SoundChoice {
	c := SoundChoice{
		Track:    slices.IndexFunc(all, func(t stream) bool { return t.Index == chosen.Index }) + 1,
		Of:       len(all),
		Language: chosen.language(),
		Channels: chosen.Channels,
		Why:      SoundDefault,
	}
	switch {
	case c.Of == 1:
		c.Why = SoundOnly
	case c.Track == 1:
		c.Why = SoundFirst
	case chosen.Index == first.Index:
		c.Why = SoundKnown
	case first.aside() && !chosen.aside():
		c.Why = SoundMain
	}
	return c
}

// aside is true of what is no video's own sound: commentary, or a description of what is seen.
func (t stream) aside() bool { return t.Disposition.Comment != 0 || t.Disposition.Described != 0 }

// differs is true where a viewer would know why the track is there beside those. Tracks without a language are most
// often the microphones of one recording, and a second one in the same language is the same sound in another form.
func (t stream) differs(from []sound) bool {
	s := t.sound()
	if standardTag(s.language) == "" && s.purpose == SoundOfTheVideo {
		return false
	}
	return !slices.ContainsFunc(from, func(o sound) bool {
		same := standardTag(o.language) == standardTag(s.language) && o.purpose == s.purpose
		return same && (o.title == s.title || s.purpose == SoundOfTheVideo)
	})
}

func (t stream) sound() sound {
	s := sound{
		index:    t.Index,
		language: t.language(),
		title:    t.title(),
	}
	switch {
	case t.Disposition.Described != 0:
		s.purpose = SoundDescribes
	case t.Disposition.Comment != 0:
		s.purpose = SoundCommentary
	}
	return s
}

// maxTrackTitle is in characters: a line of the player's menu.
const maxTrackTitle = 60

// title is what the track's creator called it, in one line, without what a playlist can't hold.
func (t stream) title() string {
	title := strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r), r == utf8.RuneError:
			return -1
		}
		return r
	}, t.Tags.Title)
	title = strings.Join(strings.Fields(title), " ")
	if runes := []rune(title); len(runes) > maxTrackTitle {
		title = strings.TrimSpace(string(runes[:maxTrackTitle]))
	}
	return title
}

// dolbyVision is what the stream says of itself if it is Dolby Vision, else nil.
func (t stream) dolbyVision() *sideData {
	for i, d := range t.SideData {
		if d.Compatible != nil {
			return &t.SideData[i]
		}
	}
	return nil
}

// upright is the size at which the picture is to be shown: turned as its creator said, with square pixels.
func (t stream) upright() (width, height int) {
	width, height = t.Width, t.Height
	if x, y, ok := ratio(t.Aspect); ok && x/y > 0.1 && x/y < 10 {
		width = max(2, int(float64(width)*x/y+0.5))
	}
	if t.rotation()%180 != 0 {
		width, height = height, width
	}
	return width, height
}

// rotation is in degrees to the left.
func (t stream) rotation() int {
	rotation, _ := strconv.Atoi(t.Tags.Rotate)
	rotation = -rotation // the tag's degrees are to the right
	for _, d := range t.SideData {
		rotation = cmp.Or(d.Rotation, rotation)
	}
	return rotation
}
