package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Master reads a packaged video's renditions, or ErrUnknownAsset.
func (as *Assets) Master(ctx context.Context, prefix string) (Master, error) {
	text, err := as.read(ctx, prefix, masterFile)
	if err != nil {
		return Master{}, err
	}
	return ParseMaster(text)
}

// Playlist reads the packaged playlist of a rendition or of a sound, by its folder, or ErrUnknownAsset.
func (as *Assets) Playlist(ctx context.Context, prefix, rendition string) (Playlist, error) {
	if !renditionName.MatchString(rendition) && !IsSound(rendition) {
		return Playlist{}, ErrUnknownAsset
	}
	text, err := as.read(ctx, prefix, rendition+"/index.m3u8")
	if err != nil {
		return Playlist{}, err
	}
	return ParsePlaylist(text)
}

func (as *Assets) read(ctx context.Context, prefix, name string) ([]byte, error) {
	if !prefixName.MatchString(prefix) {
		return nil, ErrUnknownAsset
	}
	f, err := as.storage.open(ctx, videosFolder+"/"+prefix+"/"+name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUnknownAsset.Because("%w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w", name, prefix, err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxPlaylist+1))
}

// Until opens a video's subtitles or chapters, those of them that begin before a moment in seconds and no later than
// it. What is not in the mall's own form of WebVTT is ErrUnknownAsset.
func (cs *Captions) Until(ctx context.Context, prefix, file string, seconds int) (*File, error) {
	text, err := cs.assets.read(ctx, prefix, ExtrasFolder+"/"+file)
	if err != nil {
		return nil, err
	}
	cues, err := ParseCaptions(text)
	if err != nil {
		return nil, ErrUnknownAsset.Because("%s of %s: %w", file, prefix, err)
	}
	end := seconds * 1000
	cues = slices.DeleteFunc(cues, func(c Cue) bool { return c.From >= end })
	for i := range cues {
		cues[i].To = min(cues[i].To, end)
	}
	cut := WebVTT(cues)
	return &File{
		ReadSeekCloser: inMemory{bytes.NewReader(cut)},
		Size:           int64(len(cut)),
		ModTime:        cs.now(),
	}, nil
}

// inMemory is a file that is nowhere else.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }
