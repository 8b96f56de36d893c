package playback_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/entitlement"
	"videomall/mall/playback"
)

func TestPlayback_Heartbeat_one_stream(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	f.give(ann, other, "b", entitlement.QualityHD, 0)
	f.give(bob, video, "c", entitlement.QualityHD, 0)
	phone := f.authorized(ann, video, f.phone)
	if _, err := f.auth(ann, other, f.laptop, false); !errors.Is(err, playback.ErrStreamLimit) {
		t.Fatalf("a second screen: %v", err)
	}
	f.authorized(bob, video, f.laptop) // accounts do not share
	laptop, err := f.auth(ann, other, f.laptop, true)
	f.must(err)
	if _, err := f.Key(t.Context(), phone.Token, f.phone, "film", 0); !errors.Is(err, playback.ErrStreamEnded) {
		t.Fatalf("the first screen after a takeover: %v", err)
	}
	if _, err := f.beat(phone, 1); !errors.Is(err, playback.ErrStreamEnded) {
		t.Fatalf("its heartbeat: %v", err)
	}
	f.must(f.Check(t.Context(), laptop.Token, f.laptop, "other"))

	second := f.authorized(ann, video, f.laptop) // the same device replaces its own
	if err := f.Check(t.Context(), laptop.Token, f.laptop, "other"); !errors.Is(err, playback.ErrStreamEnded) {
		t.Fatalf("the replaced stream: %v", err)
	}

	f.clock.advance(44 * time.Second)
	f.must(f.Check(t.Context(), second.Token, f.laptop, "film")) // a sign of life
	f.clock.advance(44 * time.Second)
	if _, err := f.auth(ann, video, f.phone, false); !errors.Is(err, playback.ErrStreamLimit) {
		t.Fatalf("within the lease: %v", err)
	}
	f.clock.advance(time.Second)
	phone = f.authorized(ann, video, f.phone)
	if err := f.Check(t.Context(), second.Token, f.laptop, "film"); !errors.Is(err, playback.ErrStreamEnded) {
		t.Fatalf("a stream that was silent too long: %v", err)
	}
	f.clock.advance(5 * time.Minute) // nobody took its place meanwhile
	f.must(f.Check(t.Context(), phone.Token, f.phone, "film"))
	if f.LeasesSkipped() != 0 {
		t.Fatalf("%d leases were not asked for", f.LeasesSkipped())
	}
}

func TestPlayback_Heartbeat_two_screens_at_once(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	var admitted atomic.Int32
	var wg sync.WaitGroup
	for _, device := range [][]byte{f.phone, f.laptop, f.DeviceHash(f.NewDevice()), f.DeviceHash(f.NewDevice())} {
		wg.Go(func() {
			_, err := f.Authorize(context.WithoutCancel(t.Context()), playback.AuthRequest{
				UserID:  ann,
				SPUID:   video,
				AssetID: f.assets[video],
				Device:  device,
			})
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

func TestPlayback_Heartbeat_without_Redis(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	gone := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer gone.Close()
	for name, p := range map[string]*playback.Playback{"gone": f.play(gone), "none": f.play(nil)} {
		for _, device := range [][]byte{f.phone, f.laptop} {
			s, err := p.Authorize(t.Context(), playback.AuthRequest{
				UserID:  ann,
				SPUID:   video,
				AssetID: f.assets[video],
				Device:  device,
			})
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

func TestPlayback_Devices(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.give(ann, video, "a", entitlement.QualityHD, 0)
	f.authorized(ann, video, f.phone)
	for range 3 {
		_, err := f.auth(ann, video, f.DeviceHash(f.NewDevice()), true)
		f.must(err)
	}
	// Four live; many new ones at once must still end at five.
	// The account's own lock holds all of them at the door.
	gate, err := f.pool.Begin(t.Context())
	f.must(err)
	defer gate.Rollback(context.WithoutCancel(t.Context()))
	_, err = gate.Exec(t.Context(),
		"select pg_advisory_xact_lock(hashtextextended('playback_device ' || $1::bigint, 0))", ann)
	f.must(err)
	var wg sync.WaitGroup
	var full atomic.Int32
	for range 4 {
		device := f.DeviceHash(f.NewDevice())
		wg.Go(func() {
			_, err := f.Authorize(context.WithoutCancel(t.Context()), playback.AuthRequest{
				UserID:   ann,
				SPUID:    video,
				AssetID:  f.assets[video],
				Device:   device,
				TakeOver: true,
			})
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
	s, err := f.auth(ann, video, f.phone, true)
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
	_, err = f.auth(ann, video, f.laptop, true)
	f.must(err)
	if _, err := f.auth(ann, video, f.phone, true); !errors.Is(err, playback.ErrDeviceLimit) {
		t.Fatalf("back without a place: %v", err)
	}
}

func TestPlayback_NewDevice(t *testing.T) {
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
