package playback_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"videomall/mall/entitlement"
	"videomall/mall/locale"
	"videomall/mall/media"
	"videomall/mall/playback"
)

// given is what listings give away, in seconds of the video that they name.
type given map[int64]struct {
	asset   int64
	seconds int
}

// generous is a Playback whose listings give away what the test says. The video of 20 s has keys of 8 s; tale is one
// with words.
func (f *fixture) generous(onProgress ...func(playback.Progressed)) given {
	f.t.Helper()
	src := clearVideo()
	src["en.vtt"].Data = []byte(
		"WEBVTT\n\n00:00.000 --> 00:02.000\nFirst\n\n00:05.000 --> 00:07.000\nSecond\n\n00:12.000 --> 00:14.000\nThe murderer\n")
	tale, err := f.media.Assets.Pack(f.t.Context(), src, "tale", 2)
	f.must(err)
	f.must(f.media.Captions.SetAssetChapters(f.t.Context(), tale.ID, []media.Chapter{{
		Start: 0,
		Text:  locale.Text{En: "Begin", Zh: "开始"},
	}, {Start: 4, Text: locale.Text{En: "Middle"}}, {Start: 12, Text: locale.Text{En: "The end"}}}))
	f.assets[9] = tale.ID
	g := given{video: {f.assets[video], 6}, 9: {tale.ID, 6}}
	f.Playback, err = playback.New(playback.Deps{
		Pool:         f.pool,
		Redis:        f.redis,
		Entitlements: f.entitlements,
		Media:        f.media,
		Secrets:      secrets,
		Options: playback.Options{
			Free: func(_ context.Context, spu int64) (int64, int, error) { return g[spu].asset, g[spu].seconds, nil },
		},
		OnProgress: append(onProgress, nil)[0],
		Log:        slog.New(slog.DiscardHandler),
		Now:        f.clock.now,
	})
	f.must(err)
	return g
}

func (f *fixture) try(spu int64, device []byte) playback.Free {
	f.t.Helper()
	s, err := f.Free(f.t.Context(), playback.FreeRequest{SPUID: spu, Device: device})
	f.must(err)
	return s
}

func TestPlayback_Free(t *testing.T) {
	t.Parallel()
	f := open(t)
	g := f.generous()
	for _, c := range []struct{ limit, segments, keys int }{{1, 1, 1}, {4, 1, 1}, {5, 2, 1}, {8, 2, 1}, {9, 3, 2}} {
		g[video] = struct {
			asset   int64
			seconds int
		}{f.assets[video], c.limit}
		s := f.try(video, f.phone)
		master, err := f.Master(t.Context(), s.Token, f.phone, "film")
		f.must(err)
		if got := string(master); !strings.Contains(got, "\n360p/index.m3u8\n") || strings.Contains(got, "1080p") ||
			strings.Contains(got, "2160p") {
			t.Fatalf("%d s: shown are\n%s", c.limit, got)
		}
		list, err := f.Playlist(t.Context(), s.Token, f.phone, "film", "360p")
		f.must(err)
		if got := string(list); strings.Count(got, "#EXTINF") != c.segments ||
			strings.Count(got, "#EXT-X-KEY") != c.keys || !strings.HasSuffix(got, "#EXT-X-ENDLIST\n") {
			t.Errorf("%d s: the playlist is\n%s", c.limit, got)
		}
		for n := range 3 {
			if _, err := f.Key(t.Context(), s.Token, f.phone, "film", n); n < c.keys && err != nil ||
				n >= c.keys && !errors.Is(err, playback.ErrFreeOver) {
				t.Errorf("%d s, key %d: %v", c.limit, n, err)
			}
		}
		for n := range 5 { // addresses that a person made by hand
			for _, rung := range []string{"360p", "1080p", "2160p"} {
				err := f.fetch(segment(fmt.Sprintf("%s%s/s%d.m4s", s.SegmentPrefix, rung, n)))
				var want error
				switch {
				case rung != "360p":
					want = playback.ErrBadSignature
				case n >= c.segments:
					want = playback.ErrFreeOver
				}
				if !errors.Is(err, want) {
					t.Errorf("%d s, %s/s%d: %v, want %v", c.limit, rung, n, err, want)
				}
			}
		}
		f.must(f.fetch(segment(s.SegmentPrefix + "360p/init.mp4")))
		for _, rung := range []string{"1080p", "2160p"} {
			if _, err := f.Playlist(t.Context(), s.Token, f.phone, "film", rung); !errors.Is(err, playback.ErrQuality) {
				t.Errorf("%s: %v", rung, err)
			}
		}
		// The limit stands in what is signed.
		longer := segment(s.SegmentPrefix + "360p/s4.m4s")
		_, rest, _ := strings.Cut(longer.Session, "-")
		longer.Session = "1800-" + rest
		if err := f.fetch(longer); !errors.Is(err, playback.ErrBadSignature) {
			t.Errorf("%d s, a longer limit: %v", c.limit, err)
		}
	}
}

// The pieces of this sound end a hundredth of a second before those of the picture.
func TestFreeSounds_end_with_the_picture(t *testing.T) {
	t.Parallel()
	f := open(t)
	g := f.generous()
	src := clearVideo()
	sounds := ""
	for _, name := range []string{"sound-1", "sound-2"} {
		sounds += `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="` + name + `",URI="` + name + `/index.m3u8"` + "\n"
		for file, content := range clearVideo() {
			if rest, ok := strings.CutPrefix(file, "360p/"); ok {
				src[name+"/"+rest] = content
			}
		}
		src[name+"/index.m3u8"].Data = bytes.ReplaceAll(src[name+"/index.m3u8"].Data, []byte("#EXTINF:4.000000"),
			[]byte("#EXTINF:3.990000"))
	}
	master := strings.ReplaceAll(string(src["master.m3u8"].Data), "BANDWIDTH=", `AUDIO="sound",BANDWIDTH=`)
	src["master.m3u8"].Data = []byte(strings.Replace(master, "#EXTM3U\n", "#EXTM3U\n"+sounds, 1))
	heard, err := f.media.Assets.Pack(t.Context(), src, "heard", 2)
	f.must(err)
	f.assets[9] = heard.ID
	g[9] = struct {
		asset   int64
		seconds int
	}{heard.ID, 8}

	s := f.try(9, f.phone)
	for _, folder := range []string{"360p", "sound-1", "sound-2"} {
		list, err := f.Playlist(t.Context(), s.Token, f.phone, "heard", folder)
		f.must(err)
		if got := string(list); strings.Count(got, "#EXTINF") != 2 || strings.Count(got, "#EXT-X-KEY") != 1 {
			t.Errorf("%s: the playlist is\n%s", folder, got)
		}
		f.must(f.fetch(segment(s.SegmentPrefix + folder + "/init.mp4")))
		f.must(f.fetch(segment(s.SegmentPrefix + folder + "/s1.m4s")))
		if err := f.fetch(segment(s.SegmentPrefix + folder + "/s2.m4s")); !errors.Is(err, playback.ErrFreeOver) {
			t.Errorf("%s, what is not free: %v", folder, err)
		}
	}

	f.give(1, 9, "order", entitlement.QualityHD, 0)
	bought := f.authorized(1, 9, f.phone)
	list, err := f.Playlist(t.Context(), bought.Token, f.phone, "heard", "sound-2")
	f.must(err)
	if strings.Count(string(list), "#EXTINF") != 5 {
		t.Errorf("what was bought is\n%s", list)
	}
	f.must(f.fetch(segment(bought.SegmentPrefix + "sound-2/s4.m4s")))
	if err := f.fetch(
		segment(strings.Replace(bought.SegmentPrefix, "/heard/", "/film/", 1) + "sound-2/s4.m4s")); !errors.Is(err,
		playback.ErrBadSignature) {
		t.Errorf("another video's sound: %v", err)
	}
}

func TestPlayback_Free_texts(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.generous()
	s := f.try(9, f.phone)
	x := f.FreeExtras(s.Asset, s.Seconds)
	if x.ThumbsURL != "" || len(x.Captions) != 1 || len(x.Chapters) != 2 {
		t.Fatalf("%+v", x)
	}
	read := func(address string) string {
		h, _, err := f.OpenSegment(t.Context(), segment(address))
		f.must(err)
		defer h.Close()
		b, err := io.ReadAll(h)
		f.must(err)
		return string(b)
	}
	if got := read(x.Captions[0].URL); !strings.Contains(got, "First") ||
		!strings.Contains(got, "00:05.000 --> 00:00:06.000") &&
			!strings.Contains(got, "00:00:05.000 --> 00:00:06.000") || strings.Contains(got, "murderer") {
		t.Errorf("subtitles:\n%s", got)
	}
	if got := read(x.Chapters[0].URL); !strings.Contains(got, "Middle") || strings.Contains(got, "The end") {
		t.Errorf("chapters:\n%s", got)
	}
	base := strings.TrimSuffix(x.Captions[0].URL, "en.vtt")
	for _, file := range []string{"thumbs.vtt", "thumbs.webp", "poster.webp", "other.vtt"} {
		if err := f.fetch(segment(base + file)); !errors.Is(err, playback.ErrFreeOver) {
			t.Errorf("%s: %v", file, err)
		}
	}
	// What may be loaded for hours opens no segment, and what opens segments no text.
	if err := f.fetch(segment(strings.Replace(base, "/extras/", "/360p/", 1) + "s0.m4s")); !errors.Is(err,
		playback.ErrBadSignature) {
		t.Errorf("a segment by the subtitles' signature: %v", err)
	}
	if err := f.fetch(segment(s.SegmentPrefix + "extras/en.vtt")); !errors.Is(err, playback.ErrBadSignature) {
		t.Errorf("whole subtitles by the segments' signature: %v", err)
	}
}

func TestPlayback_Free_token(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.generous()
	s := f.try(video, f.phone)
	forged := func(key []byte, change func(jwt.MapClaims)) string {
		c := jwt.MapClaims{}
		_, _, err := jwt.NewParser().ParseUnverified(s.Token, c)
		f.must(err)
		change(c)
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(key)
		f.must(err)
		return token
	}
	for name, c := range map[string]struct {
		token  string
		device []byte
		video  string
		want   error
	}{
		"as it should be": {s.Token, f.phone, "film", nil},
		"another video":   {s.Token, f.phone, "tale", playback.ErrWrongVideo},
		"another device":  {s.Token, f.laptop, "film", playback.ErrWrongDevice},
		"tampered": {forged(secret(9), func(c jwt.MapClaims) {
			c["free"] = 1800
		}), f.phone, "film", playback.ErrBadToken},
		"cut off": {s.Token[:len(s.Token)-4] + "AAAA", f.phone, "film", playback.ErrBadToken},
		"without a limit": {forged(secrets.Token, func(c jwt.MapClaims) {
			delete(c, "free")
		}), f.phone, "film", playback.ErrBadToken},
		"of somebody": {forged(secrets.Token, func(c jwt.MapClaims) {
			c["sub"] = "1"
		}), f.phone, "film", playback.ErrBadToken},
	} {
		if _, err := f.Key(t.Context(), c.token, c.device, c.video, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := f.Free(t.Context(), playback.FreeRequest{
		SPUID:  other,
		Device: f.phone,
	}); !errors.Is(err, playback.ErrNotFree) {
		t.Errorf("a listing that gives nothing: %v", err)
	}
	if _, err := f.Free(t.Context(), playback.FreeRequest{SPUID: video}); !errors.Is(err, playback.ErrWrongDevice) {
		t.Errorf("without a device: %v", err)
	}
}

func TestPlayback_Free_listing_ends(t *testing.T) {
	t.Parallel()
	f := open(t)
	g := f.generous()
	key := func(s playback.Session, n int) error {
		_, err := f.Key(t.Context(), s.Token, f.phone, "film", n)
		return err
	}
	was := g[video]
	long := was
	long.seconds = 12
	g[video] = long
	s := f.try(video, f.phone).Session
	f.must(key(s, 1))
	g[video] = was // fewer: at once
	if err := key(s, 1); !errors.Is(err, playback.ErrFreeOver) {
		t.Errorf("a key of what is not free any more: %v", err)
	}
	f.must(key(s, 0))
	g[video] = long // more: for those who ask anew
	next, err := f.beat(s, 3)
	f.must(err)
	f.must(key(next, 1))
	delete(g, video)
	_, beat := f.beat(next, 3)
	_, list := f.Playlist(t.Context(), next.Token, f.phone, "film", "360p")
	_, again := f.Free(t.Context(), playback.FreeRequest{SPUID: video, Device: f.phone})
	for what, err := range map[string]error{
		"key":         key(next, 0),
		"heartbeat":   beat,
		"playlist":    list,
		"asked again": again,
	} {
		if !errors.Is(err, playback.ErrNotFree) {
			t.Errorf("taken down, %s: %v", what, err)
		}
	}
	g[video] = struct {
		asset   int64
		seconds int
	}{f.assets[other], 6}
	if err := key(next, 0); !errors.Is(err, playback.ErrNotFree) {
		t.Errorf("a key of the video that was: %v", err)
	}
	f.must(f.fetch(segment(next.SegmentPrefix + "360p/s0.m4s"))) // encrypted, and for a quarter of an hour
	f.clock.advance(15 * time.Minute)
	if err := f.fetch(segment(next.SegmentPrefix + "360p/s0.m4s")); !errors.Is(err, playback.ErrSegmentExpiry) {
		t.Errorf("a segment after its time: %v", err)
	}
}

func TestPlayback_Free_progress(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.generous(func(g playback.Progressed) { t.Errorf("heard of %+v", g) })
	f.give(ann, video, "a", entitlement.QualityHD, 48)
	f.give(ann, other, "b", entitlement.QualityHD, 0)
	watched := f.authorized(ann, other, f.laptop)
	s := f.try(video, f.phone).Session
	_, err := f.Key(t.Context(), s.Token, f.phone, "film", 0)
	f.must(err)
	s, err = f.beat(s, 5)
	f.must(err)
	f.must(f.Check(t.Context(), watched.Token, f.laptop, "other")) // her one stream is another
	if e, err := f.entitlements.Find(t.Context(), ann, video); err != nil || e.FirstPlayedAt != nil {
		t.Errorf("her rental began: %+v, %v", e, err)
	}
	if kept, err := f.Progress(t.Context(), ann, []int64{video}); err != nil || len(kept) != 0 {
		t.Errorf("a position: %v, %v", kept, err)
	}
	if devices, err := f.Devices(t.Context(), ann); err != nil || len(devices) != 1 {
		t.Errorf("devices: %v, %v", devices, err)
	}
	// A device has one stream of its own, of which the window that asked last has it.
	second := f.try(9, f.phone).Session
	if _, err := f.Key(t.Context(), s.Token, f.phone, "film", 0); !errors.Is(err, playback.ErrStreamEnded) {
		t.Errorf("two videos at once: %v", err)
	}
	f.try(video, f.laptop) // another guest
	f.must(f.Check(t.Context(), second.Token, f.phone, "tale"))
	// It is renewed for as long as seeing the free minutes may take, and then asked for anew.
	for began := f.clock.now(); f.clock.now().Sub(began) < time.Hour; f.clock.advance(10 * time.Minute) {
		second, err = f.beat(second, 5)
		f.must(err)
	}
	f.clock.advance(7 * time.Second)
	if _, err := f.beat(second, 5); !errors.Is(err, playback.ErrTokenExpired) {
		t.Errorf("renewed without end: %v", err)
	}
}
