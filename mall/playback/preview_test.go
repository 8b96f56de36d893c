package playback_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"videomall/mall/entitlement"
	"videomall/mall/media"
	"videomall/mall/playback"
)

func TestAPreviewEndsWithTheLeaveToSeeIt(t *testing.T) {
	t.Parallel()
	f := open(t)
	leave := map[int64]bool{ann: true}
	p, err := playback.New(f.pool, f.redis, f.entitlements, f.media, keys, playback.Options{
		MayPreview: func(_ context.Context, user, asset int64) (bool, error) {
			return leave[user] && asset == f.assets[film], nil
		},
	}, slog.New(slog.DiscardHandler), f.clock.now)
	f.must(err)
	see := func(user, asset int64, device []byte) error {
		_, err := p.Preview(t.Context(), playback.PreviewRequest{UserID: user, AssetID: asset, Device: device})
		return err
	}
	for name, c := range map[string]struct{ err, want error }{
		"somebody else": {see(bob, f.assets[film], f.phone), entitlement.ErrNotEntitled},
		"another film":  {see(ann, f.assets[other], f.phone), entitlement.ErrNotEntitled},
		"no film":       {see(ann, 999, f.phone), media.ErrUnknownAsset},
		"no device":     {see(ann, f.assets[film], nil), playback.ErrWrongDevice},
		"nobody previews": {func() error {
			_, err := f.Preview(t.Context(), playback.PreviewRequest{UserID: ann, AssetID: f.assets[film], Device: f.phone})
			return err
		}(), entitlement.ErrNotEntitled},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	s, err := p.Preview(t.Context(), playback.PreviewRequest{UserID: ann, AssetID: f.assets[film], Device: f.phone})
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
		t.Errorf("another film by the same token: %v", err)
	}
	f.clock.advance(time.Minute)
	next, err := p.Heartbeat(t.Context(), playback.HeartbeatRequest{Token: s.Token, Device: f.phone, UserID: ann, Position: 9})
	f.must(err)
	if devices, err := p.Devices(t.Context(), ann); err != nil || len(devices) != 0 {
		t.Errorf("a preview took a device's place: %v, %v", devices, err)
	}
	if kept, err := p.Progress(t.Context(), ann, []int64{film, 0}); err != nil || len(kept) != 0 {
		t.Errorf("a preview left a position: %v, %v", kept, err)
	}
	leave[ann] = false
	if _, err := p.Key(t.Context(), next.Token, f.phone, "film", 1); !errors.Is(err, entitlement.ErrNotEntitled) {
		t.Errorf("a key after the leave was taken back: %v", err)
	}
}
