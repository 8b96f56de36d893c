package playback_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"videomall/mall/entitlement"
	"videomall/mall/fault"
	"videomall/mall/media"
	"videomall/mall/playback"
)

func TestPlayback_Preview(t *testing.T) {
	t.Parallel()
	f := open(t)
	leave := map[int64]bool{ann: true}
	p, err := playback.New(playback.Deps{
		Pool:         f.pool,
		Redis:        f.redis,
		Entitlements: f.entitlements,
		Media:        f.media,
		Secrets:      secrets,
		Options: playback.Options{
			MayPreview: func(_ context.Context, user, asset int64) (bool, error) {
				return leave[user] && asset == f.assets[video], nil
			},
		},
		Log: slog.New(slog.DiscardHandler),
		Now: f.clock.now,
	})
	f.must(err)
	see := func(user, asset int64, device []byte) error {
		_, err := p.Preview(t.Context(), playback.PreviewRequest{
			UserID:  user,
			AssetID: asset,
			Device:  device,
		})
		return err
	}
	for name, c := range map[string]struct{ err, want error }{
		"somebody else": {see(bob, f.assets[video], f.phone), entitlement.ErrNotEntitled},
		"another video": {see(ann, f.assets[other], f.phone), entitlement.ErrNotEntitled},
		"no video":      {see(ann, 999, f.phone), media.ErrUnknownAsset},
		"no device":     {see(ann, f.assets[video], nil), playback.ErrWrongDevice},
		"nobody previews": {func() error {
			_, err := f.Preview(t.Context(), playback.PreviewRequest{
				UserID:  ann,
				AssetID: f.assets[video],
				Device:  f.phone,
			})
			return err
		}(), entitlement.ErrNotEntitled},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	s, err := p.Preview(t.Context(), playback.PreviewRequest{
		UserID:  ann,
		AssetID: f.assets[video],
		Device:  f.phone,
	})
	f.must(err)
	if _, err := p.Playlist(t.Context(), s.Token, f.phone, "film", "2160p"); err != nil {
		t.Errorf("the best picture: %v", err)
	}
	if _, err := p.Key(t.Context(), s.Token, f.phone, "film", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Key(t.Context(), s.Token, f.laptop, "film", 0); !errors.Is(err, playback.ErrWrongDevice) {
		t.Errorf("on another device: %v", err)
	}
	if _, err := p.Key(t.Context(), s.Token, f.phone, "other", 0); !errors.Is(err, playback.ErrWrongVideo) {
		t.Errorf("another video by the same token: %v", err)
	}
	f.clock.advance(time.Minute)
	next, err := p.Heartbeat(t.Context(), playback.HeartbeatRequest{
		Token:    s.Token,
		Device:   f.phone,
		UserID:   ann,
		Position: 9,
	})
	f.must(err)
	if devices, err := p.Devices(t.Context(), ann); err != nil || len(devices) != 0 {
		t.Errorf("a preview took a device's place: %v, %v", devices, err)
	}
	if kept, err := p.Progress(t.Context(), ann, []int64{video, 0}); err != nil || len(kept) != 0 {
		t.Errorf("a preview left a position: %v, %v", kept, err)
	}
	leave[ann] = false
	if _, err := p.Key(t.Context(), next.Token, f.phone, "film", 1); !errors.Is(err, entitlement.ErrNotEntitled) {
		t.Errorf("a key after the leave was taken back: %v", err)
	}
}

// A preview and the free minutes of somebody who is signed in end with that sign-in. A guest's free minutes go on.
func TestPlayback_MayAct(t *testing.T) {
	t.Parallel()
	f := open(t)
	ended := errors.New("the register is out of reach")
	var answer error
	p, err := playback.New(playback.Deps{
		Pool:         f.pool,
		Redis:        f.redis,
		Entitlements: f.entitlements,
		Media:        f.media,
		Secrets:      secrets,
		Options: playback.Options{
			Free:       func(context.Context, int64) (int64, int, error) { return f.assets[video], 6, nil },
			MayPreview: func(context.Context, int64, int64) (bool, error) { return true, nil },
			MayAct: func(_ context.Context, by playback.Credential) error {
				if by.UserID == 0 {
					t.Error("asked about nobody")
				}
				return answer
			},
		},
		Log: slog.New(slog.DiscardHandler),
		Now: f.clock.now,
	})
	f.must(err)
	by := playback.Credential{
		UserID:  ann,
		Epoch:   1,
		Session: 5,
	}
	free, err := p.Free(t.Context(), playback.FreeRequest{
		SPUID:  video,
		Device: f.phone,
		By:     by,
	})
	f.must(err)
	guest, err := p.Free(t.Context(), playback.FreeRequest{SPUID: video, Device: f.laptop})
	f.must(err)
	preview, err := p.Preview(t.Context(), playback.PreviewRequest{
		UserID:  ann,
		AssetID: f.assets[video],
		Device:  f.phone,
		By:      by,
	})
	f.must(err)
	for name, c := range map[string]struct{ answer, want error }{
		"signed in": {},
		"signed out": {
			answer: fault.New(fault.Unauthenticated, "access_ended", "Ended."),
			want:   playback.ErrSignedOut,
		},
		"not to tell": {answer: ended, want: ended},
	} {
		answer = c.answer
		for kind, token := range map[string]string{"free minutes": free.Token, "a preview": preview.Token} {
			if _, err := p.Master(t.Context(), token, f.phone, "film"); !errors.Is(err, c.want) {
				t.Errorf("%s: %s, playlist: %v, want %v", name, kind, err, c.want)
			}
			if _, err := p.Key(t.Context(), token, f.phone, "film", 0); !errors.Is(err, c.want) {
				t.Errorf("%s: %s, key: %v, want %v", name, kind, err, c.want)
			}
			r := playback.HeartbeatRequest{
				Token:  token,
				Device: f.phone,
				UserID: ann,
				By:     by,
			}
			if _, err := p.Heartbeat(t.Context(), r); !errors.Is(err, c.want) {
				t.Errorf("%s: %s, heartbeat: %v, want %v", name, kind, err, c.want)
			}
		}
		if _, err := p.Key(t.Context(), guest.Token, f.laptop, "film", 0); err != nil {
			t.Errorf("%s: a guest's free minutes: %v", name, err)
		}
	}
}
