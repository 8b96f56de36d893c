package play_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account"
	"videomall/web/play"
	"videomall/web/webtest"
)

func TestAuth_playlists_keys_segments(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann := h.Person("ann", "shopper")
	h.give(ann.ID, 0)
	b := h.Browser(ann.ID)
	s := read(t, private(t, "auth", b.Get(h.authURL()).Wants(200)))
	if s.HeartbeatSeconds != 15 || len(s.Watermark) != 14 || s.ExpiresAt.Before(h.Now().Add(14*time.Minute)) ||
		len(s.Captions) != 2 ||
		s.Captions[0].Label != "English" || s.Captions[1].Label != "中文" {
		t.Fatalf("authorisation: got %+v", s)
	}
	master := private(t, "master", b.Get(s.PlaylistURL).Wants(200))
	if master.Header.Get("Content-Type") != "application/vnd.apple.mpegurl" ||
		!strings.Contains(master.Body, "360p/index.m3u8") {
		t.Fatalf("master playlist: got %v\n%s", master.Header, master.Body)
	}
	list := private(t, "playlist",
		b.Get(strings.Replace(s.PlaylistURL, "master.m3u8", "360p/index.m3u8", 1)).Wants(200))
	var keyURL, segmentURL string
	for line := range strings.Lines(list.Body) {
		line = strings.TrimSpace(line)
		if _, uri, ok := strings.Cut(line, `METHOD=AES-128,URI="`); ok && keyURL == "" {
			keyURL = strings.TrimSuffix(uri, `"`)
		}
		if strings.HasPrefix(line, "/s/") && segmentURL == "" {
			segmentURL = line
		}
	}
	if !strings.HasPrefix(segmentURL, s.SegmentPrefix) {
		t.Fatalf("address of a segment: got %s, want it below %s", segmentURL, s.SegmentPrefix)
	}
	if key := private(t, "key", b.Get(keyURL).Wants(200)); len(key.Body) != 16 ||
		key.Header.Get("Content-Type") != "application/octet-stream" {
		t.Fatalf("key: got %d bytes, %v, want 16", len(key.Body), key.Header)
	}
	segment := private(t, "segment", b.Get(segmentURL).Wants(200))
	if len(segment.Body) != 1008 || segment.Header.Get("Content-Type") != "video/iso.segment" ||
		segment.Header.Get("Content-Length") != "1008" {
		t.Fatalf("segment: got %d bytes, %v, want 1008", len(segment.Body), segment.Header)
	}
	part := b.Send("GET", segmentURL, http.Header{"Range": {"bytes=100-199"}}, "").Wants(206)
	if part.Body != segment.Body[100:200] || part.Header.Get("Content-Range") != "bytes 100-199/1008" {
		t.Fatalf("range of a segment: got %v with %d bytes, want 100", part.Header, len(part.Body))
	}
	b.Send("GET", segmentURL, http.Header{"Range": {"bytes=5000-"}}, "").Wants(416)
	if head := b.Send("HEAD", segmentURL, nil, "").Wants(200); head.Header.Get("Content-Length") != "1008" ||
		head.Body != "" {
		t.Fatalf("HEAD of a segment: got %v, want Content-Length 1008 and no body", head.Header)
	}
	for address, contentType := range map[string]string{
		s.Captions[1].URL: "text/vtt; charset=utf-8",
		s.ThumbnailsURL:   "text/vtt; charset=utf-8",
		strings.Replace(s.ThumbnailsURL, "thumbs.vtt", "thumbs.webp", 1): "image/webp",
	} {
		if a := private(t, address, b.Get(address).Wants(200)); a.Header.Get("Content-Type") != contentType {
			t.Errorf("%s: got %v, want type %s", address, a.Header, contentType)
		}
	}

	next := read(t, private(t, "heartbeat", beat(b, s, 7.5).Wants(200)))
	if next.SessionID != s.SessionID || next.Token == s.Token || next.SegmentPrefix == "" ||
		next.HeartbeatURL != s.HeartbeatURL {
		t.Fatalf("renewal by a heartbeat: got %+v, want the same session with a new token", next)
	}
	if again := read(t, b.Get(h.authURL()).Wants(200)); again.ResumeSeconds != 7 {
		t.Fatalf("position to resume: got %d, want 7", again.ResumeSeconds)
	}
}

func TestAuth_guest_plays_free_minutes(t *testing.T) {
	t.Parallel()
	h := open(t)
	guest, here := h.Browser(0), play.FreeURL(h.video.Slug)
	refusal := func(what string, a webtest.Answer, code string) {
		t.Helper()
		if v := read(t, private(t, what, a)); a.Status != 403 || v.Code != code {
			t.Errorf("%s: got %d %s, want 403 %s", what, a.Status, a.Body, code)
		}
	}
	refusal("nothing is free", guest.Get(here), "not_free")
	refusal("no such video", guest.Get(play.FreeURL("none")), "not_free")
	h.gives(6)
	s := read(t, private(t, "free minutes", guest.Get(here).Wants(200)))
	if s.Watermark != "" || s.ThumbnailsURL != "" || len(s.Captions) != 2 ||
		s.ExpiresAt.After(h.Now().Add(15*time.Minute)) {
		t.Errorf("authorisation of a guest: got %+v", s)
	}
	list := private(t, "playlist",
		guest.Get(strings.Replace(s.PlaylistURL, "master.m3u8", "360p/index.m3u8", 1)).Wants(200))
	if strings.Count(list.Body, ".m4s") != 2 || !strings.Contains(list.Body, s.SegmentPrefix) {
		t.Errorf("playlist of the free minutes: want two segments, got\n%s", list.Body)
	}
	guest.Get("/k/" + s.Token + "/sea/0").Wants(200)
	refusal("later key", guest.Get("/k/"+s.Token+"/sea/1"), "free_over")
	guest.Get(s.SegmentPrefix + "360p/s1.m4s").Wants(200)
	refusal("later segment", guest.Get(s.SegmentPrefix+"360p/s2.m4s"), "free_over")
	refusal("range of a later segment",
		guest.Send("GET", s.SegmentPrefix+"360p/s4.m4s", http.Header{"Range": {"bytes=0-1"}}, ""), "free_over")
	if a := guest.Get(s.Captions[0].URL).Wants(200); a.Header.Get("Content-Type") != "text/vtt; charset=utf-8" ||
		!strings.Contains(a.Body, "Hello") {
		t.Errorf("subtitles: got %v\n%s", a.Header, a.Body)
	}
	refusal("another browser", h.Browser(0).Get("/k/"+s.Token+"/sea/0"), "wrong_device")
	next := read(t, beat(guest, s, 3).Wants(200))
	guest.Get("/k/" + next.Token + "/sea/0").Wants(200)
	if n := webtest.Query[int64](h.Mall, `select count(*) from playback_progress`)[0] + webtest.Query[int64](h.Mall,
		`select count(*) from playback_device`)[0]; n != 0 {
		t.Errorf("rows that a guest leaves: got %d, want 0", n)
	}
	// Taking the listing down also ends the playback of those who are watching.
	h.must(h.Catalog.TakeDown(t.Context(), h.video.SPUID))
	refusal("key after the takedown", guest.Get("/k/"+next.Token+"/sea/0"), "not_free")
	refusal("heartbeat after the takedown", beat(guest, next, 4), "not_free")
	refusal("authorisation after the takedown", guest.Get(here), "not_free")
}

func TestAuth_refusal_codes(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann, bob := h.Person("ann", "shopper"), h.Person("bob", "shopper")
	source := h.give(ann.ID, 0)
	b, second := h.Browser(ann.ID), h.Browser(ann.ID)
	refused := func(what string, a webtest.Answer, status int, code string) authorization {
		t.Helper()
		private(t, what, a)
		p := authorization{}
		if strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") {
			p = read(t, a)
		}
		if a.Status != status || p.Code != code {
			t.Errorf("%s: got %d %s, want %d %s", what, a.Status, a.Body, status, code)
		}
		return p
	}
	s := read(t, b.Get(h.authURL()).Wants(200))
	key := "/k/" + s.Token + "/sea/0"
	refused("guest", h.Browser(0).Get(h.authURL()), 401, "signed_out")
	if p := refused("stranger", h.Browser(bob.ID).Get(h.authURL()), 403,
		"not_entitled"); p.BuyURL != h.URL+"/v/"+h.video.Slug {
		t.Errorf("buyUrl: got %q, want the product page", p.BuyURL)
	}
	refused("no such video", b.Get("/api/v1/mall/play/auth/999"), 404, "product_not_found")
	refused("id that is not a number", b.Get("/api/v1/mall/play/auth/film"), 404, "product_not_found")
	refused("token in another browser", second.Get(s.PlaylistURL), 403, "wrong_device")
	refused("another video", b.Get("/k/"+s.Token+"/land/0"), 403, "wrong_video")
	refused("no token", b.Get("/k/x/sea/0"), 403, "bad_token")
	refused("key after the last one", b.Get("/k/"+s.Token+"/sea/99"), 404, "unknown_asset")
	refused("key with a negative number", b.Get("/k/"+s.Token+"/sea/-1"), 404, "unknown_asset")
	refused("second screen", second.Get(h.authURL()), 409, "stream_limit")
	refused("body that is not JSON", b.Send("POST", h.authURL(), nil, "{"), 400, "bad_request")
	refused("heartbeat of a guest", beat(h.Browser(0), s, 1), 403, "wrong_device")
	refused("heartbeat without a token", beat(b, authorization{HeartbeatURL: s.HeartbeatURL}, 1), 403, "bad_token")

	over := second.Send("POST", h.authURL(), http.Header{"Content-Type": {"application/json"}}, `{"takeover": true}`).
		Wants(200)
	refused("heartbeat of the first screen after a takeover", beat(b, s, 3), 409, "stream_ended")
	refused("key of the first screen after a takeover", b.Get(key), 409, "stream_ended")
	s = read(t, over)
	h.must(db.InTx(t.Context(), h.Pool, func(tx pgx.Tx) error {
		_, err := h.Entitlements.RevokeTx(t.Context(), tx, source, "refund")
		return err
	}))
	refused("key after the refund", second.Get("/k/"+s.Token+"/sea/1"), 403, "entitlement_revoked")
	refused("heartbeat after the refund", beat(second, s, 3), 403, "entitlement_revoked")
	if p := refused("authorisation after the refund", second.Get(h.authURL()), 403,
		"entitlement_revoked"); p.BuyURL == "" {
		t.Error("authorisation after the refund: buyUrl is empty")
	}
	second.Get(s.SegmentPrefix + "360p/s0.m4s").Wants(200)
	refused("segment with a changed address",
		second.Get(strings.Replace(s.SegmentPrefix, "/sea/", "/land/", 1)+"360p/s0.m4s"), 403, "bad_signature")
	h.Advance(15 * time.Minute)
	refused("expired segment", second.Get(s.SegmentPrefix+"360p/s0.m4s"), 403, "segment_expired")
	refused("expired token", second.Get("/k/"+s.Token+"/sea/1"), 403, "token_expired")
}

// TestAuth_sign_out_ends_playback signs somebody else in at the same browser. They have its device cookie, but must not
// continue the playback.
func TestAuth_sign_out_ends_playback(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann, bob := h.Person("ann", "shopper"), h.Person("bob", "shopper")
	h.give(ann.ID, 0)
	b := h.Browser(ann.ID)
	s := read(t, b.Get(h.authURL()).Wants(200))
	b.SignIn(bob.ID)
	if a := beat(b, s, 1).Wants(401); read(t, a).Code != "signed_out" {
		t.Fatalf("heartbeat of another account: got %s, want signed_out", a.Body)
	}
}

// TestAuth_suspended_plays_no_further suspends somebody who is watching. That ends no session, so the heartbeat has to
// check.
func TestAuth_suspended_plays_no_further(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann := h.Person("ann", "shopper")
	h.give(ann.ID, 0)
	b := h.Browser(ann.ID)
	s := read(t, beat(b, read(t, b.Get(h.authURL()).Wants(200)), 1).Wants(200))
	h.out.Store(ann.ID)
	if a := beat(b, s, 2).Wants(401); read(t, a).Code != "signed_out" || strings.Contains(a.Body, "token\"") {
		t.Fatalf("heartbeat of a suspended account: got %s, want signed_out and no token", a.Body)
	}
	h.out.Store(0)
	beat(b, s, 3).Wants(200)
}

// TestKey_access_ended checks that each way to end somebody's access ends the playback at the next key and the
// next playlist.
func TestKey_access_ended(t *testing.T) {
	t.Parallel()
	h := open(t)
	ways := map[string]func(ctx context.Context, u account.User, b *webtest.Browser) error{
		"signed out everywhere": func(ctx context.Context, u account.User, _ *webtest.Browser) error {
			_, err := h.Accounts.EndAll(ctx, u.ID)
			return err
		},
		"signed out on one device": func(ctx context.Context, u account.User, _ *webtest.Browser) error {
			devices, err := h.Sessions.Devices(ctx, u.ID, nil)
			if err != nil {
				return err
			}
			return h.Sessions.EndDevice(ctx, u.ID, devices[0].Number)
		},
		"suspended": func(_ context.Context, u account.User, _ *webtest.Browser) error {
			h.out.Store(u.ID)
			return nil
		},
		"locked": func(ctx context.Context, u account.User, _ *webtest.Browser) error {
			_, err := h.Accounts.Lock(ctx, u.ID)
			return err
		},
		"password changed": func(ctx context.Context, u account.User, _ *webtest.Browser) error {
			return h.Accounts.ChangePassword(ctx, u.ID, "a password of "+u.Name, "four loud herons")
		},
		"signed in again": func(_ context.Context, u account.User, b *webtest.Browser) error {
			b.SignIn(u.ID)
			return nil
		},
	}
	for way, end := range ways { // one after the other, because only one account can be suspended
		name := "ann" + strings.ReplaceAll(way, " ", "-")
		u := h.Person(name, "shopper")
		h.give(u.ID, 0)
		b := h.Browser(u.ID)
		s := read(t, b.Get(h.authURL()).Wants(200))
		list := strings.Replace(s.PlaylistURL, "master.m3u8", "360p/index.m3u8", 1)
		key := h.keyIn(b.Get(list).Wants(200))
		b.Get(key).Wants(200)
		h.must(end(t.Context(), u, b))
		for what, path := range map[string]string{"key": key, "playlist": list, "master": s.PlaylistURL} {
			if a := b.Get(path); a.Status != 401 || read(t, a).Code != "signed_out" {
				t.Errorf("%s: %s: got %d %s, want 401 signed_out", way, what, a.Status, a.Body)
			}
		}
	}
}

func TestLanguage_own_names(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"zh": "中文", "en": "English", "zh-CN": "中文", "!": "!"} {
		if got := play.LanguageName(tag); got != want {
			t.Errorf("LanguageName(%s): got %q, want %q", tag, got, want)
		}
	}
}

// TestAuth_cross_origin checks that no link or picture on another site can start a stream.
func TestAuth_cross_origin(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann := h.Person("ann", "shopper")
	h.give(ann.ID, 0)
	h.gives(6)
	b := h.Browser(ann.ID)
	for _, address := range []string{h.authURL(), play.FreeURL(h.video.Slug), play.PreviewURL(1)} {
		for _, site := range []string{"cross-site", "same-site"} {
			a := b.Send("GET", address, http.Header{"Sec-Fetch-Site": {site}}, "").Wants(403)
			if !strings.Contains(a.Body, `"cross_origin"`) {
				t.Errorf("%s from %s: got %s, want cross_origin", address, site, a.Body)
			}
		}
		b.Send("GET", address, http.Header{"Referer": {"https://evil.example/"}}, "").Wants(403)
	}
	if devices, err := h.playback.Devices(t.Context(), ann.ID); err != nil || len(devices) != 0 {
		t.Errorf("devices after refused requests: got %+v, %v, want none", devices, err)
	}
	b.Send("GET", h.authURL(), http.Header{"Sec-Fetch-Site": {"same-origin"}}, "").Wants(200)
	b.Send("GET", play.FreeURL(h.video.Slug), http.Header{"Sec-Fetch-Site": {"same-origin"}}, "").Wants(200)
}
