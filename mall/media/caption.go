package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// Bounds of subtitles.
const (
	MaxCaptionBytes = 1 << 20 // a lecture of three hours in two languages takes 280 KB
	maxCues         = 20_000
	maxCueText      = 2_000
	maxLanguages    = 20
)

var (
	// ErrBadCaptions is a file that is neither WebVTT nor SRT; its fields say where it stops being so.
	ErrBadCaptions = fault.New(fault.Invalid, "bad_captions", "This file is neither WebVTT nor SubRip subtitles.")
	// ErrNotReady is a video that is not packaged yet.
	ErrNotReady = fault.New(fault.Conflict, "video_not_ready", "This video is still being prepared.")
)

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

// Captions are the texts beside a packaged video: subtitles and chapters.
type Captions struct {
	core
	assets *Assets
	videos *Videos
}

// Set adds a language's subtitles to a video of its owner's, or puts them in the place of those it has. Errors:
// ErrUnknownVideo, ErrNotReady, ErrBadCaptions. unseen is how many cues end when they begin, so that nobody sees them.
func (cs *Captions) Set(ctx context.Context, ownerID, videoID int64, language string,
	file []byte,
) (unseen int, err error) {
	if !languageName.MatchString(language) || len(language) > 35 {
		return 0, ErrBadCaptions.With("language", "captions_language")
	}
	cues, err := ParseCaptions(file)
	if err != nil {
		return 0, err
	}
	for _, c := range cues {
		if c.To == c.From {
			unseen++
		}
	}
	return unseen, cs.change(ctx, ownerID, videoID, func(q dbsqlc.DBTX, a Asset) error {
		c := Caption{Language: language, File: language + ".vtt"}
		if !slices.Contains(a.Captions, c) {
			if len(a.Captions) == maxLanguages {
				return ErrBadCaptions.With("language", "captions_many")
			}
			a.Captions = append(a.Captions, c)
		}
		// The file goes first: a name without one would be a broken link, and one without a name is never fetched.
		if err := cs.storage.keep(ctx, videosFolder+"/"+a.Prefix+"/"+ExtrasFolder, c.File, WebVTT(cues)); err != nil {
			return err
		}
		return cs.note(ctx, q, a)
	})
}

// Drop removes a language's subtitles; without them it changes nothing. Errors: ErrUnknownVideo, ErrNotReady.
func (cs *Captions) Drop(ctx context.Context, ownerID, videoID int64, language string) error {
	return cs.change(ctx, ownerID, videoID, func(q dbsqlc.DBTX, a Asset) error {
		i := slices.IndexFunc(a.Captions, func(c Caption) bool { return c.Language == language })
		if i < 0 {
			return nil
		}
		file := a.Captions[i].File
		a.Captions = slices.Delete(a.Captions, i, i+1)
		if err := cs.note(ctx, q, a); err != nil {
			return err
		}
		return cs.storage.remove(ctx, videosFolder+"/"+a.Prefix+"/"+ExtrasFolder+"/"+file)
	})
}

func (cs *Captions) note(ctx context.Context, q dbsqlc.DBTX, a Asset) error {
	b, err := json.Marshal(a.Captions)
	if err != nil {
		return err
	}
	return cs.q.SetCaptions(ctx, q, dbsqlc.SetCaptionsParams{ID: a.ID, Captions: b})
}

// change lets do change what lies beside the packaged video of an owner's video, one change after another.
func (cs *Captions) change(ctx context.Context, ownerID, videoID int64, do func(dbsqlc.DBTX, Asset) error) error {
	v, err := cs.videos.Get(ctx, ownerID, videoID)
	if err != nil {
		return err
	}
	if v.AssetID == nil {
		return ErrNotReady.Because("video %d is %s", videoID, v.State)
	}
	a, err := cs.assets.ByID(ctx, *v.AssetID)
	if err != nil {
		return err
	}
	err = cs.assets.alone(ctx, a.Prefix, func(conn *pgxpool.Conn) error {
		row, err := cs.q.AssetByID(ctx, conn, a.ID) // as the change before left it
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
