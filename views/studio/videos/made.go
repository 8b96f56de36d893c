package videos

import (
	"strconv"
	"strings"

	"videomall/mall/media"
	"videomall/views/text"
)

// made says in sentences what was done to a video's file, the picture first. language names one in its own words.
func made(t *text.Printer, c media.Conversion, language func(tag string) string) []string {
	if c.Rate == "" {
		return nil
	}
	lines := []string{rate(t, c)}
	if key := "videos.made_turned_" + strconv.Itoa(c.Turned); t.Has(key) {
		lines = append(lines, t.T(key))
	}
	if c.Interlaced {
		lines = append(lines, t.T("videos.made_interlaced"))
	}
	if key := "videos.made_colours_" + string(c.Colours); t.Has(key) {
		lines = append(lines, t.T(key))
	}
	lines = append(lines, heard(t, c, language))
	if c.Loudness != nil {
		lines = append(lines, loudness(t, *c.Loudness))
	}
	if len(c.Offered) > 0 {
		lines = append(lines, t.T("videos.made_offered", "Tracks", offered(t, c.Offered)))
	}
	if c.Held > 0 {
		lines = append(lines, t.T("videos.made_held", "Time", t.Duration(c.Held)))
	}
	if c.Silent > 0 {
		lines = append(lines, t.T("videos.made_silent", "Time", t.Duration(c.Silent)))
	}
	if left := leftOut(t, c.LeftOut); left != "" {
		lines = append(lines, t.T("videos.made_left_out", "Streams", left))
	}
	return lines
}

func rate(t *text.Printer, c media.Conversion) string {
	switch {
	case c.SourceRate == "":
		return t.T("videos.made_rate_still", "Rate", c.Rate)
	case c.UnevenRate:
		return t.T("videos.made_rate_uneven", "Rate", c.Rate, "From", c.SourceRate)
	case c.SourceRate != c.Rate:
		return t.T("videos.made_rate_changed", "Rate", c.Rate, "From", c.SourceRate)
	}
	return t.T("videos.made_rate_kept", "Rate", c.Rate)
}

func heard(t *text.Printer, c media.Conversion, language func(tag string) string) string {
	if c.Sound == nil {
		return t.T("videos.made_sound_none")
	}
	said := t.T("videos.made_sound_"+string(c.Sound.Why), "Track", strconv.Itoa(c.Sound.Track), "Of",
		strconv.Itoa(c.Sound.Of))
	if c.Sound.Language != "" {
		said += t.T("videos.made_language", "Language", language(c.Sound.Language))
	}
	if c.Sound.Channels > 2 {
		said += t.T("videos.made_mixed", "Channels", strconv.Itoa(c.Sound.Channels))
	}
	return t.T("videos.made_sentence", "Text", said)
}

// offered names the tracks that viewers choose from, as the player does.
func offered(t *text.Printer, sounds []media.Sound) string {
	names := make([]string, len(sounds))
	for i, s := range sounds {
		names[i] = s.Label
		if _, err := strconv.Atoi(s.Label); err == nil {
			names[i] = t.T("player.sound") + " " + s.Label
		}
		if s.Purpose != media.SoundOfTheVideo {
			names[i] += " (" + t.T("player."+string(s.Purpose)) + ")"
		}
	}
	return strings.Join(names, t.T("videos.made_and"))
}

func loudness(t *text.Printer, l media.Loudness) string {
	gain, from := decimal(l.Gain), decimal(l.From)
	switch {
	case gain == "0" || gain == "−0":
		return t.T("videos.made_loudness_kept")
	case l.Gain > 0:
		return t.T("videos.made_loudness_raised", "Gain", gain, "From", from)
	}
	return t.T("videos.made_loudness_lowered", "Gain", strings.TrimPrefix(gain, "−"), "From", from)
}

// decimal writes one decimal, and none where it is 0, with the minus sign that figures have.
func decimal(f float64) string {
	return strings.Replace(strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0"), "-", "−", 1)
}

// leftOut lists streams by their kind: "2 × sound track".
func leftOut(t *text.Printer, streams map[string]int) string {
	var list []string
	for _, kind := range []string{
		media.LeftOutCover, media.LeftOutPicture, media.LeftOutSound, media.LeftOutSubtitle,
		media.LeftOutOther,
	} {
		if n := streams[kind]; n > 0 {
			list = append(list, t.T("videos.made_stream_"+kind, "N", strconv.Itoa(n)))
		}
	}
	return strings.Join(list, t.T("videos.made_and"))
}
