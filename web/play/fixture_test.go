package play_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/web/play"
	"videomall/web/webtest"
	"videomall/web/webtest/playtest"
)

// house is a mall with one packaged video.
type house struct {
	*webtest.Mall
	t        *testing.T
	media    media.Media
	playback *playback.Playback
	video    catalog.Product
	out      atomic.Int64 // the suspended account
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	suspended := func(_ context.Context, userID int64) bool { return userID == h.out.Load() }
	h.Mall = webtest.Open(t, webtest.Options{Suspended: suspended, Routes: func(g *echo.Group, m *webtest.Mall) {
		h.media, h.playback = playtest.Open(t, m, t.TempDir(), nil, playback.Options{
			Free: m.Catalog.FreeMinutes,
			MayAct: func(ctx context.Context, by playback.Credential) error {
				return m.Accounts.MayAct(ctx, account.Grant(by))
			},
		})
		play.Routes(g, play.Deps{
			Site:     m.Site,
			Catalog:  m.Catalog,
			Media:    h.media,
			Playback: h.playback,
			Covers: fs.FS(fstest.MapFS{
				"sea-320.webp": {Data: []byte("RIFF cover")}, "secret.txt": {Data: []byte("secret")},
				"deep/sea-320.webp": {Data: []byte("x")},
			}),
		})
	}})
	var err error
	h.video, err = h.Catalog.ProductOfSKU(t.Context(), h.Video(990, -1))
	h.must(err)
	asset, err := h.media.Assets.Pack(t.Context(), playtest.ClearVideo(), "sea", 2)
	h.must(err)
	h.must(h.Catalog.SetAsset(t.Context(), h.video.SPUID, asset.ID, asset.DurationSeconds))
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// give grants the video, for good or as a rental of some hours, and returns the source, by which it can be revoked.
func (h *house) give(user int64, hours int) string {
	h.t.Helper()
	g := entitlement.Grant{
		UserID:    user,
		SPUID:     h.video.SPUID,
		SKUID:     1,
		Reference: "order",
		Source:    fmt.Sprint("order/", user),
		Kind:      "own",
		Quality:   "HD",
		RentHours: hours,
	}
	if hours > 0 {
		g.Kind = "rent"
	}
	h.must(db.InTx(h.t.Context(), h.Pool, func(tx pgx.Tx) error {
		_, err := h.Entitlements.GrantTx(h.t.Context(), tx, g)
		return err
	}))
	return g.Source
}

func (h *house) authURL() string { return fmt.Sprint("/api/v1/mall/play/auth/", h.video.SPUID) }

type authorization struct {
	Token, PlaylistURL, SessionID, SegmentPrefix, HeartbeatURL, ThumbnailsURL, PosterURL, Watermark string
	ExpiresAt                                                                                       time.Time
	HeartbeatSeconds, ResumeSeconds                                                                 int
	Captions                                                                                        []struct{ Language, Label, URL string }
	Code, BuyURL                                                                                    string
}

func read(t *testing.T, a webtest.Answer) authorization {
	t.Helper()
	var v authorization
	if err := json.Unmarshal([]byte(a.Body), &v); err != nil {
		t.Fatalf("answer is not JSON: %d %s: %v", a.Status, a.Body, err)
	}
	return v
}

func beat(b *webtest.Browser, s authorization, position float64) webtest.Answer {
	return b.Send("POST", s.HeartbeatURL, http.Header{
		"Authorization": {"Bearer " + s.Token},
		"Content-Type":  {"application/json"},
	},
		fmt.Sprintf(`{"position": %v, "sessionId": %q}`, position, s.SessionID))
}

// private fails the test unless the answer forbids every cache to store it.
func private(t *testing.T, what string, a webtest.Answer) webtest.Answer {
	t.Helper()
	if got := a.Header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("%s: Cache-Control: got %q, want \"private, no-store\"", what, got)
	}
	return a
}

// gives makes the first seconds of the video free, as an approved revision does.
func (h *house) gives(seconds int) {
	h.t.Helper()
	_, err := h.Pool.Exec(h.t.Context(), `update video_product_spu set free_seconds = $2 where id = $1`, h.video.SPUID,
		seconds)
	h.must(err)
}

// keyIn returns the address of the first key in a playlist.
func (h *house) keyIn(list webtest.Answer) string {
	h.t.Helper()
	_, rest, _ := strings.Cut(list.Body, `METHOD=AES-128,URI="`)
	key, _, found := strings.Cut(rest, `"`)
	if !found {
		h.t.Fatalf("playlist lacks a key: %s", list.Body)
	}
	return key
}
