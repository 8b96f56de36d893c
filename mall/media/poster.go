package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Poster returns one of the pictures that a video's owner may choose a cover from, a JPEG, or ErrUnknownVideo.
func (vs *Videos) Poster(ctx context.Context, ownerID, videoID int64, n int) ([]byte, error) {
	row, err := vs.row(ctx, vs.pool, ownerID, videoID)
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= int(row.Posters) {
		return nil, ErrUnknownVideo.Because("poster %d of video %d", n, videoID)
	}
	picture, err := vs.storage.read(ctx, postersFolder+"/"+row.Folder, posterName(n))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUnknownVideo.Because("poster %d of video %d: %w", n, videoID, err)
	}
	if err != nil {
		return nil, fmt.Errorf("poster %d of video %d: %w", n, videoID, err)
	}
	return picture, nil
}

// SavePoster saves a poster as a cover of its owner's and returns the stem of its files. Errors: ErrUnknownVideo, and
// those of Save.
func (cv *Covers) SavePoster(ctx context.Context, ownerID, videoID int64, n int) (stem string, err error) {
	picture, err := cv.videos.Poster(ctx, ownerID, videoID, n)
	if err != nil {
		return "", err
	}
	return cv.Save(ctx, ownerID, bytes.NewReader(picture))
}
