package playback

import "context"

// Key returns the 16 bytes of a key. Fetching the first key counts as the first play, and opens a rental's window.
func (p *Playback) Key(ctx context.Context, token string, device []byte, video string, number int) ([]byte, error) {
	ok, err := p.check(ctx, token, device, video)
	if err != nil {
		return nil, err
	}
	if ok.Free > 0 {
		if err := p.freeKey(ctx, video, ok.Free, number); err != nil {
			return nil, err
		}
	}
	key, err := p.media.Assets.Key(ctx, video, number)
	if err != nil {
		return nil, err
	}
	if ok.entitlement.FirstPlayedAt == nil && ok.bought() {
		if _, err := p.entitlements.Start(ctx, ok.entitlement.ID); err != nil {
			return nil, err
		}
	}
	return key, nil
}
