package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"videomall/mall/fault"
)

// ErrNoCovers says that covers can't be saved here.
var ErrNoCovers = fault.New(fault.Unavailable, "no_covers", "Covers cannot be saved right now.")

// Poster returns one of the pictures that a film's owner may choose a cover from, a JPEG, or ErrUnknownVideo.
func (m *Media) Poster(ctx context.Context, ownerID, videoID int64, n int) ([]byte, error) {
	row, err := m.videoRow(ctx, ownerID, videoID)
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= int(row.Posters) {
		return nil, ErrUnknownVideo.Because("poster %d of video %d", n, videoID)
	}
	picture, err := m.keptFile(postersFolder+"/"+row.Folder, posterName(n))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUnknownVideo.Because("poster %d of video %d: %w", n, videoID, err)
	}
	if err != nil {
		return nil, fmt.Errorf("poster %d of video %d: %w", n, videoID, err)
	}
	return picture, nil
}

// ChooseCover saves a poster as a cover of its owner's and returns the stem of its files. Errors: ErrUnknownVideo, ErrNoCovers.
func (m *Media) ChooseCover(ctx context.Context, ownerID, videoID int64, n int) (stem string, err error) {
	picture, err := m.Poster(ctx, ownerID, videoID, n)
	if err != nil {
		return "", err
	}
	if m.work == nil || m.work.SaveCover == nil {
		return "", ErrNoCovers
	}
	return m.work.SaveCover(ctx, ownerID, bytes.NewReader(picture))
}

// CanSaveCovers is true where ChooseCover has a place to put a cover.
func (m *Media) CanSaveCovers() bool { return m.work != nil && m.work.SaveCover != nil }
