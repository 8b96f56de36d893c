package playback

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/entitlement"
	"videomall/mall/media"
)

// qualityFree is the quality of free minutes, and the scope in which their segments are signed.
const qualityFree = "free"

// freeSlack is how much longer than the free minutes one authorisation of them can be renewed: pauses, and seeing them
// again. Whoever goes on after that asks anew, which is counted.
const freeSlack = time.Hour

// FreeRequest asks to play the free minutes of a listing, whoever asks.
type FreeRequest struct {
	SPUID int64
	// By is the credential of a viewer who is signed in.
	By Credential
	// Device is DeviceHash of the browser's cookie.
	Device []byte
	// TakeOver ends the stream of another window of this device.
	TakeOver bool
	// Look only checks whether the viewer may play. Nothing begins, and the answer is the zero Session.
	Look bool
}

// Free is a session of free minutes.
type Free struct {
	Session
	Seconds int // of the video's begin; it plays to the end of the segment in which they end
	Asset   media.Asset
}

// Free lets anybody play the beginning of a video that its listing gives away. It takes a stream of the device and none
// of an account, and keeps no position. Refusals: ErrNotFree, ErrWrongDevice without a device, ErrStreamLimit,
// media.ErrUnknownAsset.
func (p *Playback) Free(ctx context.Context, r FreeRequest) (Free, error) {
	asset, seconds, err := p.freeVideo(ctx, r.SPUID)
	if err != nil {
		return Free{}, err
	}
	if len(r.Device) == 0 {
		return Free{}, ErrWrongDevice.Because("no device")
	}
	if r.Look {
		return Free{Seconds: seconds, Asset: asset}, nil
	}
	c := claims{
		Video:   asset.Prefix,
		Free:    seconds,
		SPU:     r.SPUID,
		Began:   p.now().Unix(),
		Device:  deviceClaim(r.Device),
		Session: rand.Text(),
	}
	c.bind(r.By)
	how := holdOpen
	if r.TakeOver {
		how = holdTake
	}
	if !p.leases.hold(ctx, c.holder(), c.Session, c.Device, how) {
		return Free{}, ErrStreamLimit
	}
	s, err := p.session(c, entitlement.Entitlement{Quality: qualityFree})
	return Free{s, seconds, asset}, err
}

// freeAgain renews a session of free minutes, for as long as one may take.
func (p *Playback) freeAgain(ok pass) (Session, error) {
	if p.now().After(time.Unix(ok.Began, 0).Add(time.Duration(ok.Free)*time.Second + freeSlack)) {
		return Session{}, ErrTokenExpired.Because("free minutes of %d s were asked for at %d", ok.Free, ok.Began)
	}
	return p.session(ok.claims, ok.entitlement)
}

// freeVideo returns the video and the seconds that a listing gives away now, or ErrNotFree.
func (p *Playback) freeVideo(ctx context.Context, spuID int64) (media.Asset, int, error) {
	if p.opt.Free == nil {
		return media.Asset{}, 0, ErrNotFree.Because("nothing is free here")
	}
	assetID, seconds, err := p.opt.Free(ctx, spuID)
	if err != nil {
		return media.Asset{}, 0, err
	}
	if seconds <= 0 {
		return media.Asset{}, 0, ErrNotFree.Because("SPU %d", spuID)
	}
	asset, err := p.media.Assets.ByID(ctx, assetID)
	return asset, seconds, err
}

// freePicture is what is free of a video's smallest rendition. All renditions are cut at the same moments and share
// their keys.
func (p *Playback) freePicture(ctx context.Context, video string, seconds int) (media.Playlist, error) {
	master, err := p.media.Assets.Master(ctx, video)
	if err != nil {
		return media.Playlist{}, err
	}
	list, err := p.media.Assets.Playlist(ctx, video, master.Smallest().Name)
	return list.Until(float64(seconds)), err
}

// freePart is what is free of the list of a rendition, or of a sound: as many pieces as of the picture, since theirs
// end a few hundredths of a second before or after.
func (p *Playback) freePart(ctx context.Context, video, folder string, list media.Playlist,
	seconds int,
) (media.Playlist, error) {
	if !media.IsSound(folder) {
		return list.Until(float64(seconds)), nil
	}
	picture, err := p.freePicture(ctx, video, seconds)
	if err != nil {
		return media.Playlist{}, err
	}
	list.Segments = list.Segments[:min(len(picture.Segments), len(list.Segments))]
	return list, nil
}

// freeKey refuses a key that opens nothing before the limit.
func (p *Playback) freeKey(ctx context.Context, video string, seconds, number int) error {
	list, err := p.freePicture(ctx, video, seconds)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list.Segments, func(s media.Segment) bool { return s.Key == number }) {
		return ErrFreeOver.Because("key %d of %s after %d s", number, video, seconds)
	}
	return nil
}

// prefix is the signed address prefix of the segments that a token opens.
func (p *Playback) prefix(until time.Time, c claims, quality string) string {
	if c.Free > 0 {
		return p.segmentPrefix(until, freeSession(c.Free, c.Session), c.Video, qualityFree)
	}
	return p.segmentPrefix(until, c.Session, c.Video, quality)
}

// freeSession puts the limit into a part of the address that is signed.
func freeSession(seconds int, session string) string { return strconv.Itoa(seconds) + "-" + session }

// freeLimit is what freeSession has put there, of a signed address; anything else gives nothing away.
func freeLimit(session string) int {
	limit, _, _ := strings.Cut(session, "-")
	seconds, _ := strconv.Atoi(limit)
	return seconds
}

// freeSegment refuses a file of a rendition or a sound that begins after the limit.
func (p *Playback) freeSegment(ctx context.Context, r SegmentRequest) error {
	list, err := p.media.Assets.Playlist(ctx, r.Prefix, r.Folder)
	if err != nil {
		return err
	}
	if list, err = p.freePart(ctx, r.Prefix, r.Folder, list, freeLimit(r.Session)); err != nil {
		return err
	}
	if r.File != list.Init && !slices.ContainsFunc(list.Segments, func(s media.Segment) bool {
		return s.File == r.File
	}) {
		return ErrFreeOver.Because("%s/%s/%s", r.Prefix, r.Folder, r.File)
	}
	return nil
}

// freeText is what subtitles and chapters say before the limit. Thumbnails show the whole video, so there are none.
func (p *Playback) freeText(ctx context.Context, r SegmentRequest) (*media.File, error) {
	asset, err := p.media.Assets.ByPrefix(ctx, r.Prefix)
	if err != nil {
		return nil, err
	}
	chapters := slices.ContainsFunc(media.ChapterLanguages(), func(l string) bool {
		return media.ChaptersFile(l) == r.File
	})
	if !chapters && !slices.ContainsFunc(asset.Captions, func(c media.Caption) bool { return c.File == r.File }) {
		return nil, ErrFreeOver.Because("%s of %s", r.File, r.Prefix)
	}
	return p.media.Captions.Until(ctx, r.Prefix, r.File, freeLimit(r.Session))
}

// FreeExtras signs what may be loaded beside a video's free minutes: subtitles and chapters, of which only that part is
// given.
func (p *Playback) FreeExtras(asset media.Asset, seconds int) Extras {
	until := p.now().Add(time.Duration(seconds)*time.Second + extrasSlack)
	return extrasAt(
		p.segmentPrefix(until, freeSession(seconds, "anybody"), asset.Prefix, scopeFreeExtras)+media.ExtrasFolder+"/",
		asset)
}
