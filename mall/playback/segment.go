package playback

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"time"

	"videomall/mall/entitlement"
	"videomall/mall/media"
)

// Segments are fetched at
//
//	/s/{exp}/{session}/{sig}/{prefix}/{rendition}/{file}
//
// where sig is base64url of HMAC-SHA256 over exp, session, prefix and scope, each ended by a line feed. The scope is
// the quality that was bought, or "extras" for subtitles and thumbnails. A signature and a clock are all that is
// needed, so an edge server can do the checking without the mall. Of free minutes the scopes are qualityFree and
// scopeFreeExtras, and the session says how many seconds are free: these addresses are for the mall, which knows where
// a segment begins.

const (
	scopeExtras     = "extras"
	scopeFreeExtras = "free extras"
)

func keyURL(token, video string, number int) string {
	return "/k/" + token + "/" + video + "/" + strconv.Itoa(number)
}

func (p *Playback) segmentPrefix(until time.Time, session, video, scope string) string {
	exp := strconv.FormatInt(until.Unix(), 10)
	sig := base64.RawURLEncoding.EncodeToString(mac(p.secrets.Segment, exp, session, video, scope))
	return "/s/" + exp + "/" + session + "/" + sig + "/" + video + "/"
}

// SegmentRequest is the parts of a segment's address.
type SegmentRequest struct{ Exp, Session, Sig, Prefix, Folder, File string }

// contentTypes are the kinds of files that have an address of their own. The playlists beside them have none.
var contentTypes = map[string]string{
	".m4s": "video/iso.segment", ".mp4": "video/mp4", ".vtt": "text/vtt; charset=utf-8",
	".webp": "image/webp", ".jpg": "image/jpeg", ".png": "image/png",
}

// OpenSegment checks the signature, then the clock, and opens the file; the caller closes it. For what was bought it
// asks neither database nor Redis; where free minutes end is in the playlist, and for their subtitles and chapters in
// the database too. Refusals: ErrBadSignature, ErrSegmentExpiry, media.ErrUnknownAsset.
func (p *Playback) OpenSegment(ctx context.Context, r SegmentRequest) (f *media.File, contentType string, err error) {
	scope := p.scope(r)
	if scope == "" {
		return nil, "", ErrBadSignature
	}
	exp, err := strconv.ParseInt(r.Exp, 10, 64)
	if err != nil {
		return nil, "", ErrBadSignature.Because("%w", err)
	}
	if p.now().Unix() >= exp {
		return nil, "", ErrSegmentExpiry
	}
	contentType, ok := contentTypes[path.Ext(r.File)]
	if !ok {
		return nil, "", media.ErrUnknownAsset
	}
	switch scope {
	case qualityFree:
		err = p.freeSegment(ctx, r)
	case scopeFreeExtras:
		f, err = p.freeText(ctx, r)
	}
	if err != nil {
		return nil, "", err
	}
	if f == nil {
		f, err = p.media.Storage.OpenVideo(ctx, r.Prefix, r.Folder, r.File)
	}
	return opened(f, contentType, err, r.Prefix+"/"+r.Folder+"/"+r.File)
}

// scope returns the scope that was signed, of those that include the folder; empty if the signature fits none.
func (p *Playback) scope(r SegmentRequest) string {
	given, err := base64.RawURLEncoding.DecodeString(r.Sig)
	if err != nil {
		return ""
	}
	scopes := []string{entitlement.Quality4K}
	switch {
	case r.Folder == media.ExtrasFolder:
		scopes = []string{scopeExtras, scopeFreeExtras}
	case allowed(qualityFree, media.Rendition{Name: r.Folder}):
		scopes = []string{entitlement.QualityHD, entitlement.Quality4K, qualityFree}
	case allowed(entitlement.QualityHD, media.Rendition{Name: r.Folder}):
		scopes = []string{entitlement.QualityHD, entitlement.Quality4K}
	}
	for _, scope := range scopes {
		if hmac.Equal(given, mac(p.secrets.Segment, r.Exp, r.Session, r.Prefix, scope)) {
			return scope
		}
	}
	return ""
}

// OpenTrailer opens a file of a video's clear trailer, which anybody may see, or says media.ErrUnknownAsset.
func (p *Playback) OpenTrailer(ctx context.Context,
	prefix, file string,
) (f *media.File, contentType string, err error) {
	contentType, ok := contentTypes[path.Ext(file)]
	if path.Ext(file) == ".m3u8" {
		contentType, ok = PlaylistType, true
	}
	if !ok {
		return nil, "", media.ErrUnknownAsset
	}
	f, err = p.media.Storage.OpenTrailer(ctx, prefix, file)
	return opened(f, contentType, err, "trailer "+prefix+"/"+file)
}

// PlaylistType is the content type of playlists, RFC 8216 section 4.
const PlaylistType = "application/vnd.apple.mpegurl"

func opened(f *media.File, contentType string, err error, name string) (*media.File, string, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", media.ErrUnknownAsset.Because("%s: %w", name, err)
	}
	if err != nil { // a link that leads outside is refused here too
		return nil, "", fmt.Errorf("open %s: %w", name, err)
	}
	return f, contentType, nil
}
