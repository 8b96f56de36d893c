package playback_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/entitlement"
	"videomall/mall/media"
	"videomall/mall/playback"
)

// clock is a time that a test moves.
type clock struct{ at atomic.Pointer[time.Time] }

func (c *clock) now() time.Time { return *c.at.Load() }

func (c *clock) advance(d time.Duration) {
	next := c.now().Add(d)
	c.at.Store(&next)
}

func secret(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

var keys = playback.Keys{Token: secret(1), Segment: secret(2), Device: secret(3)}

const (
	ann, bob    = int64(1), int64(2)
	film, other = int64(7), int64(8)
)

// fixture has two packaged films; Ann's phone and laptop; nobody owns anything yet.
type fixture struct {
	*playback.Playback
	t            *testing.T
	pool         *pgxpool.Pool
	redis        *redis.Client
	clock        *clock
	entitlements *entitlement.Entitlements
	media        *media.Media
	assets       map[int64]int64
	phone        []byte
	laptop       []byte
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, pool: dbtest.New(t), redis: dbtest.Redis(t), clock: &clock{}, assets: map[int64]int64{}}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.clock.at.Store(&start)
	storage, err := media.OpenStorage("", t.TempDir())
	f.must(err)
	t.Cleanup(func() { storage.Close() })
	f.media, err = media.New(f.pool, storage, secret(4), f.clock.now)
	f.must(err)
	f.entitlements = entitlement.New(db.Pools{Primary: f.pool, Replica: f.pool}, f.clock.now)
	f.Playback = f.play(f.redis)
	for spu, prefix := range map[int64]string{film: "film", other: "other"} {
		a, err := f.media.Pack(t.Context(), clearFilm(), prefix, 2)
		f.must(err)
		f.assets[spu] = a.ID
	}
	f.phone, f.laptop = f.DeviceHash(f.NewDevice()), f.DeviceHash(f.NewDevice())
	return f
}

// play is another process of the mall, on this Redis.
func (f *fixture) play(rdb redis.UniversalClient) *playback.Playback {
	p, err := playback.New(f.pool, rdb, f.entitlements, f.media, keys, playback.Options{}, slog.New(slog.DiscardHandler), f.clock.now)
	f.must(err)
	return p
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func clearFilm() fstest.MapFS {
	files := fstest.MapFS{
		"en.vtt":      {Data: []byte("WEBVTT\n")},
		"thumbs.vtt":  {Data: []byte("WEBVTT\n\n00:00.000 --> 00:02.000\nthumbs.webp#xywh=0,0,1,1\n")},
		"thumbs.webp": {Data: []byte("sheet")},
	}
	master := "#EXTM3U\n#EXT-X-VERSION:7\n"
	for _, r := range []struct {
		name string
		w, h int
	}{{"360p", 640, 360}, {"1080p", 1920, 1080}, {"2160p", 3840, 2160}} {
		master += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=%d,RESOLUTION=%dx%d\n%s/index.m3u8\n", r.h*1000, r.w, r.h, r.name)
		list := "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"init.mp4\"\n"
		files[r.name+"/init.mp4"] = &fstest.MapFile{Data: []byte("init")}
		for i := range 5 {
			list += fmt.Sprintf("#EXTINF:4.000000,\ns%d.m4s\n", i)
			files[fmt.Sprintf("%s/s%d.m4s", r.name, i)] = &fstest.MapFile{Data: []byte(fmt.Sprintf("%s %d", r.name, i))}
		}
		files[r.name+"/index.m3u8"] = &fstest.MapFile{Data: []byte(list + "#EXT-X-ENDLIST\n")}
	}
	files["master.m3u8"] = &fstest.MapFile{Data: []byte(master)}
	return files
}

// give grants; hours 0 is for good. The source is what revoke takes back.
func (f *fixture) give(user, spu int64, source, quality string, hours int) {
	f.t.Helper()
	g := entitlement.Grant{UserID: user, SPUID: spu, SKUID: 1, Reference: "order", Source: source, Kind: entitlement.KindOwn, Quality: quality, RentHours: hours}
	if hours > 0 {
		g.Kind = entitlement.KindRent
	}
	f.must(db.InTx(f.t.Context(), f.pool, func(tx pgx.Tx) error { _, err := f.entitlements.GrantTx(f.t.Context(), tx, g); return err }))
}

func (f *fixture) refund(source string) {
	f.t.Helper()
	f.must(db.InTx(f.t.Context(), f.pool, func(tx pgx.Tx) error {
		_, err := f.entitlements.RevokeTx(f.t.Context(), tx, source, "refund")
		return err
	}))
}

func (f *fixture) auth(user, spu int64, device []byte, takeOver bool) (playback.Session, error) {
	return f.Authorize(f.t.Context(), playback.AuthRequest{UserID: user, SPUID: spu, AssetID: f.assets[spu], Device: device, Label: "Browser", TakeOver: takeOver})
}

func (f *fixture) authorized(user, spu int64, device []byte) playback.Session {
	f.t.Helper()
	s, err := f.auth(user, spu, device, false)
	f.must(err)
	return s
}

func (f *fixture) beat(s playback.Session, position float64) (playback.Session, error) {
	return f.Heartbeat(f.t.Context(), playback.HeartbeatRequest{Token: s.Token, Device: f.phone, UserID: ann, Position: position})
}

// segment takes an address of the /s/ kind apart, as the router does.
func segment(address string) playback.SegmentRequest {
	p := strings.Split(strings.TrimPrefix(address, "/s/"), "/")
	return playback.SegmentRequest{Exp: p[0], Session: p[1], Sig: p[2], Prefix: p[3], Folder: p[4], File: p[5]}
}

func (f *fixture) fetch(r playback.SegmentRequest) error {
	h, _, err := f.OpenSegment(f.t.Context(), r)
	if err == nil {
		h.Close()
	}
	return err
}

func TestAFilmPlaysForWhomItBelongsTo(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	s := f.authorized(ann, film, f.phone)
	if s.PlaylistURL != "/p/"+s.Token+"/film/master.m3u8" || s.ExpiresAt.Sub(f.clock.now()) != 15*time.Minute || s.HeartbeatSeconds != 15 {
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
	if direct, err := f.media.Key(t.Context(), "film", 0); err != nil || !bytes.Equal(key, direct) {
		t.Fatalf("another key: %v", err)
	}
	h, contentType, err := f.OpenSegment(t.Context(), segment(base+"s0.m4s"))
	f.must(err)
	defer h.Close()
	if b, _ := io.ReadAll(h); contentType != "video/iso.segment" || len(b) != 16 {
		t.Fatalf("%s of %d bytes", contentType, len(b))
	}
}

func TestQualityIsHeldInPlaylistsAndSegments(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "hd", entitlement.QualityHD, 0)
	hd := f.authorized(ann, film, f.phone)
	if _, err := f.Playlist(t.Context(), hd.Token, f.phone, "film", "2160p"); !errors.Is(err, playback.ErrQuality) {
		t.Errorf("playlist above what was bought: %v", err)
	}
	if err := f.fetch(segment(hd.SegmentPrefix + "2160p/s0.m4s")); !errors.Is(err, playback.ErrBadSignature) {
		t.Errorf("segment above what was bought: %v", err)
	}
	f.give(ann, film, "4k", entitlement.Quality4K, 0)
	uhd := f.authorized(ann, film, f.phone)
	if master, err := f.Master(t.Context(), uhd.Token, f.phone, "film"); err != nil || !strings.Contains(string(master), "2160p") {
		t.Errorf("4K misses its picture: %v\n%s", err, master)
	}
	for _, file := range []string{"2160p/s0.m4s", "360p/s0.m4s"} {
		if err := f.fetch(segment(uhd.SegmentPrefix + file)); err != nil {
			t.Errorf("4K, %s: %v", file, err)
		}
	}
}

// Each way of not being allowed has its own answer, on each thing that is handed out.
func TestEveryRefusalHasItsOwnCode(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	f.give(ann, other, "b", entitlement.QualityHD, 0)
	s := f.authorized(ann, film, f.phone)
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
		"no token":          {"", f.phone, "film", playback.ErrBadToken},
		"noise":             {"a.b.c", f.phone, "film", playback.ErrBadToken},
		"tampered":          {s.Token[:len(s.Token)-4] + "AAAA", f.phone, "film", playback.ErrBadToken},
		"another secret":    {forged(jwt.SigningMethodHS256, secret(9), same), f.phone, "film", playback.ErrBadToken},
		"no algorithm":      {forged(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same), f.phone, "film", playback.ErrBadToken},
		"another algorithm": {forged(jwt.SigningMethodHS512, keys.Token, same), f.phone, "film", playback.ErrBadToken},
		"another audience":  {forged(jwt.SigningMethodHS256, keys.Token, func(c jwt.MapClaims) { c["aud"] = "session" }), f.phone, "film", playback.ErrBadToken},
		"no expiry":         {forged(jwt.SigningMethodHS256, keys.Token, func(c jwt.MapClaims) { delete(c, "exp") }), f.phone, "film", playback.ErrBadToken},
		"no user":           {forged(jwt.SigningMethodHS256, keys.Token, func(c jwt.MapClaims) { c["sub"] = "0" }), f.phone, "film", playback.ErrBadToken},
		"another user":      {forged(jwt.SigningMethodHS256, keys.Token, func(c jwt.MapClaims) { c["sub"] = "2" }), f.phone, "film", entitlement.ErrNotEntitled},
		"no such right":     {forged(jwt.SigningMethodHS256, keys.Token, func(c jwt.MapClaims) { c["ent"] = 999 }), f.phone, "film", entitlement.ErrNotEntitled},
		"another device":    {s.Token, f.laptop, "film", playback.ErrWrongDevice},
		"no device":         {s.Token, nil, "film", playback.ErrWrongDevice},
		"another video":     {s.Token, f.phone, "other", playback.ErrWrongVideo},
		"as it should be":   {s.Token, f.phone, "film", nil},
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
	if _, err := f.auth(bob, film, f.phone, false); !errors.Is(err, entitlement.ErrNotEntitled) {
		t.Errorf("another user asks: %v", err)
	}
	if _, err := f.auth(ann, film, nil, false); !errors.Is(err, playback.ErrWrongDevice) {
		t.Errorf("without a device: %v", err)
	}
	for _, viewer := range []int64{0, bob} { // signed out, or another person at the same browser
		_, err := f.Heartbeat(t.Context(), playback.HeartbeatRequest{Token: s.Token, Device: f.phone, UserID: viewer})
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

func TestARefundEndsPlaybackAtTheNextKey(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	s := f.authorized(ann, film, f.phone)
	_, err := f.Key(t.Context(), s.Token, f.phone, "film", 0)
	f.must(err)
	f.refund("a")
	_, key := f.Key(t.Context(), s.Token, f.phone, "film", 1)
	_, master := f.Master(t.Context(), s.Token, f.phone, "film")
	_, beat := f.beat(s, 5)
	_, again := f.auth(ann, film, f.phone, true)
	for what, err := range map[string]error{"key": key, "master": master, "heartbeat": beat, "authorisation": again} {
		if !errors.Is(err, entitlement.ErrRevoked) {
			t.Errorf("%s: got %v, want ErrRevoked", what, err)
		}
	}
}

func TestARentalOpensAtTheFirstKeyAndEndsOnTime(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 48)
	s := f.authorized(ann, film, f.phone)
	_, err := f.Playlist(t.Context(), s.Token, f.phone, "film", "360p")
	f.must(err)
	ent, err := f.entitlements.Find(t.Context(), ann, film)
	if f.must(err); ent.FirstPlayedAt != nil {
		t.Fatal("looking at a player opened the window")
	}
	_, err = f.Key(t.Context(), s.Token, f.phone, "film", 0)
	f.must(err)
	ent, err = f.entitlements.Find(t.Context(), ann, film)
	if f.must(err); ent.ExpiresAt == nil || !ent.ExpiresAt.Equal(f.clock.now().Add(48*time.Hour)) {
		t.Fatalf("the first key did not open the window: %+v", ent)
	}
	f.clock.advance(48*time.Hour - 5*time.Minute)
	s = f.authorized(ann, film, f.phone)
	if !s.ExpiresAt.Equal(*ent.ExpiresAt) {
		t.Fatalf("a token until %v outlives its rental until %v", s.ExpiresAt, ent.ExpiresAt)
	}
	f.clock.advance(5*time.Minute - time.Second)
	_, err = f.Key(t.Context(), s.Token, f.phone, "film", 1)
	f.must(err)
	f.clock.advance(time.Second)
	if err := f.fetch(segment(s.SegmentPrefix + "360p/s0.m4s")); !errors.Is(err, playback.ErrSegmentExpiry) {
		t.Errorf("segment at the end of the rental: %v", err)
	}
	if _, err := f.auth(ann, film, f.phone, false); !errors.Is(err, entitlement.ErrExpired) {
		t.Errorf("after the rental: %v", err)
	}
}

// A rental that ends while a longer token lives: only the lookup at each key can know.
func TestARentalShortenedMidPlayIsRefusedAtTheNextKey(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 48)
	s := f.authorized(ann, film, f.phone)
	_, err := f.Key(t.Context(), s.Token, f.phone, "film", 0)
	f.must(err)
	_, err = f.pool.Exec(t.Context(), "update video_entitlement set expires_at = $1", f.clock.now())
	f.must(err)
	if _, err := f.Key(t.Context(), s.Token, f.phone, "film", 1); !errors.Is(err, entitlement.ErrExpired) {
		t.Fatalf("got %v, want ErrExpired", err)
	}
}

func TestAFilmLongerThanItsTokenPlaysThrough(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	first := f.authorized(ann, film, f.phone)
	s := first
	for elapsed := time.Duration(0); elapsed < time.Hour; elapsed += 15 * time.Second {
		f.clock.advance(15 * time.Second)
		next, err := f.beat(s, elapsed.Seconds())
		f.must(err)
		if next.SessionID != first.SessionID || next.Token == s.Token || !next.ExpiresAt.After(s.ExpiresAt) {
			t.Fatalf("after %v: %+v is no renewal of %+v", elapsed, next, s)
		}
		s = next
	}
	_, err := f.Key(t.Context(), s.Token, f.phone, "film", 2)
	f.must(err)
	f.must(f.fetch(segment(s.SegmentPrefix + "1080p/s4.m4s")))
	if err := f.Check(t.Context(), first.Token, f.phone, "film"); !errors.Is(err, playback.ErrTokenExpired) {
		t.Errorf("the first token: %v", err)
	}
	if err := f.fetch(segment(first.SegmentPrefix + "1080p/s4.m4s")); !errors.Is(err, playback.ErrSegmentExpiry) {
		t.Errorf("the first prefix: %v", err)
	}
	progress, err := f.Progress(t.Context(), ann, []int64{film, other})
	f.must(err)
	if g := progress[film]; len(progress) != 1 || g.PositionSeconds != 20 || !g.Finished() || g.Resume() != 0 || g.Percent() != 100 {
		t.Errorf("progress %+v", progress)
	}
}

func TestAPositionIsKeptAndNotErasedByAPlayerThatHasNotBegun(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	s := f.authorized(ann, film, f.phone)
	for _, position := range []float64{9.7, 0, -3} {
		_, err := f.beat(s, position)
		f.must(err)
	}
	recent, err := f.Recent(t.Context(), ann, 10)
	f.must(err)
	if len(recent) != 1 || recent[0].SPUID != film || recent[0].Resume() != 9 || recent[0].Percent() != 45 {
		t.Fatalf("recent %+v", recent)
	}
	if recent, err := f.Recent(t.Context(), bob, 10); err != nil || len(recent) != 0 {
		t.Fatalf("Bob's: %+v, %v", recent, err)
	}
}

func TestSegmentAddresses(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.Quality4K, 0)
	s := f.authorized(ann, film, f.phone)
	good := segment(s.SegmentPrefix + "360p/s0.m4s")
	f.must(f.fetch(good))
	asset, err := f.media.Asset(t.Context(), f.assets[film])
	f.must(err)
	extras := f.Extras(ann, asset)
	for _, address := range []string{extras.Captions[0].URL, extras.ThumbsURL, strings.Replace(extras.ThumbsURL, "thumbs.vtt", "thumbs.webp", 1)} {
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
		"a later end":             {changed(good, func(r *playback.SegmentRequest) { r.Exp += "0" }), playback.ErrBadSignature},
		"an end of no number":     {changed(good, func(r *playback.SegmentRequest) { r.Exp = "never" }), playback.ErrBadSignature},
		"another session":         {changed(good, func(r *playback.SegmentRequest) { r.Session = "x" }), playback.ErrBadSignature},
		"another film":            {changed(good, func(r *playback.SegmentRequest) { r.Prefix = "other" }), playback.ErrBadSignature},
		"no signature":            {changed(good, func(r *playback.SegmentRequest) { r.Sig = "" }), playback.ErrBadSignature},
		"another signature":       {changed(good, func(r *playback.SegmentRequest) { r.Sig = strings.Repeat("A", 43) }), playback.ErrBadSignature},
		"extras with a segment's": {changed(good, func(r *playback.SegmentRequest) { r.Folder, r.File = "extras", "en.vtt" }), playback.ErrBadSignature},
		"segments with extras'":   {changed(segment(extras.ThumbsURL), func(r *playback.SegmentRequest) { r.Folder, r.File = "360p", "s0.m4s" }), playback.ErrBadSignature},
		"a playlist":              {changed(good, func(r *playback.SegmentRequest) { r.File = "index.m3u8" }), media.ErrUnknownAsset},
		"no such file":            {changed(good, func(r *playback.SegmentRequest) { r.File = "s9.m4s" }), media.ErrUnknownAsset},
		"a path":                  {changed(good, func(r *playback.SegmentRequest) { r.File = "../../other/360p/s0.m4s" }), media.ErrUnknownAsset},
		"a folder up":             {changed(good, func(r *playback.SegmentRequest) { r.Folder, r.File = "..", "s0.m4s" }), media.ErrUnknownAsset},
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

func TestOneStreamAnAccount(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	f.give(ann, other, "b", entitlement.QualityHD, 0)
	f.give(bob, film, "c", entitlement.QualityHD, 0)
	phone := f.authorized(ann, film, f.phone)
	if _, err := f.auth(ann, other, f.laptop, false); !errors.Is(err, playback.ErrStreamLimit) {
		t.Fatalf("a second screen: %v", err)
	}
	f.authorized(bob, film, f.laptop) // accounts do not share
	laptop, err := f.auth(ann, other, f.laptop, true)
	f.must(err)
	if _, err := f.Key(t.Context(), phone.Token, f.phone, "film", 0); !errors.Is(err, playback.ErrStreamEnded) {
		t.Fatalf("the first screen after a takeover: %v", err)
	}
	if _, err := f.beat(phone, 1); !errors.Is(err, playback.ErrStreamEnded) {
		t.Fatalf("its heartbeat: %v", err)
	}
	f.must(f.Check(t.Context(), laptop.Token, f.laptop, "other"))

	second := f.authorized(ann, film, f.laptop) // the same device replaces its own
	if err := f.Check(t.Context(), laptop.Token, f.laptop, "other"); !errors.Is(err, playback.ErrStreamEnded) {
		t.Fatalf("the replaced stream: %v", err)
	}

	f.clock.advance(44 * time.Second)
	f.must(f.Check(t.Context(), second.Token, f.laptop, "film")) // a sign of life
	f.clock.advance(44 * time.Second)
	if _, err := f.auth(ann, film, f.phone, false); !errors.Is(err, playback.ErrStreamLimit) {
		t.Fatalf("within the lease: %v", err)
	}
	f.clock.advance(time.Second)
	phone = f.authorized(ann, film, f.phone)
	if err := f.Check(t.Context(), second.Token, f.laptop, "film"); !errors.Is(err, playback.ErrStreamEnded) {
		t.Fatalf("a stream that was silent too long: %v", err)
	}
	f.clock.advance(5 * time.Minute) // nobody took its place meanwhile
	f.must(f.Check(t.Context(), phone.Token, f.phone, "film"))
	if f.LeasesSkipped() != 0 {
		t.Fatalf("%d leases were not asked for", f.LeasesSkipped())
	}
}

func TestTwoScreensAtOnceAreOne(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	var admitted atomic.Int32
	var wg sync.WaitGroup
	for _, device := range [][]byte{f.phone, f.laptop, f.DeviceHash(f.NewDevice()), f.DeviceHash(f.NewDevice())} {
		wg.Go(func() {
			_, err := f.Authorize(context.WithoutCancel(t.Context()), playback.AuthRequest{UserID: ann, SPUID: film, AssetID: f.assets[film], Device: device})
			switch {
			case err == nil:
				admitted.Add(1)
			case !errors.Is(err, playback.ErrStreamLimit):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if admitted.Load() != 1 {
		t.Fatalf("%d screens play", admitted.Load())
	}
}

func TestWithoutRedisPeopleGoOnWatching(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	gone := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer gone.Close()
	for name, p := range map[string]*playback.Playback{"gone": f.play(gone), "none": f.play(nil)} {
		for _, device := range [][]byte{f.phone, f.laptop} {
			s, err := p.Authorize(t.Context(), playback.AuthRequest{UserID: ann, SPUID: film, AssetID: f.assets[film], Device: device})
			f.must(err)
			if _, err := p.Key(t.Context(), s.Token, device, "film", 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if p.LeasesSkipped() != 4 {
			t.Errorf("%s: %d of 4 were counted", name, p.LeasesSkipped())
		}
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, film, "a", entitlement.QualityHD, 0)
	f.authorized(ann, film, f.phone)
	for range 3 {
		_, err := f.auth(ann, film, f.DeviceHash(f.NewDevice()), true)
		f.must(err)
	}
	// Four live; many new ones at once must still end at five.
	// The account's own lock holds all of them at the door.
	gate, err := f.pool.Begin(t.Context())
	f.must(err)
	defer gate.Rollback(context.WithoutCancel(t.Context()))
	_, err = gate.Exec(t.Context(), "select pg_advisory_xact_lock(hashtextextended('playback_device ' || $1::bigint, 0))", ann)
	f.must(err)
	var wg sync.WaitGroup
	var full atomic.Int32
	for range 4 {
		device := f.DeviceHash(f.NewDevice())
		wg.Go(func() {
			_, err := f.Authorize(context.WithoutCancel(t.Context()), playback.AuthRequest{UserID: ann, SPUID: film, AssetID: f.assets[film], Device: device, TakeOver: true})
			if errors.Is(err, playback.ErrDeviceLimit) {
				full.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	for deadline, waiting := time.Now().Add(30*time.Second), 0; waiting < 4; {
		f.must(f.pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event = 'advisory'`).Scan(&waiting))
		if time.Now().After(deadline) {
			t.Fatalf("%d of 4 devices wait", waiting)
		}
	}
	f.must(gate.Commit(t.Context()))
	wg.Wait()
	devices, err := f.Devices(t.Context(), ann)
	f.must(err)
	if len(devices) != f.MaxDevices() || full.Load() != 3 {
		t.Fatalf("%d devices live and %d were refused", len(devices), full.Load())
	}
	var phone int64
	for _, d := range devices {
		if bytes.Equal(d.Hash, f.phone) {
			phone = d.ID
		}
	}
	if _, err := f.RemoveDevice(t.Context(), bob, phone); !errors.Is(err, playback.ErrNoDevice) {
		t.Fatalf("Bob removed Ann's: %v", err)
	}
	s, err := f.auth(ann, film, f.phone, true)
	f.must(err)
	removed, err := f.RemoveDevice(t.Context(), ann, phone)
	f.must(err)
	if !bytes.Equal(removed, f.phone) {
		t.Fatal("another device was removed")
	}
	if _, err := f.RemoveDevice(t.Context(), ann, phone); !errors.Is(err, playback.ErrNoDevice) {
		t.Fatalf("removed twice: %v", err)
	}
	_, key := f.Key(t.Context(), s.Token, f.phone, strings.Split(s.PlaylistURL, "/")[3], 0)
	_, beat := f.beat(s, 1)
	for what, err := range map[string]error{"key": key, "heartbeat": beat} {
		if !errors.Is(err, playback.ErrDeviceRemoved) {
			t.Errorf("%s: the removed device goes on: %v", what, err)
		}
	}
	_, err = f.auth(ann, film, f.laptop, true)
	f.must(err)
	if _, err := f.auth(ann, film, f.phone, true); !errors.Is(err, playback.ErrDeviceLimit) {
		t.Fatalf("back without a place: %v", err)
	}
}

func TestDeviceCookies(t *testing.T) {
	t.Parallel()
	f := open(t)
	a, b := f.NewDevice(), f.NewDevice()
	if h := f.DeviceHash(a); len(h) != 32 || bytes.Equal(h, f.DeviceHash(b)) {
		t.Fatal("devices are not told apart")
	}
	idA, _, _ := strings.Cut(a, ".")
	_, sigB, _ := strings.Cut(b, ".")
	for _, bad := range []string{"", ".", idA, idA + ".", idA + "." + sigB, "." + sigB, a + "x", "x" + a} {
		if h := f.DeviceHash(bad); h != nil {
			t.Errorf("%q is a device", bad)
		}
	}
	if w := f.Watermark(ann); w != f.Watermark(ann) || w == f.Watermark(bob) || len(w) != 14 {
		t.Errorf("watermark %q", w)
	}
}

func TestTokensMayNotLiveLong(t *testing.T) {
	t.Parallel()
	f := open(t)
	for name, opt := range map[string]playback.Options{
		"token": {TokenTTL: 16 * time.Minute}, "lease": {Lease: 10 * time.Second}, "heartbeat": {Heartbeat: 20 * time.Minute},
	} {
		if _, err := playback.New(f.pool, nil, f.entitlements, f.media, keys, opt, slog.Default(), time.Now); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := playback.New(f.pool, nil, f.entitlements, f.media, playback.Keys{}, playback.Options{}, slog.Default(), time.Now); err == nil {
		t.Error("empty keys: accepted")
	}
}
