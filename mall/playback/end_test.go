package playback_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"videomall/mall/entitlement"
	"videomall/mall/playback"
)

func TestPlayback_Check_refunded(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	s := f.authorized(ann, video, f.phone)
	_, err := f.Key(t.Context(), s.Token, f.phone, "film", 0)
	f.must(err)
	f.refund("a")
	_, key := f.Key(t.Context(), s.Token, f.phone, "film", 1)
	_, master := f.Master(t.Context(), s.Token, f.phone, "film")
	_, beat := f.beat(s, 5)
	_, again := f.auth(ann, video, f.phone, true)
	for what, err := range map[string]error{"key": key, "master": master, "heartbeat": beat, "authorisation": again} {
		if !errors.Is(err, entitlement.ErrRevoked) {
			t.Errorf("%s: got %v, want ErrRevoked", what, err)
		}
	}
}

func TestPlayback_Check_rental(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 48)
	s := f.authorized(ann, video, f.phone)
	_, err := f.Playlist(t.Context(), s.Token, f.phone, "film", "360p")
	f.must(err)
	ent, err := f.entitlements.Find(t.Context(), ann, video)
	if f.must(err); ent.FirstPlayedAt != nil {
		t.Fatal("looking at a player opened the window")
	}
	_, err = f.Key(t.Context(), s.Token, f.phone, "film", 0)
	f.must(err)
	ent, err = f.entitlements.Find(t.Context(), ann, video)
	if f.must(err); ent.ExpiresAt == nil || !ent.ExpiresAt.Equal(f.clock.now().Add(48*time.Hour)) {
		t.Fatalf("the first key did not open the window: %+v", ent)
	}
	f.clock.advance(48*time.Hour - 5*time.Minute)
	s = f.authorized(ann, video, f.phone)
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
	if _, err := f.auth(ann, video, f.phone, false); !errors.Is(err, entitlement.ErrExpired) {
		t.Errorf("after the rental: %v", err)
	}
}

// The rental ends while the token is still good, so only the lookup at each key can notice.
func TestPlayback_Check_rental_shortened(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 48)
	s := f.authorized(ann, video, f.phone)
	_, err := f.Key(t.Context(), s.Token, f.phone, "film", 0)
	f.must(err)
	_, err = f.pool.Exec(t.Context(), "update video_entitlement set expires_at = $1", f.clock.now())
	f.must(err)
	if _, err := f.Key(t.Context(), s.Token, f.phone, "film", 1); !errors.Is(err, entitlement.ErrExpired) {
		t.Fatalf("got %v, want ErrExpired", err)
	}
}

func TestPlayback_Authorize_longer_than_a_token(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	first := f.authorized(ann, video, f.phone)
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
	progress, err := f.Progress(t.Context(), ann, []int64{video, other})
	f.must(err)
	if g := progress[video]; len(progress) != 1 || g.PositionSeconds != 20 || !g.Finished() || g.Resume() != 0 ||
		g.Percent() != 100 {
		t.Errorf("progress %+v", progress)
	}
}

func TestNew_token_life(t *testing.T) {
	t.Parallel()
	f := open(t)
	for name, opt := range map[string]playback.Options{
		"token": {TokenTTL: 16 * time.Minute}, "lease": {Lease: 10 * time.Second},
		"heartbeat": {Heartbeat: 20 * time.Minute},
	} {
		if _, err := playback.New(playback.Deps{
			Pool:         f.pool,
			Redis:        nil,
			Entitlements: f.entitlements,
			Media:        f.media,
			Secrets:      secrets,
			Options:      opt,
			Log:          slog.Default(),
			Now:          time.Now,
		}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := playback.New(playback.Deps{
		Pool:         f.pool,
		Redis:        nil,
		Entitlements: f.entitlements,
		Media:        f.media,
		Secrets:      playback.Secrets{},
		Options:      playback.Options{},
		Log:          slog.Default(),
		Now:          time.Now,
	}); err == nil {
		t.Error("empty secrets: accepted")
	}
}
