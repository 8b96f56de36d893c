package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Master reads a packaged film's renditions, or ErrUnknownAsset.
func (m *Media) Master(ctx context.Context, prefix string) (Master, error) {
	text, err := m.readFilm(ctx, prefix, masterFile)
	if err != nil {
		return Master{}, err
	}
	return ParseMaster(text)
}

// Playlist reads the packaged playlist of a rendition, or ErrUnknownAsset.
func (m *Media) Playlist(ctx context.Context, prefix, rendition string) (Playlist, error) {
	if !renditionName.MatchString(rendition) {
		return Playlist{}, ErrUnknownAsset
	}
	text, err := m.readFilm(ctx, prefix, rendition+"/index.m3u8")
	if err != nil {
		return Playlist{}, err
	}
	return ParsePlaylist(text)
}

func (m *Media) readFilm(ctx context.Context, prefix, name string) ([]byte, error) {
	if !prefixName.MatchString(prefix) {
		return nil, ErrUnknownAsset
	}
	f, err := m.storage.open(ctx, filmsFolder+"/"+prefix+"/"+name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUnknownAsset.Because("%w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w", name, prefix, err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxPlaylist+1))
}
