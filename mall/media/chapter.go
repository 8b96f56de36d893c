package media

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// Bounds of chapters.
const (
	MaxChapters     = 100
	MaxChapterTitle = 100 // characters
)

// ErrBadChapters says that a video can't have these chapters; its fields are "chapters.<n>.start", ".en" and ".zh".
var ErrBadChapters = fault.New(fault.Invalid, "bad_chapters", "These chapters do not fit the video.")

// Chapter is where a part of a video begins, in seconds, and what it is called. One language may be empty and is then
// said in the other.
type Chapter struct {
	Start int    `json:"start"`
	En    string `json:"en"`
	Zh    string `json:"zh"`
}

// ChaptersFile is the WebVTT in which a video's chapters lie in a language, "en" or "zh-CN", in its folder of extras.
func ChaptersFile(language string) string { return "chapters." + language + ".vtt" }

// ChapterLanguages are the languages in which a video with chapters has ChaptersFile.
func ChapterLanguages() []string { return []string{"en", "zh-CN"} }

// SetChapters gives a video these chapters, in the order of their begins; none takes them away. Errors: ErrUnknownVideo,
// ErrNotReady, ErrBadChapters.
func (cs *Captions) SetChapters(ctx context.Context, ownerID, videoID int64, list []Chapter) error {
	return cs.change(ctx, ownerID, videoID, func(q dbsqlc.DBTX, a Asset) error {
		return cs.putChapters(ctx, q, a, list)
	})
}

// SetAssetChapters is SetChapters of a video that nobody uploaded. Errors: ErrUnknownAsset, ErrBadChapters.
func (cs *Captions) SetAssetChapters(ctx context.Context, assetID int64, list []Chapter) error {
	a, err := cs.assets.ByID(ctx, assetID)
	if err != nil {
		return err
	}
	return cs.assets.alone(ctx, a.Prefix, func(conn *pgxpool.Conn) error { return cs.putChapters(ctx, conn, a, list) })
}

func (cs *Captions) putChapters(ctx context.Context, q dbsqlc.DBTX, a Asset, list []Chapter) error {
	list, err := checkChapters(list, a.DurationSeconds)
	if err != nil {
		return err
	}
	folder := videosFolder + "/" + a.Prefix + "/" + ExtrasFolder
	for language, title := range map[string]func(Chapter) string{
		"en":    func(c Chapter) string { return either(c.En, c.Zh) },
		"zh-CN": func(c Chapter) string { return either(c.Zh, c.En) },
	} {
		cues := make([]Cue, len(list))
		for i, c := range list {
			end := a.DurationSeconds
			if i+1 < len(list) {
				end = list[i+1].Start
			}
			cues[i] = Cue{
				From: c.Start * 1000,
				To:   end * 1000,
				Text: escapes.Replace(title(c)),
			}
		}
		if err := cs.storage.keep(ctx, folder, ChaptersFile(language), WebVTT(cues)); err != nil {
			return err
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return cs.q.SetChapters(ctx, q, dbsqlc.SetChaptersParams{ID: a.ID, Chapters: b})
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func checkChapters(list []Chapter, length int) ([]Chapter, error) {
	bad, wrong := ErrBadChapters, false
	refuse := func(n int, field, slug string) {
		bad, wrong = bad.With("chapters."+strconv.Itoa(n)+"."+field, slug), true
	}
	if len(list) > MaxChapters {
		return nil, bad.With("chapters", "chapters_many")
	}
	kept := make([]Chapter, len(list))
	for n, c := range list {
		c.En, c.Zh = strings.Join(strings.Fields(c.En), " "), strings.Join(strings.Fields(c.Zh), " ")
		switch {
		case c.Start < 0 || c.Start >= length:
			refuse(n, "start", "chapter_outside")
		case n > 0 && c.Start <= list[n-1].Start:
			refuse(n, "start", "chapter_order")
		}
		if c.En == "" && c.Zh == "" {
			refuse(n, "en", "chapter_title")
		}
		for field, title := range map[string]string{"en": c.En, "zh": c.Zh} {
			if utf8.RuneCountInString(title) > MaxChapterTitle || strings.Contains(title, "-->") ||
				!db.Storable(title) {
				refuse(n, field, "chapter_title")
			}
		}
		kept[n] = c
	}
	if wrong {
		return nil, bad
	}
	return kept, nil
}
