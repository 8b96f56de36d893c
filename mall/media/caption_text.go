package media

import (
	"regexp"
	"strings"
)

var (
	// tag is one of those that subtitles have: SubRip's, WebVTT's and WebVTT's moments within a line. Any other "<" is
	// a word's.
	tag = regexp.MustCompile(
		`(?i)<(?:(/?)(i|b|u|s|font|br|c|v|lang|ruby|rt|span)(?:[\s./][^<>]*)?|(?:\d{1,3}:)?\d\d:\d\d\.\d{3})>`)
	entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&nbsp;", "\u00a0", "&lrm;", "\u200e", "&rlm;", "\u200f",
		"&amp;", "&")
	escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	// override is what SubStation Alpha and MicroDVD write into a line and players take for a style: {\an8}, {Y:i}.
	override = regexp.MustCompile(`\{(?:\\[^{}]*|[YyCcFfSs]:[^{}]*)\}`)
	corner   = regexp.MustCompile(`\\an([1-9])`)
)

// cueText keeps slant and weight and escapes everything else. place is where the words ask to stand.
func cueText(s string, vtt bool) (text, place string) {
	var b strings.Builder
	plain := func(part string) {
		if vtt {
			part = entities.Replace(part)
		}
		b.WriteString(escapes.Replace(part))
	}
	last := 0
	for _, at := range tag.FindAllStringSubmatchIndex(s, -1) {
		plain(s[last:at[0]])
		last = at[1]
		if at[4] < 0 {
			continue
		}
		switch name := strings.ToLower(s[at[4]:at[5]]); name {
		case "i", "b", "u":
			b.WriteString("<" + s[at[2]:at[3]] + name + ">")
		case "br":
			b.WriteByte('\n')
		}
	}
	plain(s[last:])
	text = b.String()
	for {
		at := override.FindStringIndex(text)
		if at == nil {
			break
		}
		if m := corner.FindStringSubmatch(text[at[0]:at[1]]); m != nil && place == "" {
			place = standing(m[1][0] - '1')
		}
		text = text[:at[0]] + text[at[1]:]
	}
	// A line that held nothing but tags would end the cue.
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), place
}

// standing is one of nine places, as on a numeric keypad from 0, in WebVTT's settings. The one below in the middle
// needs none.
func standing(key byte) string {
	var settings []string
	switch key / 3 {
	case 2:
		settings = append(settings, "line:0")
	case 1:
		settings = append(settings, "line:50%")
	}
	switch key % 3 {
	case 0:
		settings = append(settings, "align:left")
	case 2:
		settings = append(settings, "align:right")
	}
	return strings.Join(settings, " ")
}
