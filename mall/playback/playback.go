// Package playback owns the way from "may watch" to a picture: play tokens, devices, the one stream an
// account may have, signed segment paths, playlists and keys handed out, and where a viewer left off. It
// refuses to know prices and orders, and it never decides who is entitled: it asks, again at each key.
package playback

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"videomall/mall/entitlement"
	"videomall/mall/fault"
	"videomall/mall/media"
	"videomall/mall/playback/internal/dbsqlc"
	"videomall/mall/redisbreaker"
)

// Why playing is refused; besides these, entitlement's not_entitled, rental_expired and entitlement_revoked.
// The viewer can settle a conflict, so a player asks them instead of trying again by itself.
var (
	ErrBadToken      = fault.New(fault.Forbidden, "bad_token", "This play token is not valid.")
	ErrTokenExpired  = fault.New(fault.Forbidden, "token_expired", "This play token has expired.")
	ErrWrongDevice   = fault.New(fault.Forbidden, "wrong_device", "This play token belongs to another device.")
	ErrWrongVideo    = fault.New(fault.Forbidden, "wrong_video", "This play token belongs to another video.")
	ErrQuality       = fault.New(fault.Forbidden, "quality_not_entitled", "This picture quality was not bought.")
	ErrBadSignature  = fault.New(fault.Forbidden, "bad_signature", "This address is not signed by the mall.")
	ErrSegmentExpiry = fault.New(fault.Forbidden, "segment_expired", "This address has expired.")
	ErrSignedOut     = fault.New(fault.Unauthenticated, "signed_out", "Sign in to go on watching.")
	ErrStreamEnded   = fault.New(fault.Conflict, "stream_ended", "Playback moved to another screen.")
	ErrStreamLimit   = fault.New(fault.Conflict, "stream_limit", "This account is playing on another screen.")
	ErrDeviceLimit   = fault.New(fault.Conflict, "device_limit",
		"This account already plays on as many devices as it may.")
	ErrDeviceRemoved = fault.New(fault.Conflict, "device_removed", "This device was removed from the account.")
	ErrNotFree       = fault.New(fault.Forbidden, "not_free", "Nothing of this video can be watched for free.")
	ErrFreeOver      = fault.New(fault.Forbidden, "free_over", "This part of the video cannot be watched for free.")
	ErrNoDevice      = fault.New(fault.NotFound, "unknown_device", "There is no such device on this account.")
)

// maxTokenTTL is the longest life of a play token: what was handed out before a refund works until then.
const maxTokenTTL = 15 * time.Minute

// Secrets are what playback signs with, each derived for its own purpose, 32 bytes.
type Secrets struct{ Token, Segment, Device []byte }

// Options tune playback; the zero value is what the mall runs with.
type Options struct {
	TokenTTL   time.Duration // of a token and of its signed segment prefix; 15 min, which is also the most
	Lease      time.Duration // how long a stream lives without a sign of life; 45 s
	Heartbeat  time.Duration // what players are told to send; 15 s
	MaxDevices int           // living devices an account; 5
	// MayPreview says who may see a video without having bought it: its creator, and those who review it. It is asked
	// again at each key. Nil lets nobody preview.
	MayPreview func(ctx context.Context, userID, assetID int64) (bool, error)
	// MayAct returns nil if a viewer's credential is still good, and else why not. It is asked again at each
	// playlist, key and heartbeat. A nil MayAct checks nothing.
	MayAct func(ctx context.Context, by Credential) error
	// Free is the packaged video of a listing and how many seconds of its begin anybody may watch now, both 0 for
	// nothing. It is asked again at each key; nil gives nothing away.
	Free func(ctx context.Context, spuID int64) (assetID int64, seconds int, err error)
}

// Progressed tells how far a viewer has come in a video.
type Progressed struct {
	SessionID       string
	UserID, SPUID   int64
	PositionSeconds float64
	DurationSeconds int // of the video
}

// Playback authorises, checks, renews and serves.
type Playback struct {
	onProgress   func(Progressed)
	pool         *pgxpool.Pool
	entitlements *entitlement.Entitlements
	media        media.Media
	leases       *leases
	secrets      Secrets
	opt          Options
	now          func() time.Time
	log          *slog.Logger
	q            *dbsqlc.Queries
}

// Deps are what playback stands on.
type Deps struct {
	Pool *pgxpool.Pool // of a migrated database
	// Redis may be nil. Then, as whenever Redis is down, an account may play any number of streams.
	Redis        redis.UniversalClient
	Entitlements *entitlement.Entitlements
	Media        media.Media
	Secrets      Secrets
	Options      Options
	// OnProgress is called at each heartbeat and must not wait for anything; nil calls nobody.
	OnProgress func(Progressed)
	Log        *slog.Logger
	Now        func() time.Time
}

// New opens playback.
func New(d Deps) (*Playback, error) {
	secrets, opt := d.Secrets, d.Options
	for _, k := range [][]byte{secrets.Token, secrets.Segment, secrets.Device} {
		if len(k) < 32 {
			return nil, errors.New("playback: a key is shorter than 32 bytes")
		}
	}
	opt.TokenTTL = cmp.Or(opt.TokenTTL, maxTokenTTL)
	opt.Lease = cmp.Or(opt.Lease, 45*time.Second)
	opt.Heartbeat = cmp.Or(opt.Heartbeat, 15*time.Second)
	opt.MaxDevices = cmp.Or(opt.MaxDevices, 5)
	if opt.TokenTTL > maxTokenTTL || opt.TokenTTL <= opt.Heartbeat || opt.Lease <= opt.Heartbeat {
		return nil, fmt.Errorf("playback: tokens of %s and leases of %s do not fit heartbeats of %s", opt.TokenTTL,
			opt.Lease, opt.Heartbeat)
	}
	return &Playback{
		onProgress:   d.OnProgress,
		pool:         d.Pool,
		entitlements: d.Entitlements,
		media:        d.Media,
		secrets:      secrets,
		opt:          opt,
		now:          d.Now,
		log:          d.Log,
		q:            dbsqlc.New(),
		leases: &leases{
			redis: redisbreaker.New(d.Redis),
			ttl:   opt.Lease,
			now:   d.Now,
			log:   d.Log,
		},
	}, nil
}

// Watermark is the text that a player shows over a paid video: it names the account to the mall, by computing it again,
// and says nothing to anybody else.
func (p *Playback) Watermark(userID int64) string {
	sum := mac(p.secrets.Device, "watermark", strconv.FormatInt(userID, 10))
	s := base32.StdEncoding.EncodeToString(sum[:10])
	return s[:4] + "-" + s[4:8] + "-" + s[8:12]
}

// mac is HMAC-SHA256 over the parts, none of which may hold a line feed.
func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, s := range parts {
		h.Write([]byte(s))
		h.Write([]byte{'\n'})
	}
	return h.Sum(nil)
}
