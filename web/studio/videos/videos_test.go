package videos_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/web/play"
	"videomall/web/studio/videos"
	"videomall/web/webtest"
	"videomall/web/webtest/playtest"
)

// studio is a mall with two creators.
type studio struct {
	*webtest.Mall
	t            *testing.T
	media        media.Media
	dir          string // of the storage
	creator, bob account.User
}

func open(t *testing.T) *studio {
	t.Helper()
	t.Parallel()
	s := &studio{t: t}
	s.dir = t.TempDir()
	s.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		var p *playback.Playback
		s.media, p = playtest.Open(t, m, s.dir, &media.Processing{Jobs: m.Jobs, Log: slog.New(slog.DiscardHandler)},
			playback.Options{
				MayPreview: func(ctx context.Context, user, asset int64) (bool, error) {
					owner, err := s.media.Videos.OwnerOf(ctx, asset)
					return err == nil && owner == user, nil
				},
			})
		videos.Routes(g, videos.Deps{
			Site:     m.Site,
			Media:    s.media,
			Playback: p,
		})
		play.Routes(g, play.Deps{
			Site:     m.Site,
			Catalog:  m.Catalog,
			Media:    s.media,
			Playback: p,
		})
	}})
	s.creator, s.bob = s.Person("mia", account.RoleCreator), s.Person("bob", account.RoleCreator)
	return s
}

func (s *studio) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// uploaded inserts a video that waits for its first stage.
func (s *studio) uploaded(owner int64) int64 {
	s.t.Helper()
	id := webtest.Query[int64](s.Mall, `insert into media_video (owner_id, name, original, size, folder, created_at,
		updated_at)
		values ($1, 'harbour.mp4', 'originals/1', 2000000, 'v-one', now(), now()) returning id`, owner)[0]
	webtest.Query[int64](s.Mall, `insert into media_stage (video_id, stage, position, enqueued_at)
		select $1, s, n, now() from unnest(array['probe', 'transcode', 'images', 'package']) with ordinality as x(s, n)
		returning video_id`, id)
	return id
}

// packaged packages the video and makes it ready.
func (s *studio) packaged(id int64) media.Asset {
	s.t.Helper()
	files := fstest.MapFS{
		"master.m3u8": {
			Data: []byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\n360p/index.m3u8\n"),
		},
		"360p/init.mp4": {Data: []byte("init")},
		"360p/s0.m4s":   {Data: []byte("one")},

		"360p/s1.m4s": {Data: []byte("two")},
		"360p/index.m3u8": {
			Data: []byte(
				"#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4.0,\ns0.m4s\n#EXTINF:4.0,\ns1.m4s\n#EXT-X-ENDLIST\n"),
		},
	}
	a, err := s.media.Assets.Pack(s.t.Context(), files, "v-one", 1)
	s.ok(err)
	webtest.Query[int64](s.Mall, `update media_video set state = 'ready', asset_id = $2, duration_seconds = 8
		where id = $1 returning id`, id, a.ID)
	webtest.Query[int64](s.Mall, `update media_stage set state = 'done', percent = 100 where video_id = $1
		returning video_id`, id)
	return a
}

func TestVideos_progress(t *testing.T) {
	s := open(t)
	b := s.Browser(s.creator.ID)
	b.Get("/studio/videos").Wants(200).Shows("No file yet", "Upload a video")
	id := s.uploaded(s.creator.ID)
	here := fmt.Sprint("/studio/videos/", id)
	b.Get("/studio/videos").Wants(200).Shows("harbour.mp4", "In preparation")
	webtest.Query[int64](s.Mall, `update media_stage
		set state = 'running', percent = 42, eta_seconds = 75, holder = 'x', lease_until = now() + interval '1 min',
		attempts = 1
		where video_id = $1 and stage = 'probe' returning video_id`, id)
	a := b.Get(here).Wants(200).Shows("Look at the file", "42%", "1:15 left", "Waiting")
	if !a.Has(`hx-get="` + here + `/status"`) {
		t.Error("page does not poll its status")
	}
	b.Get(here + "/status").Wants(200).Shows("42%")
	webtest.Query[int64](s.Mall, `update media_stage
		set state = 'failed', holder = '', lease_until = null, refusal = 'no_picture' where video_id = $1
		and stage = 'probe' returning video_id`, id)
	webtest.Query[int64](s.Mall, `update media_video set state = 'failed', refusal = 'no_picture' where id = $1
		returning id`, id)
	b.Get(here).Wants(200).Shows("The file holds sound but no moving picture", "Try again")
	zh := s.Browser(s.creator.ID)
	zh.Lang = "zh-CN"
	zh.Get(here).Wants(200).Shows("文件只有声音，没有画面")
	b.Post(here+"/retry", url.Values{"stage": {"probe"}}).Wants(303)
	b.Get(here).Wants(200).Shows("In preparation", "We are trying again")
	if n := webtest.Query[int64](s.Mall, `select count(*) from river_job where kind = 'media_stage'`)[0]; n != 1 {
		t.Errorf("jobs after the retry: got %d, want 1", n)
	}
	b.Post(here+"/delete", nil).Wants(303)
	b.Get(here).Wants(404)
	b.Get("/studio/videos").Wants(200).Shows("No file yet")
}

func TestVideos_poster_chapters_captions(t *testing.T) {
	s := open(t)
	id := s.uploaded(s.creator.ID)
	a := s.packaged(id)
	b, here := s.Browser(s.creator.ID), fmt.Sprint("/studio/videos/", id)
	b.Get(here).Wants(200).Shows("Ready", "Play", "Trailer", "Subtitles", "Chapters")
	b.Post(here+"/trailer", url.Values{"from": {"0:04"}, "to": {"0:08"}}).Wants(303)
	b.Post(here+"/trailer", url.Values{"from": {"soon"}, "to": {"1:30"}}).Wants(422).Shows("Write a time such as 0:30")
	b.Post(here+"/trailer", url.Values{"from": {"0:30"}, "to": {"0:40"}}).Wants(422).Shows("The video is over by then")
	b.Post(here+"/chapters", url.Values{"chapters": {"0:00 | Out | 出海\r\n0:04 | Home\r\n"}}).Wants(303)
	b.Get(here).Wants(200).Shows("0:00 | Out | 出海", "0:04 | Home |")
	b.Post(here+"/chapters", url.Values{"chapters": {"0:00 | Out\r\n\r\n9:00 | Late"}}).Wants(422).
		Shows("Line 3: write a start within the video", "9:00 | Late")
	form := func(language, content string) webtest.Answer {
		body := "--x\r\nContent-Disposition: form-data; name=\"language\"\r\n\r\n" + language +
			"\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.srt\"\r\n\r\n" + content +
			"\r\n--x--\r\n"
		return b.Send("POST", here+"/captions", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, body)
	}
	form("fr", "1\n00:00:01,000 --> 00:00:02,000\nHello\n").Wants(303)
	form("fr", "nonsense").Wants(422).Shows("Line 1: these words belong to no subtitle")
	form("fr", "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:03 --> 00:00:04\nWorld\n").Wants(422).
		Shows("Line 6: write both times")
	form("fr", strings.Repeat("x", media.MaxCaptionBytes+1)).Wants(422).Shows("The file is larger than 1 MB")
	form("fr", "1\n00:00:01,000 --> 00:00:01,000\nHello\n").Wants(303)
	b.Get(here).Wants(200).Shows("Some of them end when they begin", "up to 1 MB")
	form("English!", "1\n00:00:01,000 --> 00:00:02,000\nHello\n").Wants(422).Shows("Write a language tag")
	b.Get(here).Wants(200).Shows("français")
	b.Post(here+"/captions/delete", url.Values{"language": {"fr"}}).Wants(303)
	b.Get(here).Wants(200).Hides("français")
	// The creator plays the video before anybody can buy it.
	page := b.Get(here + "/play").Wants(200)
	if !page.Has(`data-auth-url="` + play.PreviewURL(a.ID) + `"`) {
		t.Error("page lacks the player")
	}
	if auth := b.Get(play.PreviewURL(a.ID)).
		Wants(200); !strings.Contains(auth.Header.Get("Cache-Control"), "no-store") || !auth.Has("/v-one/master.m3u8") {
		t.Errorf("authorisation: cacheable, or without the playlist: %s", auth.Body)
	}
}

func TestVideos_frame_becomes_cover(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		dbtest.Missing(t, err)
	}
	s := open(t)
	id := s.uploaded(s.creator.ID)
	s.packaged(id)
	folder := filepath.Join(s.dir, "media", "posters", "v-one")
	var picture bytes.Buffer
	s.ok(errors.Join(os.MkdirAll(folder, 0o700), jpeg.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 640, 360)), nil)))
	s.ok(os.WriteFile(filepath.Join(folder, "0.jpg"), picture.Bytes(), 0o600))
	webtest.Query[int64](s.Mall, `update media_video set posters = 1 where id = $1 returning id`, id)
	b, here := s.Browser(s.creator.ID), fmt.Sprint("/studio/videos/", id)
	b.Post(here+"/cover", url.Values{"poster": {"1"}}).Wants(404)
	form := b.Get(here).Wants(200).Shows("Use as cover").Form(here + "/cover")
	to, err := url.Parse(b.Post(here+"/cover", form).Wants(303).Location)
	s.ok(err)
	if to.Path != "/studio/listings/new" || to.Query().Get("video") != fmt.Sprint(id) {
		t.Fatalf("redirect after choosing a cover: got %s, want a new listing of the video", to)
	}
	b.Get("/media/covers/" + to.Query().Get("cover") + "-960.webp").Wants(200)
}

func TestVideos_access(t *testing.T) {
	s := open(t)
	id := s.uploaded(s.creator.ID)
	a := s.packaged(id)
	here := fmt.Sprint("/studio/videos/", id)
	other, shopper, guest := s.Browser(s.bob.ID), s.Browser(s.Person("sam", account.RoleShopper).ID), s.Browser(0)
	for _, path := range []string{"", "/status", "/play", "/posters/0"} {
		other.Get(here + path).Wants(404)
		shopper.Get(here + path).Wants(404)
		guest.Get(here + path).Wants(303)
	}
	for _, path := range []string{"/cover", "/delete", "/trailer", "/captions/delete", "/chapters", "/retry"} {
		other.Post(here+path, url.Values{
			"from":     {"0"},
			"to":       {"4"},
			"stage":    {"probe"},
			"language": {"en"},
			"poster":   {"0"},
		}).Wants(404)
	}
	other.Get(play.PreviewURL(a.ID)).Wants(403)
	guest.Get(play.PreviewURL(a.ID)).Wants(401)
	other.Get("/studio/videos").Wants(200).Hides("harbour.mp4")
	other.Get("/studio/videos/nonsense").Wants(404)
}

func TestVideos_shows_how_it_was_prepared(t *testing.T) {
	s := open(t)
	id := s.uploaded(s.creator.ID)
	b, here := s.Browser(s.creator.ID), fmt.Sprint("/studio/videos/", id)
	zh := s.Browser(s.creator.ID)
	zh.Lang = "zh-CN"
	b.Get(here).Wants(200).Hides("How it was prepared")
	prepared := func(c string) {
		t.Helper()
		webtest.Query[int64](s.Mall, `update media_video set conversion = $2 where id = $1 returning id`, id, []byte(c))
	}
	prepared(
		`{"rate": "60", "sourceRate": "5.8", "unevenRate": true, "turned": 90, "interlaced": true, "colours": "hlg", "held": 75,
		"sound": {"track": 2, "of": 3, "language": "fre", "channels": 6, "why": "main"}, "loudness": {"From": -23.04, "Gain": 7.04},
		"leftOut": {"cover": 1, "sound": 2}}`)
	b.Get(here).Wants(200).
		Shows("How it was prepared",
			"The file's frame rate varies, 5.8 a second on average; the video has a steady 60.",
			"turned to the right by 90°", "fields were joined",
			"The file is HDR (HLG). Its colours were tone-mapped to SDR",
			"The sound is track 2 of 3; those before it are commentary or audio description (français), mixed from 6 "+
				"channels to stereo.",
			"made louder by 7 dB, from −23 LUFS", "held for 1:15",
			"Left out: cover pictures (1), further sound tracks (2).")
	zh.Get(here).Wants(200).Shows("处理说明", "文件为 HDR（HLG）", "（français），已由 6 个声道混合为立体声。", "未采用：封面图片（1）、其他音轨（2）。")
	prepared(
		`{"rate": "25", "sourceRate": "25", "colours": "kept", "silent": 5, "sound": {"track": 1, "of": 1, "channels": 2, "why": "only"},
		"loudness": {"From": -16.02, "Gain": -0.01}}`)
	b.Get(here).Wants(200).
		Shows("25 frames a second, as in the file.", "The colours are those of the file",
			"The sound is the file's only track.",
			"The loudness was left as it is.", "0:05 of silence follow").Hides("Left out", "turned")
	prepared(`{"rate": "10", "colours": "kept", "held": 19}`)
	b.Get(here).Wants(200).Shows("The file holds a single frame", "held for 0:19")
	prepared(`{"rate": "60", "sourceRate": "120", "colours": "assumed"}`)
	b.Get(here).Wants(200).
		Shows("The file has 120 frames a second; the video has 60.", "BT.709 was assumed", "The video has no sound.")
}
