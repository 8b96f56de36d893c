package media

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Conversion is what was done to a file to make a video of it, for its creator to read. Rate is empty where nothing was
// noted.
type Conversion struct {
	Rate       string         `json:"rate,omitempty"`       // frames a second of the video: "30", "29.97"
	SourceRate string         `json:"sourceRate,omitempty"` // of the file, on average; empty where it holds one picture
	UnevenRate bool           `json:"unevenRate,omitempty"` // the file's rate changes
	Turned     int            `json:"turned,omitempty"`     // degrees to the right: 90, 180 or 270
	Interlaced bool           `json:"interlaced,omitempty"`
	Colours    ColourChange   `json:"colours,omitempty"`
	Held       int            `json:"held,omitempty"`     // seconds for which the last picture is held
	Silent     int            `json:"silent,omitempty"`   // seconds of silence after the sound's end
	Sound      *SoundChoice   `json:"sound,omitempty"`    // nil where the video is silent
	Offered    []Sound        `json:"offered,omitempty"`  // where a viewer chooses between several
	Loudness   *Loudness      `json:"loudness,omitempty"` // of the track that is heard
	LeftOut    map[string]int `json:"leftOut,omitempty"`  // how many streams of a kind: LeftOut…
}

// ColourChange is how a video's colours came to be those of BT.709.
type ColourChange string

// The changes of colours.
const (
	ColoursKept         ColourChange = "kept"
	ColoursHLG          ColourChange = "hlg"
	ColoursPQ           ColourChange = "pq"
	ColoursDolbyVision  ColourChange = "dolby_vision"
	ColoursWide         ColourChange = "wide" // no HDR, but more colourful than BT.709
	ColoursRGB          ColourChange = "rgb"
	ColoursOld          ColourChange = "old"         // BT.601 and its like
	ColoursAssumed      ColourChange = "assumed"     // the file said nothing: BT.709
	ColoursAssumedSmall ColourChange = "assumed_old" // the file said nothing: BT.601, for it is small
)

// SoundChoice is the track that is heard, and why that one.
type SoundChoice struct {
	Track    int      `json:"track"` // from 1
	Of       int      `json:"of"`
	Language string   `json:"language,omitempty"` // as the file says it, "eng" or "pt-BR"
	Channels int      `json:"channels"`
	Why      SoundWhy `json:"why"`
}

// SoundWhy is why a track was chosen.
type SoundWhy string

// The reasons.
const (
	SoundOnly    SoundWhy = "only"
	SoundFirst   SoundWhy = "first"
	SoundDefault SoundWhy = "default"  // the file marks it so
	SoundMain    SoundWhy = "main"     // those before it are commentary
	SoundKnown   SoundWhy = "readable" // those before it can't be decoded
)

// The kinds of streams that are left out.
const (
	LeftOutCover    = "cover"
	LeftOutPicture  = "picture"
	LeftOutSound    = "sound"
	LeftOutSubtitle = "subtitle"
	LeftOutOther    = "other"
)

// conversion is what is known before the video is made.
func (p probed) conversion(shown stream, s Source, t *timeline) Conversion {
	c := Conversion{
		Rate:       rateText(s.rate.fps),
		SourceRate: rateText(t.rate.said(s.picture.guessedRate)),
		UnevenRate: t.rate.uneven(),
		Turned:     (360 - shown.rotation()%360) % 360, // to the right
		Interlaced: s.picture.interlaced,
		Colours:    s.picture.colours.change(shown),
		LeftOut:    p.leftOut(s),
	}
	if len(s.sounds) == 0 {
		return c
	}
	c.Sound = &s.sounds[0].choice
	if longer := int(math.Round(t.ends[1] - t.ends[0])); longer > 0 {
		c.Held = longer
	} else {
		c.Silent = -longer
	}
	return c
}

func (c colours) change(t stream) ColourChange {
	switch {
	case c.transfer != "" && t.dolbyVision() != nil:
		return ColoursDolbyVision
	case c.transfer == "arib-std-b67":
		return ColoursHLG
	case c.transfer != "":
		return ColoursPQ
	case c.primaries != "", c.matrix == "bt2020":
		return ColoursWide
	case c.rgb:
		return ColoursRGB
	case c.assumed && c.matrix == "bt709":
		return ColoursAssumed
	case c.assumed:
		return ColoursAssumedSmall
	case c.matrix != "bt709":
		return ColoursOld
	}
	return ColoursKept
}

func (p probed) leftOut(s Source) map[string]int {
	left := map[string]int{}
	for _, t := range p.Streams {
		switch {
		case t.Index == s.picture.index, slices.ContainsFunc(s.sounds, func(o sound) bool {
			return o.index == t.Index
		}):
		case t.CodecType == "video" && t.Disposition.Cover != 0:
			left[LeftOutCover]++
		case t.CodecType == "video":
			left[LeftOutPicture]++
		case t.CodecType == "audio":
			left[LeftOutSound]++
		case t.CodecType == "subtitle":
			left[LeftOutSubtitle]++
		default:
			left[LeftOutOther]++
		}
	}
	return left
}

// rateText writes frames a second with at most two decimals, and nothing of none.
func rateText(fps float64) string {
	if fps == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(fps, 'f', 2, 64), "0"), ".")
}

// languageTag is what a file may call a track's language; files hold anything.
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

func (t stream) language() string {
	if l := t.Tags.Language; languageTag.MatchString(l) && l != "und" {
		return l
	}
	return ""
}
