package playback

import (
	"context"
	"crypto/rand"
	"time"

	"videomall/mall/entitlement"
	"videomall/mall/media"
)

// AuthRequest asks to play a video on a device.
type AuthRequest struct {
	UserID, SPUID, AssetID int64
	// By is the credential that the viewer signed in with. The session ends with it.
	By Credential
	// Device is the DeviceHash of the browser's cookie. Label is the name that the list of devices shows.
	Device []byte
	Label  string
	// TakeOver ends the stream on another screen.
	TakeOver bool
	// Look only checks whether the viewer may play. Nothing begins, and the answer is the zero Session.
	Look bool
}

// Session is what a player needs until ExpiresAt. Each heartbeat returns a new one.
type Session struct {
	Token string
	// PlaylistURL and SegmentPrefix are paths on this host.
	PlaylistURL   string
	SegmentPrefix string
	ExpiresAt     time.Time
	SessionID     string
	// HeartbeatSeconds is how often a player must send a heartbeat.
	HeartbeatSeconds int
}

// Authorize lets a viewer in: it finds what the viewer is entitled by, gives the device a place, takes the account's
// stream and signs a token of at most 15 minutes. Refusals: entitlement's, ErrWrongDevice without a device,
// ErrDeviceLimit, ErrStreamLimit, media.ErrUnknownAsset. A rental's window does not open here but at the first key.
func (p *Playback) Authorize(ctx context.Context, r AuthRequest) (Session, error) {
	ent, err := p.entitlements.Find(ctx, r.UserID, r.SPUID)
	if err != nil {
		return Session{}, err
	}
	asset, err := p.media.Assets.ByID(ctx, r.AssetID)
	if err != nil {
		return Session{}, err
	}
	if len(r.Device) == 0 {
		return Session{}, ErrWrongDevice.Because("no device")
	}
	if r.Look {
		return Session{}, nil
	}
	if err := p.admit(ctx, r.UserID, r.Device, r.Label); err != nil {
		return Session{}, err
	}
	c := claims{
		user:        r.UserID,
		Video:       asset.Prefix,
		Entitlement: ent.ID,
		Device:      deviceClaim(r.Device),
		Session:     rand.Text(),
	}
	c.bind(r.By)
	how := holdOpen
	if r.TakeOver {
		how = holdTake
	}
	if !p.leases.hold(ctx, c.holder(), c.Session, c.Device, how) {
		return Session{}, ErrStreamLimit
	}
	return p.session(c, ent)
}

// session signs a token and a segment prefix. They expire with the token lifetime, or with the rental if it ends first.
func (p *Playback) session(c claims, ent entitlement.Entitlement) (Session, error) {
	until := p.now().Add(p.opt.TokenTTL)
	if ent.ExpiresAt != nil && ent.ExpiresAt.Before(until) {
		until = *ent.ExpiresAt
	}
	until = until.Truncate(time.Second) // as tokens and signatures count
	token, err := p.sign(c, until)
	if err != nil {
		return Session{}, err
	}
	return Session{
		Token:            token,
		PlaylistURL:      "/p/" + token + "/" + c.Video + "/master.m3u8",
		SegmentPrefix:    p.prefix(until, c, ent.Quality),
		ExpiresAt:        until,
		SessionID:        c.Session,
		HeartbeatSeconds: int(p.opt.Heartbeat / time.Second),
	}, nil
}

// Extras are signed addresses of what goes with a video: subtitles by language, and the thumbnails' WebVTT.
type Extras struct {
	Captions  []Caption
	ThumbsURL string    // empty where there are none
	Chapters  []Caption // WebVTT of chapters, by language; empty where there are none
}

// Caption is one language's subtitles.
type Caption struct{ Language, URL string }

// extrasSlack is added to the video's length for the addresses of its subtitles: viewers pause, or go on the next
// evening.
const extrasSlack = 6 * time.Hour

// Extras signs what a viewer who is entitled may load beside the video. A browser fetches these by itself, without the
// token, so they outlive it; they open neither segments nor keys.
func (p *Playback) Extras(userID int64, asset media.Asset) Extras {
	until := p.now().Add(time.Duration(asset.DurationSeconds)*time.Second + extrasSlack)
	base := p.segmentPrefix(until, p.Watermark(userID), asset.Prefix, scopeExtras) + media.ExtrasFolder + "/"
	x := extrasAt(base, asset)
	if asset.HasThumbnails {
		x.ThumbsURL = base + media.ThumbsFile
	}
	return x
}

func extrasAt(base string, asset media.Asset) (x Extras) {
	for _, c := range asset.Captions {
		x.Captions = append(x.Captions, Caption{Language: c.Language, URL: base + c.File})
	}
	if len(asset.Chapters) > 0 {
		for _, language := range media.ChapterLanguages() {
			x.Chapters = append(x.Chapters, Caption{Language: language, URL: base + media.ChaptersFile(language)})
		}
	}
	return x
}
