package media

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// mostSounds is how many sound tracks of one video a viewer may choose from. Each is measured and coded on its own.
const mostSounds = 8

// soundRate is in bits a second, of each of several sounds.
const soundRate = 128_000

// soundGroup names the sounds in a master playlist.
const soundGroup = "sound"

// Sound is one of the sound tracks that a viewer of a video may choose from. A video with a single one has it inside its
// renditions, and no Sound.
type Sound struct {
	// Name is the folder: "sound-1".
	Name string `json:"name"`
	// Label is what a viewer chooses it by: the language in its own words and what its creator called it, or else a
	// number. No two of a video are equal.
	Label string `json:"label"`
	// Language is a tag of BCP 47; empty where the file names none.
	Language string `json:"language,omitempty"`
	// Default is true of the one that is heard until a viewer chooses.
	Default bool         `json:"default,omitempty"`
	Purpose SoundPurpose `json:"purpose,omitempty"`
}

// SoundPurpose is what a sound is beside the video's own.
type SoundPurpose string

// The purposes.
const (
	SoundOfTheVideo SoundPurpose = ""
	SoundCommentary SoundPurpose = "commentary"
	SoundDescribes  SoundPurpose = "described" // tells what is seen, for those who see it badly
)

// sound is a track of a file that is made into a video's.
type sound struct {
	index    int
	gain     float64 // decibels
	language string  // as the file says it
	title    string  // as its creator called it, made readable
	purpose  SoundPurpose
	choice   SoundChoice
}

// stereo makes two channels of the track, in floating point, so that what several channels sum up to is not cut off.
func (s sound) stereo() string {
	return fmt.Sprintf(
		"[0:%d]aresample=async=1:first_pts=0,aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=stereo",
		s.index)
}

// loud is stereo with a gain in decibels. Its peaks are held by a limiter, which works at four times the rate, where it
// sees the peaks between the samples (ITU-R BS.1770-4, annex 2).
func (s sound) loud(gain float64) string {
	return fmt.Sprintf(
		"%s,volume=%.2fdB:precision=float,aresample=192000,alimiter=level=false:limit=%.2f:latency=true,aresample=48000,"+
			"aformat=sample_fmts=fltp", s.stereo(), gain, peakLimit)
}

// graph makes outputs of the same sound, [a0], [a1] and so on from the number first, with silence after their end:
// whoever reads them ends them.
func (s sound) graph(first, outputs int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s,apad,asplit=%d", s.loud(s.gain), outputs)
	for i := range outputs {
		fmt.Fprintf(&b, "[a%d]", first+i)
	}
	return b.String()
}

// offered are the tracks as a viewer chooses from them, the first of them by default; nil for a single one.
func offered(tracks []sound) []Sound {
	if len(tracks) < 2 {
		return nil
	}
	list, taken := make([]Sound, len(tracks)), map[string]bool{"": true}
	for i, t := range tracks {
		s := Sound{
			Name:     soundName(i),
			Default:  i == 0,
			Purpose:  t.purpose,
			Language: standardTag(t.language),
		}
		name := t.label(s.Language)
		s.Label = name
		for n := i + 1; taken[s.Label]; n++ {
			s.Label = strings.TrimSpace(name + " " + strconv.Itoa(n))
		}
		taken[s.Label] = true
		list[i] = s
	}
	return list
}

// byDefault is the sound that is heard until a viewer chooses.
func byDefault(sounds []Sound) Sound {
	return sounds[max(0, slices.IndexFunc(sounds, func(s Sound) bool { return s.Default }))]
}

// IsSound is true of the folder of a Sound.
func IsSound(folder string) bool { return soundFolder.MatchString(folder) }

func soundName(i int) string { return fmt.Sprintf("sound-%d", i+1) }

func (s sound) label(tag string) string {
	var parts []string
	if t, err := language.Parse(tag); err == nil {
		if name := display.Self.Name(t); name != "" {
			parts = append(parts, name)
		}
	}
	if s.title != "" && !slices.ContainsFunc(parts, func(p string) bool { return strings.EqualFold(p, s.title) }) {
		parts = append(parts, s.title)
	}
	return strings.Join(parts, " – ")
}

// standardTag turns a file's "chi" or "zh_CN" into "zh" or "zh-CN"; empty for what is no language, or none that a
// playlist of ours may name.
func standardTag(said string) string {
	t, err := language.Parse(said)
	if err != nil || t == language.Und || !languageTag.MatchString(t.String()) {
		return ""
	}
	return t.String()
}
