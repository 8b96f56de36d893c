// Package videos draws the creator's uploaded videos: their list, and the page of each, where one sees how far it
// has come and chooses its trailer, cover, subtitles and chapters. It takes videos as the business hands them out; it
// refuses to ask for anything.
package videos

import (
	"strconv"
	"strings"
	"time"

	"videomall/mall/media"
	"videomall/views/text"
	"videomall/views/ui"
)

// URL is a video's page.
func URL(id int64) string { return "/studio/videos/" + strconv.FormatInt(id, 10) }

var tones = map[media.VideoState]ui.Tone{
	media.VideoProcessing: ui.Info, media.VideoReady: ui.Success,
	media.VideoFailed: ui.Error,
}

var stageTones = map[media.StageState]ui.Tone{
	media.StageRunning: ui.Info, media.StageDone: ui.Success,
	media.StageFailed: ui.Error,
}

// waitsFor are the words of what a stage waits for, besides its turn.
var waitsFor = map[string]string{media.WaitsForFFmpeg: "videos.waits_ffmpeg", media.WaitsForDisk: "videos.waits_disk"}

// standing says in a few words how a video stands: its state, and while it is being made, which stage it is in.
func standing(t *text.Printer, v media.Video, stages []media.Stage) string {
	if v.State == media.VideoProcessing {
		for _, s := range stages {
			switch {
			case s.State == media.StageRunning:
				return t.T("videos.stage_"+s.Name) + " " + t.Percent(s.Percent)
			case s.State == media.StageWaiting && waitsFor[s.Refusal] != "":
				return t.T(waitsFor[s.Refusal])
			}
		}
	}
	return t.T("videos.state_" + string(v.State))
}

// refusal says why a video was not made, and what its creator can do.
func refusal(t *text.Printer, slug string) string {
	if key := "videos.refused_" + slug; t.Has(key) {
		return t.T(key)
	}
	return t.T("videos.refused_mall_failed")
}

func left(t *text.Printer, d time.Duration) string {
	return t.T("videos.left", "Time", t.Duration(int(d/time.Second)))
}

// clock writes seconds as they are typed into the form of chapters and of the trailer: 1:02:03.
func clock(seconds int) string {
	two := func(n int) string {
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
		return strconv.Itoa(n)
	}
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	if h > 0 {
		return strconv.Itoa(h) + ":" + two(m) + ":" + two(s)
	}
	return strconv.Itoa(m) + ":" + two(s)
}

// ChapterLines writes chapters as the form takes them, a line each: begin, title in English, title in Chinese.
func ChapterLines(list []media.Chapter) string {
	var b strings.Builder
	for _, c := range list {
		b.WriteString(clock(c.Start) + " | " + c.En + " | " + c.Zh + "\n")
	}
	return b.String()
}

// TrailerOf fills the trailer's form.
func TrailerOf(t media.Trailer) TrailerForm { return TrailerForm{From: clock(t.From), To: clock(t.To)} }

func wrong(t *text.Printer, slug string) string {
	if slug == "" {
		return ""
	}
	return t.T("videos.wrong_" + slug)
}
