package play

import (
	"videomall/mall/playback"
	"videomall/views/ui"
)

// Beside is what lies beside a video as the player takes it: subtitles, and the chapters in the reader's language, empty
// where there are none.
func Beside(x playback.Extras, chinese bool) (captions []ui.Captions, chapters string) {
	for _, c := range x.Captions {
		captions = append(captions, ui.Captions{
			Lang:  c.Language,
			Label: LanguageName(c.Language),
			Src:   c.URL,
		})
	}
	for _, c := range x.Chapters {
		if (c.Language == "zh-CN") == chinese {
			chapters = c.URL
		}
	}
	return captions, chapters
}
