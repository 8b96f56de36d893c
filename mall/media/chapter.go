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
	"videomall/mall/locale"
	"videomall/mall/media/internal/dbsqlc"
)

// Bounds of chapters.
const (
	MaxChapters     = 100
	MaxChapterTitle = 100 // characters
)

// ErrBadChapters says that a video can't have these chapters; its fields are "chapters.<n>.start", ".en" and ".zh".
var ErrBadChapters = fault.New(fault.Invalid, "bad_chapters", "These chapters do not fit the video.")

// Chapter is where a part of a video begins, in seconds, and its title.
type Chapter struct {
	Start int `json:"start"`
	locale.Text
}

// ChaptersFile is the WebVTT with the chapters of a video in a language, "en" or "zh-CN", in its folder of extras.
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
	for _, language := range ChapterLanguages() {
		cues := make([]Cue, len(list))
		for i, c := range list {
			end := a.DurationSeconds
			if i+1 < len(list) {
				end = list[i+1].Start
			}
			cues[i] = Cue{
				From: c.Start * 1000,
				To:   end * 1000,
				Text: escapes.Replace(c.In(locale.Lang(language))),
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
		c.Text = c.Map(func(title string) string { return strings.Join(strings.Fields(title), " ") })
		switch {
		case c.Start < 0 || c.Start >= length:
			refuse(n, "start", "chapter_outside")
		case n > 0 && c.Start <= list[n-1].Start:
			refuse(n, "start", "chapter_order")
		}
		if c.IsZero() {
			refuse(n, "en", "chapter_title")
		}
		for lang, title := range c.All() {
			if utf8.RuneCountInString(title) > MaxChapterTitle || strings.Contains(title, "-->") ||
				!db.Storable(title) {
				refuse(n, lang.Code(), "chapter_title")
			}
		}
		kept[n] = c
	}
	if wrong {
		return nil, bad
	}
	return kept, nil
}
