package playback

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/playback/internal/dbsqlc"
)

// NewDevice makes the value of a browser's device cookie: a random id and our signature, so that a list of
// devices can't be filled with made-up ones.
func (p *Playback) NewDevice() string {
	id := rand.Text()
	return id + "." + base64.RawURLEncoding.EncodeToString(mac(p.secrets.Device, "device", id))
}

// DeviceHash is the hash under which a device is stored; nil for a cookie that we did not sign.
func (p *Playback) DeviceHash(cookie string) []byte {
	id, sig, _ := strings.Cut(cookie, ".")
	given, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || id == "" || strings.Contains(id, "\n") || !hmac.Equal(given, mac(p.secrets.Device, "device", id)) {
		return nil
	}
	hash := sha256.Sum256([]byte(id))
	return hash[:]
}

// Device is a browser that plays videos of an account.
type Device struct {
	ID int64
	// Label is the browser and system as it was first seen.
	Label      string
	CreatedAt  time.Time
	LastSeenAt time.Time // to the hour
	Hash       []byte
}

// seenAfter is how often a device's row is updated at most. Without it every heartbeat would write one.
const seenAfter = time.Hour

// knows reports whether the account has the device, and notes that it was seen.
func (p *Playback) knows(ctx context.Context, user int64, hash []byte) (bool, error) {
	seen, err := p.q.DeviceSeen(ctx, p.pool, dbsqlc.DeviceSeenParams{UserID: user, DeviceHash: hash})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("device of user %d: %w", user, err)
	}
	if now := p.now(); now.Sub(seen) > seenAfter {
		if err := p.q.SeeDevice(ctx, p.pool, dbsqlc.SeeDeviceParams{
			At:         now,
			UserID:     user,
			DeviceHash: hash,
		}); err != nil {
			return false, fmt.Errorf("see device of user %d: %w", user, err)
		}
	}
	return true, nil
}

const maxLabel = 80

// admit adds the device to the account unless it is there. ErrDeviceLimit: the account has its most devices already.
func (p *Playback) admit(ctx context.Context, user int64, hash []byte, label string) error {
	if known, err := p.knows(ctx, user, hash); known || err != nil {
		return err
	}
	if !db.Storable(label) {
		label = ""
	}
	if r := []rune(label); len(r) > maxLabel {
		label = string(r[:maxLabel])
	}
	return db.InTx(ctx, p.pool, func(tx pgx.Tx) error {
		if err := p.q.LockDevices(ctx, tx, user); err != nil {
			return fmt.Errorf("lock devices of user %d: %w", user, err)
		}
		n, err := p.q.CountDevices(ctx, tx, user)
		if err != nil {
			return fmt.Errorf("count devices of user %d: %w", user, err)
		}
		// Another request of the same device may have added it meanwhile. It then takes no second place.
		_, err = p.q.DeviceSeen(ctx, tx, dbsqlc.DeviceSeenParams{UserID: user, DeviceHash: hash})
		if err == nil {
			return nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("device of user %d: %w", user, err)
		}
		if int(n) >= p.opt.MaxDevices {
			return ErrDeviceLimit
		}
		err = p.q.AddDevice(ctx, tx, dbsqlc.AddDeviceParams{
			UserID:     user,
			DeviceHash: hash,
			Label:      label,
			At:         p.now(),
		})
		if err != nil {
			return fmt.Errorf("add device of user %d: %w", user, err)
		}
		return nil
	})
}

// Devices lists an account's living devices, the last seen first.
func (p *Playback) Devices(ctx context.Context, userID int64) ([]Device, error) {
	rows, err := p.q.Devices(ctx, p.pool, userID)
	if err != nil {
		return nil, fmt.Errorf("devices of user %d: %w", userID, err)
	}
	devices := make([]Device, len(rows))
	for i, r := range rows {
		devices[i] = Device{
			ID:         r.ID,
			Label:      r.Label,
			CreatedAt:  r.CreatedAt,
			LastSeenAt: r.LastSeenAt,
			Hash:       r.DeviceHash,
		}
	}
	return devices, nil
}

// MaxDevices is how many devices an account may have.
func (p *Playback) MaxDevices() int { return p.opt.MaxDevices }

// RemoveDevice takes a device off the account, or says ErrNoDevice. What it plays ends at its next key,
// playlist or heartbeat. hash is what the device's cookie names, so that the caller can sign it out.
func (p *Playback) RemoveDevice(ctx context.Context, userID, deviceID int64) (hash []byte, err error) {
	hash, err = p.q.RemoveDevice(ctx, p.pool, dbsqlc.RemoveDeviceParams{
		UserID: userID,
		ID:     deviceID,
		At:     p.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNoDevice
	}
	if err != nil {
		return nil, fmt.Errorf("remove device %d of user %d: %w", deviceID, userID, err)
	}
	return hash, nil
}
