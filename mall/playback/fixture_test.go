package playback_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

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

var secrets = playback.Secrets{
	Token:   secret(1),
	Segment: secret(2),
	Device:  secret(3),
}

// fixture has two packaged videos; Ann's phone and laptop; nobody owns anything yet.
type fixture struct {
	*playback.Playback
	t            *testing.T
	pool         *pgxpool.Pool
	redis        *redis.Client
	clock        *clock
	entitlements *entitlement.Entitlements
	media        media.Media
	assets       map[int64]int64
	phone        []byte
	laptop       []byte
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		t:      t,
		pool:   dbtest.New(t),
		redis:  dbtest.Redis(t),
		clock:  &clock{},
		assets: map[int64]int64{},
	}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.clock.at.Store(&start)
	storage, err := media.OpenStorage("", t.TempDir())
	f.must(err)
	t.Cleanup(func() { storage.Close() })
	f.media, err = media.New(media.Deps{
		Pool:    f.pool,
		Storage: storage,
		Key:     secret(4),
		Now:     f.clock.now,
	})
	f.must(err)
	f.entitlements = entitlement.New(entitlement.Deps{
		Pools: db.Pools{Primary: f.pool, Replica: f.pool},
		Now:   f.clock.now,
	})
	f.Playback = f.play(f.redis)
	for spu, prefix := range map[int64]string{video: "film", other: "other"} {
		a, err := f.media.Assets.Pack(t.Context(), clearVideo(), prefix, 2)
		f.must(err)
		f.assets[spu] = a.ID
	}
	f.phone, f.laptop = f.DeviceHash(f.NewDevice()), f.DeviceHash(f.NewDevice())
	return f
}

// play is another process of the mall, on this Redis.
func (f *fixture) play(rdb redis.UniversalClient) *playback.Playback {
	p, err := playback.New(playback.Deps{
		Pool:         f.pool,
		Redis:        rdb,
		Entitlements: f.entitlements,
		Media:        f.media,
		Secrets:      secrets,
		Options:      playback.Options{},
		Log:          slog.New(slog.DiscardHandler),
		Now:          f.clock.now,
	})
	f.must(err)
	return p
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func clearVideo() fstest.MapFS {
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
		master += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=%d,RESOLUTION=%dx%d\n%s/index.m3u8\n", r.h*1000, r.w, r.h,
			r.name)
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

// give grants access for so many hours; 0 is for good. Revoke takes back what has the same source.
func (f *fixture) give(user, spu int64, source, quality string, hours int) {
	f.t.Helper()
	g := entitlement.Grant{
		UserID:    user,
		SPUID:     spu,
		SKUID:     1,
		Reference: "order",
		Source:    source,
		Kind:      entitlement.KindOwn,
		Quality:   quality,
		RentHours: hours,
	}
	if hours > 0 {
		g.Kind = entitlement.KindRent
	}
	f.must(db.InTx(f.t.Context(), f.pool, func(tx pgx.Tx) error {
		_, err := f.entitlements.GrantTx(f.t.Context(), tx, g)
		return err
	}))
}

func (f *fixture) refund(source string) {
	f.t.Helper()
	f.must(db.InTx(f.t.Context(), f.pool, func(tx pgx.Tx) error {
		_, err := f.entitlements.RevokeTx(f.t.Context(), tx, source, "refund")
		return err
	}))
}

func (f *fixture) auth(user, spu int64, device []byte, takeOver bool) (playback.Session, error) {
	return f.Authorize(f.t.Context(), playback.AuthRequest{
		UserID:   user,
		SPUID:    spu,
		AssetID:  f.assets[spu],
		Device:   device,
		Label:    "Browser",
		TakeOver: takeOver,
	})
}

func (f *fixture) authorized(user, spu int64, device []byte) playback.Session {
	f.t.Helper()
	s, err := f.auth(user, spu, device, false)
	f.must(err)
	return s
}

func (f *fixture) beat(s playback.Session, position float64) (playback.Session, error) {
	return f.Heartbeat(f.t.Context(), playback.HeartbeatRequest{
		Token:    s.Token,
		Device:   f.phone,
		UserID:   ann,
		Position: position,
	})
}

// segment takes an address of the /s/ kind apart, as the router does.
func segment(address string) playback.SegmentRequest {
	p := strings.Split(strings.TrimPrefix(address, "/s/"), "/")
	return playback.SegmentRequest{
		Exp:     p[0],
		Session: p[1],
		Sig:     p[2],
		Prefix:  p[3],
		Folder:  p[4],
		File:    p[5],
	}
}

func (f *fixture) fetch(r playback.SegmentRequest) error {
	h, _, err := f.OpenSegment(f.t.Context(), r)
	if err == nil {
		h.Close()
	}
	return err
}
