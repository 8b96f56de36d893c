package playback

import (
	"context"
	"crypto/rand"
	"fmt"

	"videomall/mall/entitlement"
)

// PreviewRequest asks to play a packaged video that the viewer has not bought, whether or not it is for sale.
type PreviewRequest struct {
	UserID, AssetID int64
	// By is the viewer's credential.
	By Credential
	// Device is DeviceHash of the browser's cookie.
	Device []byte
	// TakeOver ends the stream on another screen.
	TakeOver bool
	// Look only checks whether the viewer may play. Nothing begins, and the answer is the zero Session.
	Look bool
}

// Preview lets those play who may see the video without an entitlement, in every quality. It takes the account's stream
// as playing does, but no device's place, and keeps no position. Refusals: entitlement.ErrNotEntitled, ErrWrongDevice
// without a device, ErrStreamLimit, media.ErrUnknownAsset.
func (p *Playback) Preview(ctx context.Context, r PreviewRequest) (Session, error) {
	asset, err := p.media.Assets.ByID(ctx, r.AssetID)
	if err != nil {
		return Session{}, err
	}
	leave, err := p.preview(ctx, r.UserID, asset.ID)
	if err != nil {
		return Session{}, err
	}
	if len(r.Device) == 0 {
		return Session{}, ErrWrongDevice.Because("no device")
	}
	if r.Look {
		return Session{}, nil
	}
	c := claims{
		user:    r.UserID,
		Video:   asset.Prefix,
		Preview: asset.ID,
		Device:  deviceClaim(r.Device),
		Session: rand.Text(),
	}
	c.bind(r.By)
	how := holdOpen
	if r.TakeOver {
		how = holdTake
	}
	if !p.leases.hold(ctx, c.holder(), c.Session, c.Device, how) {
		return Session{}, ErrStreamLimit
	}
	return p.session(c, leave)
}

// preview is the leave to see a video, in the form of an entitlement that nobody bought, or entitlement.ErrNotEntitled.
func (p *Playback) preview(ctx context.Context, userID, assetID int64) (entitlement.Entitlement, error) {
	if p.opt.MayPreview == nil {
		return entitlement.Entitlement{}, entitlement.ErrNotEntitled.Because("nobody previews here")
	}
	may, err := p.opt.MayPreview(ctx, userID, assetID)
	if err != nil {
		return entitlement.Entitlement{}, fmt.Errorf("may user %d preview asset %d: %w", userID, assetID, err)
	}
	if !may {
		return entitlement.Entitlement{}, entitlement.ErrNotEntitled.Because("user %d previews asset %d", userID,
			assetID)
	}
	return entitlement.Entitlement{UserID: userID, Quality: entitlement.Quality4K}, nil
}
