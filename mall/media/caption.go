package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// Bounds of subtitles.
const (
	MaxCaptionBytes = 240 << 10 // a whole request may have 256 KiB
	maxCues         = 20_000
	maxCueText      = 2_000
	maxLanguages    = 20
)

var (
	// ErrBadCaptions is a file that is neither WebVTT nor SRT; the field says where it stops being so.
	ErrBadCaptions = fault.New(fault.Invalid, "bad_captions", "This file is neither WebVTT nor SubRip subtitles.")
	// ErrNotReady is a film that is not packaged yet.
	ErrNotReady = fault.New(fault.Conflict, "video_not_ready", "This film is still being prepared.")
)

// Cue is a line of subtitles; Text is WebVTT's, with no tags but i, b and u.
type Cue struct {
	From, To int    // milliseconds
	Settings string // where it stands, as WebVTT says it
	Text     string
}

var (
	cueTiming  = regexp.MustCompile(`^((?:\d{1,3}:)?[0-5]\d:[0-5]\d[.,]\d{3})[ \t]+-->[ \t]+((?:\d{1,3}:)?[0-5]\d:[0-5]\d[.,]\d{3})((?:[ \t]+\S+)*)[ \t]*$`)
	cueSetting = regexp.MustCompile(`^(vertical:(rl|lr)|line:-?\d{1,3}(\.\d+)?%?(,(start|center|end))?|(position|size):\d{1,3}(\.\d+)?%(,(line-left|center|line-right))?|align:(start|center|end|left|right))$`)
	tag        = regexp.MustCompile(`<[^<>]*>`)
	entities   = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&nbsp;", "\u00a0", "&lrm;", "\u200e", "&rlm;", "\u200f", "&amp;", "&")
	escapes    = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// ParseCaptions reads subtitles, WebVTT or SRT, in their order of time. Whatever is not a cue (styles, regions, notes) and tags that
// carry more than slant and weight are left out. ErrBadCaptions says by a field what is wrong and in which cue.
func ParseCaptions(b []byte) ([]Cue, error) {
	if len(b) > MaxCaptionBytes {
		return nil, ErrBadCaptions.With("file", "captions_large")
	}
	if !utf8.Valid(b) || strings.ContainsRune(string(b), 0) {
		return nil, ErrBadCaptions.With("file", "captions_utf8")
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(b), "\ufeff"))
	head, rest, _ := strings.Cut(text, "\n")
	vtt := head == "WEBVTT" || strings.HasPrefix(head, "WEBVTT ") || strings.HasPrefix(head, "WEBVTT\t")
	if vtt { // the header goes on to the first empty line
		_, text, _ = strings.Cut(rest, "\n\n")
		if strings.HasPrefix(rest, "\n") {
			text = rest
		}
	}
	var cues []Cue
	for block := range strings.SplitSeq(text, "\n\n") {
		lines := strings.Split(strings.Trim(block, "\n"), "\n")
		if lines[0] == "" || vtt && aside(lines[0]) {
			continue
		}
		if !strings.Contains(lines[0], "-->") { // a name or a number
			lines = lines[1:]
		}
		cue, ok := parseCue(lines, vtt)
		if !ok || len(cues) == maxCues {
			return nil, ErrBadCaptions.With("file", "captions_cue").Because("cue %d", len(cues)+1)
		}
		cues = append(cues, cue)
	}
	if len(cues) == 0 {
		return nil, ErrBadCaptions.With("file", "captions_none")
	}
	slices.SortStableFunc(cues, func(a, b Cue) int { return a.From - b.From })
	return cues, nil
}

// aside is true for the first line of a block of WebVTT that is no cue.
func aside(line string) bool {
	word, _, _ := strings.Cut(strings.TrimRight(line, " \t"), " ")
	return (word == "STYLE" || word == "REGION" || word == "NOTE") && !strings.Contains(line, "-->")
}

func parseCue(lines []string, vtt bool) (Cue, bool) {
	if len(lines) == 0 {
		return Cue{}, false
	}
	m := cueTiming.FindStringSubmatch(lines[0])
	if m == nil {
		return Cue{}, false
	}
	c := Cue{From: milliseconds(m[1]), To: milliseconds(m[2])}
	if vtt {
		var kept []string
		for s := range strings.FieldsSeq(m[3]) {
			if cueSetting.MatchString(s) {
				kept = append(kept, s)
			}
		}
		c.Settings = strings.Join(kept, " ")
	}
	text := strings.Join(lines[1:], "\n")
	c.Text = cueText(text, vtt)
	return c, c.To > c.From && len(text) <= maxCueText && !strings.Contains(text, "-->")
}

func milliseconds(s string) int {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '.' || r == ',' })
	n := 0
	for i, p := range parts {
		v, _ := strconv.Atoi(p) // digits, by the pattern
		switch len(parts) - i {
		case 1:
			n = n*1000 + v
		default:
			n = n*60 + v
		}
	}
	return n
}

// cueText keeps slant and weight and escapes everything else.
func cueText(s string, vtt bool) string {
	var b strings.Builder
	plain := func(part string) {
		if vtt {
			part = entities.Replace(part)
		}
		b.WriteString(escapes.Replace(part))
	}
	last := 0
	for _, at := range tag.FindAllStringIndex(s, -1) {
		plain(s[last:at[0]])
		switch t := strings.ToLower(s[at[0]:at[1]]); t {
		case "<i>", "</i>", "<b>", "</b>", "<u>", "</u>":
			b.WriteString(t)
		}
		last = at[1]
	}
	plain(s[last:])
	// A line that held nothing but tags would end the cue.
	return strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == '\n' }), "\n")
}

// WebVTT writes cues in the one form that the mall serves.
func WebVTT(cues []Cue) []byte {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for _, c := range cues {
		fmt.Fprintf(&b, "\n%s --> %s", cueTime(c.From), cueTime(c.To))
		if c.Settings != "" {
			b.WriteString(" " + c.Settings)
		}
		b.WriteString("\n" + c.Text + "\n")
	}
	return []byte(b.String())
}

// SetCaptions adds a language's subtitles to a film of its owner's, or puts them in the place of those it has. Errors: ErrUnknownVideo,
// ErrNotReady, ErrBadCaptions.
func (m *Media) SetCaptions(ctx context.Context, ownerID, videoID int64, language string, file []byte) error {
	if !languageName.MatchString(language) || len(language) > 35 {
		return ErrBadCaptions.With("language", "captions_language")
	}
	cues, err := ParseCaptions(file)
	if err != nil {
		return err
	}
	return m.changeAsset(ctx, ownerID, videoID, func(q dbsqlc.DBTX, a Asset) error {
		c := Caption{Language: language, File: language + ".vtt"}
		if !slices.Contains(a.Captions, c) {
			if len(a.Captions) == maxLanguages {
				return ErrBadCaptions.With("language", "captions_many")
			}
			a.Captions = append(a.Captions, c)
		}
		// The file goes first: a name without one would be a broken link, and one without a name is never fetched.
		if err := m.keepFile(ctx, filmsFolder+"/"+a.Prefix+"/"+ExtrasFolder, c.File, WebVTT(cues)); err != nil {
			return err
		}
		return m.noteCaptions(ctx, q, a)
	})
}

// DropCaptions removes a language's subtitles; without them it changes nothing. Errors: ErrUnknownVideo, ErrNotReady.
func (m *Media) DropCaptions(ctx context.Context, ownerID, videoID int64, language string) error {
	return m.changeAsset(ctx, ownerID, videoID, func(q dbsqlc.DBTX, a Asset) error {
		i := slices.IndexFunc(a.Captions, func(c Caption) bool { return c.Language == language })
		if i < 0 {
			return nil
		}
		file := a.Captions[i].File
		a.Captions = slices.Delete(a.Captions, i, i+1)
		if err := m.noteCaptions(ctx, q, a); err != nil {
			return err
		}
		return m.storage.remove(ctx, filmsFolder+"/"+a.Prefix+"/"+ExtrasFolder+"/"+file)
	})
}

func (m *Media) noteCaptions(ctx context.Context, q dbsqlc.DBTX, a Asset) error {
	b, err := json.Marshal(a.Captions)
	if err != nil {
		return err
	}
	return m.q.SetCaptions(ctx, q, dbsqlc.SetCaptionsParams{ID: a.ID, Captions: b})
}

// changeAsset lets do change what lies beside the packaged film of an owner's video, one change after another.
func (m *Media) changeAsset(ctx context.Context, ownerID, videoID int64, do func(dbsqlc.DBTX, Asset) error) error {
	v, err := m.Video(ctx, ownerID, videoID)
	if err != nil {
		return err
	}
	if v.AssetID == nil {
		return ErrNotReady.Because("video %d is %s", videoID, v.State)
	}
	a, err := m.Asset(ctx, *v.AssetID)
	if err != nil {
		return err
	}
	err = m.alone(ctx, a.Prefix, func(conn *pgxpool.Conn) error {
		row, err := m.q.AssetByID(ctx, conn, a.ID) // as the change before left it
		a, err := found(row, err)
		if err != nil {
			return err
		}
		return do(conn, a)
	})
	if f, ok := errors.AsType[*fault.Fault](err); err != nil && !ok {
		return fmt.Errorf("change what goes with video %d: %w", videoID, err)
	} else if ok {
		return f
	}
	return nil
}
