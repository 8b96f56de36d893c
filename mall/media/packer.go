package media

import (
	"context"
	"crypto/rand"
	"io/fs"
	"math"
	"strconv"
)

// packer writes one video to an assetWriter.
type packer struct {
	ctx      context.Context // of the one call that it lives for
	src      fs.FS
	out      assetWriter
	keyEvery int
	keys     [][]byte
}

func (p *packer) video() (Asset, error) {
	text, err := p.read(masterFile)
	if err != nil {
		return Asset{}, err
	}
	master, err := ParseMaster(text)
	if err != nil {
		return Asset{}, ErrBadPackage.Because("master.m3u8: %w", err)
	}
	a := Asset{Renditions: master.Renditions, Sounds: master.Sounds}
	segments := 0
	for _, r := range master.Renditions {
		list, err := p.rendition(r.Name)
		if err != nil {
			return Asset{}, err
		}
		if segments == 0 {
			segments, a.DurationSeconds = len(list.Segments), max(1, int(math.Round(list.Duration())))
		}
		if len(list.Segments) != segments { // shared keys go by the segment's number
			return Asset{}, ErrBadPackage.Because("%s has %d segments and another rendition %d", r.Name,
				len(list.Segments), segments)
		}
	}
	for _, s := range master.Sounds {
		list, err := p.rendition(s.Name)
		if err != nil {
			return Asset{}, err
		}
		// Pieces of sound end where the coder's frames do, so that the last one may hold nothing but the rest of a
		// frame.
		if off := len(list.Segments) - segments; off < -1 || off > 1 {
			return Asset{}, ErrBadPackage.Because("%s has %d segments and the picture %d", s.Name, len(list.Segments),
				segments)
		}
	}
	if err := p.write("film/"+masterFile, master.Bytes(func(Rendition) bool { return true })); err != nil {
		return Asset{}, err
	}
	if err := p.trailer(master.Smallest(), master.Sounds); err != nil {
		return Asset{}, err
	}
	if a.Captions, err = p.captions(); err != nil {
		return Asset{}, err
	}
	a.HasThumbnails, err = p.thumbnails()
	return a, err
}

// rendition encrypts one size of the picture, or a sound after all of them, and returns its packaged playlist.
func (p *packer) rendition(name string) (Playlist, error) {
	list, err := p.clear(name)
	if err != nil {
		return Playlist{}, err
	}
	if err := p.copy(name+"/"+list.Init, "film/"+name+"/"+list.Init); err != nil {
		return Playlist{}, err
	}
	sound := IsSound(name)
	for i := range list.Segments {
		s := &list.Segments[i]
		s.Key = i / p.keyEvery
		if sound {
			s.Key = min(s.Key, len(p.keys)-1) // of a rest after the picture's end
		}
		if s.Key == len(p.keys) {
			key := make([]byte, keySize)
			_, _ = rand.Read(key) // never fails: it ends the process instead
			p.keys = append(p.keys, key)
		}
		clear, err := p.read(name + "/" + s.File)
		if err != nil {
			return Playlist{}, err
		}
		sealed, err := encrypt(p.keys[s.Key], clear, i)
		if err != nil {
			return Playlist{}, err
		}
		if err := p.write("film/"+name+"/"+s.File, sealed); err != nil {
			return Playlist{}, err
		}
	}
	packaged := list.Bytes("", func(n int) string { return keyScheme + strconv.Itoa(n) })
	return list, p.write("film/"+name+"/index.m3u8", packaged)
}

func (p *packer) clear(name string) (Playlist, error) {
	text, err := p.read(name + "/index.m3u8")
	if err != nil {
		return Playlist{}, err
	}
	list, err := ParsePlaylist(text)
	if err != nil {
		return Playlist{}, ErrBadPackage.Because("%s/index.m3u8: %w", name, err)
	}
	seen := map[string]bool{list.Init: true}
	for _, s := range list.Segments {
		if s.Key >= 0 || seen[s.File] || list.Init == "" {
			return Playlist{}, ErrBadPackage.Because("%s/index.m3u8: %s is encrypted, listed twice or has no init file",
				name, s.File)
		}
		seen[s.File] = true
	}
	return list, nil
}

func (p *packer) copy(from, to string) error {
	b, err := p.read(from)
	if err != nil {
		return err
	}
	return p.write(to, b)
}

// read says ErrBadPackage for a file that is missing or out of proportion.
func (p *packer) read(name string) ([]byte, error) {
	info, err := fs.Stat(p.src, name)
	if err == nil && info.Size() > maxFile {
		return nil, ErrBadPackage.Because("%s has %d bytes", name, info.Size())
	}
	if err != nil {
		return nil, ErrBadPackage.Because("%w", err)
	}
	return fs.ReadFile(p.src, name)
}

func (p *packer) write(name string, b []byte) error { return p.out.write(p.ctx, name, b) }
