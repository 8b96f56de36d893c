package playback_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"videomall/mall/entitlement"
	"videomall/mall/media"
	"videomall/mall/playback"
)

const (
	ann, bob     = int64(1), int64(2)
	video, other = int64(7), int64(8)
)

func TestPlayback_Authorize(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	s := f.authorized(ann, video, f.phone)
	if s.PlaylistURL != "/p/"+s.Token+"/film/master.m3u8" || s.ExpiresAt.Sub(f.clock.now()) != 15*time.Minute ||
		s.HeartbeatSeconds != 15 {
		t.Fatalf("session %+v", s)
	}
	master, err := f.Master(t.Context(), s.Token, f.phone, "film")
	f.must(err)
	if got := string(master); !strings.Contains(got, "\n1080p/index.m3u8\n") || strings.Contains(got, "2160p") {
		t.Fatalf("HD is shown\n%s", got)
	}
	list, err := f.Playlist(t.Context(), s.Token, f.phone, "film", "1080p")
	f.must(err)
	base := s.SegmentPrefix + "1080p/"
	want := "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
		"#EXT-X-MAP:URI=\"" + base + "init.mp4\"\n"
	for i := range 5 {
		if i%2 == 0 {
			want += fmt.Sprintf("#EXT-X-KEY:METHOD=AES-128,URI=\"/k/%s/film/%d\"\n", s.Token, i/2)
		}
		want += fmt.Sprintf("#EXTINF:4.000000,\n%ss%d.m4s\n", base, i)
	}
	if want += "#EXT-X-ENDLIST\n"; string(list) != want {
		t.Fatalf("got\n%s\nwant\n%s", list, want)
	}
	key, err := f.Key(t.Context(), s.Token, f.phone, "film", 0)
	f.must(err)
	if direct, err := f.media.Assets.Key(t.Context(), "film", 0); err != nil || !bytes.Equal(key, direct) {
		t.Fatalf("another key: %v", err)
	}
	h, contentType, err := f.OpenSegment(t.Context(), segment(base+"s0.m4s"))
	f.must(err)
	defer h.Close()
	if b, _ := io.ReadAll(h); contentType != "video/iso.segment" || len(b) != 16 {
		t.Fatalf("%s of %d bytes", contentType, len(b))
	}
}

func TestPlayback_Playlist_quality(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "hd", entitlement.QualityHD, 0)
	hd := f.authorized(ann, video, f.phone)
	if _, err := f.Playlist(t.Context(), hd.Token, f.phone, "film", "2160p"); !errors.Is(err, playback.ErrQuality) {
		t.Errorf("playlist above what was bought: %v", err)
	}
	if err := f.fetch(segment(hd.SegmentPrefix + "2160p/s0.m4s")); !errors.Is(err, playback.ErrBadSignature) {
		t.Errorf("segment above what was bought: %v", err)
	}
	f.give(ann, video, "4k", entitlement.Quality4K, 0)
	uhd := f.authorized(ann, video, f.phone)
	if master, err := f.Master(t.Context(), uhd.Token, f.phone, "film"); err != nil ||
		!strings.Contains(string(master), "2160p") {
		t.Errorf("4K misses its picture: %v\n%s", err, master)
	}
	for _, file := range []string{"2160p/s0.m4s", "360p/s0.m4s"} {
		if err := f.fetch(segment(uhd.SegmentPrefix + file)); err != nil {
			t.Errorf("4K, %s: %v", file, err)
		}
	}
}

// Each refusal has a code of its own, whether a playlist, a key or a heartbeat is asked for.
func TestPlayback_Check_refusals(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	f.give(ann, other, "b", entitlement.QualityHD, 0)
	s := f.authorized(ann, video, f.phone)
	forged := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		c := jwt.MapClaims{}
		_, _, err := jwt.NewParser().ParseUnverified(s.Token, c)
		f.must(err)
		change(c)
		token, err := jwt.NewWithClaims(method, c).SignedString(key)
		f.must(err)
		return token
	}
	same := func(jwt.MapClaims) {}
	for name, c := range map[string]struct {
		token  string
		device []byte
		video  string
		want   error
	}{
		"no token":       {"", f.phone, "film", playback.ErrBadToken},
		"noise":          {"a.b.c", f.phone, "film", playback.ErrBadToken},
		"tampered":       {s.Token[:len(s.Token)-4] + "AAAA", f.phone, "film", playback.ErrBadToken},
		"another secret": {forged(jwt.SigningMethodHS256, secret(9), same), f.phone, "film", playback.ErrBadToken},
		"no algorithm": {
			forged(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same), f.phone, "film",
			playback.ErrBadToken,
		},
		"another algorithm": {forged(jwt.SigningMethodHS512, secrets.Token, same), f.phone, "film", playback.ErrBadToken},
		"another audience": {forged(jwt.SigningMethodHS256, secrets.Token, func(c jwt.MapClaims) {
			c["aud"] = "session"
		}), f.phone, "film", playback.ErrBadToken},
		"no expiry": {forged(jwt.SigningMethodHS256, secrets.Token, func(c jwt.MapClaims) {
			delete(c, "exp")
		}), f.phone, "film", playback.ErrBadToken},
		"no user": {forged(jwt.SigningMethodHS256, secrets.Token, func(c jwt.MapClaims) {
			c["sub"] = "0"
		}), f.phone, "film", playback.ErrBadToken},
		"another user": {forged(jwt.SigningMethodHS256, secrets.Token, func(c jwt.MapClaims) {
			c["sub"] = "2"
		}), f.phone, "film", entitlement.ErrNotEntitled},
		"no such right": {forged(jwt.SigningMethodHS256, secrets.Token, func(c jwt.MapClaims) {
			c["ent"] = 999
		}), f.phone, "film", entitlement.ErrNotEntitled},
		"another device":  {s.Token, f.laptop, "film", playback.ErrWrongDevice},
		"no device":       {s.Token, nil, "film", playback.ErrWrongDevice},
		"another video":   {s.Token, f.phone, "other", playback.ErrWrongVideo},
		"as it should be": {s.Token, f.phone, "film", nil},
	} {
		if err := f.Check(t.Context(), c.token, c.device, c.video); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		_, key := f.Key(t.Context(), c.token, c.device, c.video, 0)
		_, master := f.Master(t.Context(), c.token, c.device, c.video)
		_, list := f.Playlist(t.Context(), c.token, c.device, c.video, "360p")
		for what, err := range map[string]error{"key": key, "master": master, "playlist": list} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s, %s: got %v, want %v", name, what, err, c.want)
			}
		}
	}
	if _, err := f.auth(bob, video, f.phone, false); !errors.Is(err, entitlement.ErrNotEntitled) {
		t.Errorf("another user asks: %v", err)
	}
	if _, err := f.auth(ann, video, nil, false); !errors.Is(err, playback.ErrWrongDevice) {
		t.Errorf("without a device: %v", err)
	}
	for _, viewer := range []int64{0, bob} { // signed out, or another person at the same browser
		_, err := f.Heartbeat(t.Context(), playback.HeartbeatRequest{
			Token:  s.Token,
			Device: f.phone,
			UserID: viewer,
		})
		if !errors.Is(err, playback.ErrSignedOut) {
			t.Errorf("viewer %d: %v", viewer, err)
		}
	}
	f.clock.advance(15 * time.Minute)
	for name, err := range map[string]error{
		"check": f.Check(t.Context(), s.Token, f.phone, "film"),
		"beat":  func() error { _, err := f.beat(s, 1); return err }(),
	} {
		if !errors.Is(err, playback.ErrTokenExpired) {
			t.Errorf("%s after the token's time: %v", name, err)
		}
	}
}

func TestPlayback_Progress(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	s := f.authorized(ann, video, f.phone)
	for _, position := range []float64{9.7, 0, -3} {
		_, err := f.beat(s, position)
		f.must(err)
	}
	recent, err := f.Recent(t.Context(), ann, 10)
	f.must(err)
	if len(recent) != 1 || recent[0].SPUID != video || recent[0].Resume() != 9 || recent[0].Percent() != 45 {
		t.Fatalf("recent %+v", recent)
	}
	if recent, err := f.Recent(t.Context(), bob, 10); err != nil || len(recent) != 0 {
		t.Fatalf("Bob's: %+v, %v", recent, err)
	}
}

func TestPlayback_OpenSegment(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.Quality4K, 0)
	s := f.authorized(ann, video, f.phone)
	good := segment(s.SegmentPrefix + "360p/s0.m4s")
	f.must(f.fetch(good))
	asset, err := f.media.Assets.ByID(t.Context(), f.assets[video])
	f.must(err)
	extras := f.Extras(ann, asset)
	for _, address := range []string{
		extras.Captions[0].URL, extras.ThumbsURL,
		strings.Replace(extras.ThumbsURL, "thumbs.vtt", "thumbs.webp", 1),
	} {
		if err := f.fetch(segment(address)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	changed := func(r playback.SegmentRequest, change func(*playback.SegmentRequest)) playback.SegmentRequest {
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		r    playback.SegmentRequest
		want error
	}{
		"a later end": {changed(good, func(r *playback.SegmentRequest) {
			r.Exp += "0"
		}), playback.ErrBadSignature},
		"an end of no number": {changed(good, func(r *playback.SegmentRequest) {
			r.Exp = "never"
		}), playback.ErrBadSignature},
		"another session": {changed(good, func(r *playback.SegmentRequest) {
			r.Session = "x"
		}), playback.ErrBadSignature},
		"another video": {changed(good, func(r *playback.SegmentRequest) {
			r.Prefix = "other"
		}), playback.ErrBadSignature},
		"no signature": {changed(good, func(r *playback.SegmentRequest) {
			r.Sig = ""
		}), playback.ErrBadSignature},
		"another signature": {changed(good, func(r *playback.SegmentRequest) {
			r.Sig = strings.Repeat("A", 43)
		}), playback.ErrBadSignature},
		"extras with a segment's": {changed(good, func(r *playback.SegmentRequest) {
			r.Folder, r.File = "extras", "en.vtt"
		}), playback.ErrBadSignature},
		"segments with extras'": {changed(segment(extras.ThumbsURL), func(r *playback.SegmentRequest) {
			r.Folder, r.File = "360p", "s0.m4s"
		}), playback.ErrBadSignature},
		"a playlist": {changed(good, func(r *playback.SegmentRequest) {
			r.File = "index.m3u8"
		}), media.ErrUnknownAsset},
		"no such file": {changed(good, func(r *playback.SegmentRequest) {
			r.File = "s9.m4s"
		}), media.ErrUnknownAsset},
		"a path": {changed(good, func(r *playback.SegmentRequest) {
			r.File = "../../other/360p/s0.m4s"
		}), media.ErrUnknownAsset},
		"a folder up": {changed(good, func(r *playback.SegmentRequest) {
			r.Folder, r.File = "..", "s0.m4s"
		}), media.ErrUnknownAsset},
	} {
		if err := f.fetch(c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	f.clock.advance(15 * time.Minute)
	if err := f.fetch(good); !errors.Is(err, playback.ErrSegmentExpiry) {
		t.Errorf("stolen, after its time: %v", err)
	}
	if err := f.fetch(segment(extras.ThumbsURL)); err != nil {
		t.Errorf("thumbnails must outlive a token: %v", err)
	}
	f.clock.advance(7 * time.Hour)
	if err := f.fetch(segment(extras.ThumbsURL)); !errors.Is(err, playback.ErrSegmentExpiry) {
		t.Errorf("thumbnails the next day: %v", err)
	}
}
