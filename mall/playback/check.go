package playback

import (
	"context"
	"crypto/hmac"
	"errors"
	"strconv"

	"videomall/mall/entitlement"
	"videomall/mall/fault"
	"videomall/mall/media"
)

// pass is a request that was checked: who plays which video, and by which right.
type pass struct {
	claims
	entitlement entitlement.Entitlement
}

// check holds a request for a playlist, a key or a heartbeat against everything that may have changed since the token
// was signed: the clock, the device it is used on and whether the account still has it, what its viewer was let in
// with, the entitlement as PostgreSQL has it now, the account's stream. video is empty where the request names none. A
// request is itself a sign of life of its stream.
func (p *Playback) check(ctx context.Context, token string, device []byte, video string) (pass, error) {
	c, err := p.parse(token)
	if err != nil {
		return pass{}, err
	}
	if video != "" && video != c.Video {
		return pass{}, ErrWrongVideo
	}
	if len(device) == 0 || !hmac.Equal([]byte(deviceClaim(device)), []byte(c.Device)) {
		return pass{}, ErrWrongDevice
	}
	ent, err := p.right(ctx, &c)
	if err != nil {
		return pass{}, err
	}
	if ent.UserID != c.user {
		return pass{}, entitlement.ErrNotEntitled
	}
	if err := p.mayAct(ctx, c, device); err != nil {
		return pass{}, err
	}
	if err := ent.Refusal(p.now()); err != nil {
		return pass{}, err
	}
	if !p.leases.hold(ctx, c.holder(), c.Session, c.Device, holdKeep) {
		return pass{}, ErrStreamEnded
	}
	return pass{c, ent}, nil
}

// mayAct refuses a viewer whose sign-in has ended: by signing out here or everywhere, by a suspension, or because the
// device was removed.
func (p *Playback) mayAct(ctx context.Context, c claims, device []byte) error {
	if c.bought() { // the others take no device's place
		known, err := p.knows(ctx, c.user, device)
		if err != nil {
			return err
		}
		if !known {
			return ErrDeviceRemoved
		}
	}
	by := c.credential()
	if c.user == 0 && by == (Credential{}) {
		return nil
	}
	return p.ask(ctx, by)
}

// ask returns ErrSignedOut for a credential that is no longer good.
func (p *Playback) ask(ctx context.Context, by Credential) error {
	if p.opt.MayAct == nil {
		return nil
	}
	err := p.opt.MayAct(ctx, by)
	if fault.From(err).Kind == fault.Unauthenticated {
		return ErrSignedOut.Because("%w", err)
	}
	return err
}

// right is what the token stands on, as it is now: an entitlement, the leave to preview, or a listing's free minutes,
// which may have become fewer.
func (p *Playback) right(ctx context.Context, c *claims) (entitlement.Entitlement, error) {
	switch {
	case c.Free > 0:
		asset, seconds, err := p.freeVideo(ctx, c.SPU)
		if err != nil {
			return entitlement.Entitlement{}, err
		}
		if asset.Prefix != c.Video {
			return entitlement.Entitlement{}, ErrNotFree.Because("SPU %d has another video now", c.SPU)
		}
		c.Free = min(c.Free, seconds)
		return entitlement.Entitlement{Quality: qualityFree}, nil
	case c.Preview != 0:
		return p.preview(ctx, c.user, c.Preview)
	}
	return p.entitlements.ByID(ctx, c.Entitlement)
}

// holder is whose one stream a token plays on: an account's, and of free minutes a device's.
func (c claims) holder() string {
	if c.Free > 0 {
		return "free:" + c.Device
	}
	return strconv.FormatInt(c.user, 10)
}

// bought reports whether the token stands on an entitlement.
func (c claims) bought() bool { return c.Free == 0 && c.Preview == 0 }

// Check returns nil if the token plays the video on this device now, and else the refusal.
func (p *Playback) Check(ctx context.Context, token string, device []byte, video string) error {
	_, err := p.check(ctx, token, device, video)
	return err
}

// The most lines of a picture that counts as HD, and of one that anybody may see for free. Every video has a rendition
// of no more lines than either.
const (
	maxLinesHD   = 1080
	maxLinesFree = 720
)

// allowed is true for renditions that the quality includes. Sounds have no lines: every quality includes them.
func allowed(quality string, r media.Rendition) bool {
	switch quality {
	case entitlement.Quality4K:
		return true
	case qualityFree:
		return r.Lines() <= maxLinesFree
	}
	return r.Lines() <= maxLinesHD
}

// Master returns the master playlist with the renditions that were bought.
func (p *Playback) Master(ctx context.Context, token string, device []byte, video string) ([]byte, error) {
	ok, err := p.check(ctx, token, device, video)
	if err != nil {
		return nil, err
	}
	master, err := p.media.Assets.Master(ctx, video)
	if err != nil {
		return nil, err
	}
	return master.Bytes(func(r media.Rendition) bool { return allowed(ok.entitlement.Quality, r) }), nil
}

// Playlist returns the playlist of a rendition or of a sound, its keys and segments at addresses for this stream.
// ErrQuality refuses a picture above what was bought.
func (p *Playback) Playlist(ctx context.Context, token string, device []byte, video, rendition string) ([]byte, error) {
	ok, err := p.check(ctx, token, device, video)
	if err != nil {
		return nil, err
	}
	list, err := p.media.Assets.Playlist(ctx, video, rendition)
	if err != nil {
		return nil, err
	}
	if !allowed(ok.entitlement.Quality, media.Rendition{Name: rendition}) {
		return nil, ErrQuality
	}
	if ok.Free > 0 {
		if list, err = p.freePart(ctx, video, rendition, list, ok.Free); err != nil {
			return nil, err
		}
	}
	base := p.prefix(ok.ExpiresAt.Time, ok.claims, ok.entitlement.Quality) + rendition + "/"
	return list.Bytes(base, func(n int) string { return keyURL(token, video, n) }), nil
}

// HeartbeatRequest is what a player sends while it plays.
type HeartbeatRequest struct {
	Token  string
	Device []byte
	// UserID is who is signed in on the browser. The token of another account, or any token after signing out, is
	// ErrSignedOut.
	UserID int64
	// By is the credential that this person is signed in with now.
	By Credential
	// Position is the moment of the video that is shown, in seconds.
	Position float64
}

// Heartbeat keeps the stream, saves the position and returns a session with a fresh token and prefix, so that a video
// longer than a token plays through. Refusals: those of a key.
func (p *Playback) Heartbeat(ctx context.Context, r HeartbeatRequest) (Session, error) {
	if r.By.UserID != 0 {
		if err := p.ask(ctx, r.By); err != nil {
			return Session{}, err
		}
	}
	ok, err := p.check(ctx, r.Token, r.Device, "")
	if err != nil {
		return Session{}, err
	}
	if ok.Free > 0 {
		return p.freeAgain(ok)
	}
	if r.UserID != ok.user {
		return Session{}, ErrSignedOut
	}
	if ok.Preview != 0 { // takes no device's place, and leaves no position
		return p.session(ok.claims, ok.entitlement)
	}
	asset, err := p.media.Assets.ByPrefix(ctx, ok.Video)
	if errors.Is(err, media.ErrUnknownAsset) {
		return Session{}, ErrWrongVideo.Because("%s is gone", ok.Video)
	}
	if err != nil {
		return Session{}, err
	}
	if err := p.save(ctx, ok, r.Device, r.Position, asset.DurationSeconds); err != nil {
		return Session{}, err
	}
	if p.onProgress != nil {
		p.onProgress(Progressed{ok.Session, ok.user, ok.entitlement.SPUID, r.Position, asset.DurationSeconds})
	}
	return p.session(ok.claims, ok.entitlement)
}
