package media

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// MaxTrailer is how many seconds of a video anybody may be shown; defaultTrailer, how many are without a word of its
// creator.
const (
	MaxTrailer     = 60
	defaultTrailer = trailerSegments * segmentSeconds
)

// ErrBadTrailer says that this part of a video can't be its trailer.
var ErrBadTrailer = fault.New(fault.Invalid, "bad_trailer", "This part of the video cannot be its trailer.")

// Trailer is the part of a video that anybody may see, in seconds from its begin. It is cut where segments begin: up to
// four seconds more are shown at either end.
type Trailer struct{ From, To int }

// SetTrailer chooses the trailer. Before the video is packaged the choice is kept; after that the trailer is cut anew at
// once. Errors: ErrUnknownVideo, ErrBadTrailer.
func (vs *Videos) SetTrailer(ctx context.Context, ownerID, videoID int64, t Trailer) error {
	bad := ErrBadTrailer
	switch {
	case t.From < 0:
		return bad.With("from", "begin")
	case t.To <= t.From:
		return bad.With("to", "order")
	case t.To-t.From > MaxTrailer:
		return bad.With("to", "length")
	}
	var v Video
	err := db.InTx(ctx, vs.pool, func(tx pgx.Tx) (err error) {
		if v, err = vs.lock(ctx, tx, ownerID, videoID); err != nil {
			return err
		}
		if v.DurationSeconds > 0 && t.From >= v.DurationSeconds {
			return bad.With("from", "end")
		}
		p := dbsqlc.SetTrailerParams{
			OwnerID:     ownerID,
			ID:          videoID,
			TrailerFrom: int32(t.From),
			TrailerTo:   int32(t.To),
			At:          vs.now(),
		}
		if _, err := vs.q.SetTrailer(ctx, tx, p); err != nil {
			return fmt.Errorf("trailer of video %d: %w", videoID, err)
		}
		return nil
	})
	if err != nil || v.AssetID == nil {
		return err
	}
	asset, err := vs.assets.ByID(ctx, *v.AssetID)
	if err != nil {
		return err
	}
	return vs.assets.alone(ctx, asset.Prefix, func(*pgxpool.Conn) error {
		chosen, err := vs.row(ctx, vs.pool, ownerID, videoID) // perhaps chosen anew while another was cut
		if err != nil {
			return err
		}
		return vs.assets.cutTrailer(ctx, asset, int(chosen.TrailerFrom), int(chosen.TrailerTo))
	})
}

// cutTrailer decrypts the segments between two moments, of the smallest rendition and of the sound that is heard by
// default, and puts them in the place of the trailer.
func (as *Assets) cutTrailer(ctx context.Context, a Asset, from, to int) error {
	master, err := as.Master(ctx, a.Prefix)
	if err != nil {
		return err
	}
	smallest := master.Smallest()
	list, err := as.Playlist(ctx, a.Prefix, smallest.Name)
	if err != nil {
		return err
	}
	first, end := list.between(float64(from), float64(to))
	if first == end {
		return ErrBadTrailer.With("from", "end")
	}
	picture, err := as.clearPart(ctx, a.Prefix, smallest.Name, "", first, end)
	if err != nil {
		return err
	}
	var sound Playlist
	if len(master.Sounds) > 0 {
		if sound, err = as.clearPart(ctx, a.Prefix, byDefault(master.Sounds).Name, trailerSound, first,
			end); err != nil {
			return err
		}
	}
	// A file of one name is the same in every trailer of this video, so that whoever is watching the old one is not
	// disturbed until it is gone.
	trailer := trailersFolder + "/" + a.Prefix
	kept := slices.Concat(files(picture.Segments), files(sound.Segments), []string{picture.Init, sound.Init})
	for name, text := range trailerPlaylists(smallest, picture, sound) {
		if err := as.storage.keep(ctx, trailer, name, text); err != nil {
			return err
		}
		kept = append(kept, name)
	}
	for e, err := range as.storage.list(ctx, trailer) {
		if err == nil && !slices.Contains(kept, path.Base(e.name)) {
			err = as.storage.remove(ctx, e.name)
		}
		if err != nil {
			return fmt.Errorf("what was the trailer of %s: %w", a.Prefix, err)
		}
	}
	return nil
}

// clearPart decrypts some segments of a folder of a video into its trailer, each file's name with a prefix, and returns
// their playlist.
func (as *Assets) clearPart(ctx context.Context, video, folder, prefix string, first, end int) (Playlist, error) {
	list, err := as.Playlist(ctx, video, folder)
	if err != nil {
		return Playlist{}, err
	}
	from, to := videosFolder+"/"+video+"/"+folder, trailersFolder+"/"+video
	init, err := as.storage.read(ctx, from, list.Init)
	if err != nil {
		return Playlist{}, fmt.Errorf("trailer of %s: %w", video, err)
	}
	if err := as.storage.keep(ctx, to, prefix+list.Init, init); err != nil {
		return Playlist{}, err
	}
	part := Playlist{Init: list.Init}
	first = min(first, len(list.Segments)-1) // a sound may have a segment less than the picture
	for n := first; n < max(first+1, min(end, len(list.Segments))); n++ {
		s := list.Segments[n]
		sealed, err := as.storage.read(ctx, from, s.File)
		if err != nil {
			return Playlist{}, fmt.Errorf("trailer of %s: %w", video, err)
		}
		key, err := as.Key(ctx, video, s.Key)
		if err != nil {
			return Playlist{}, err
		}
		open, err := decrypt(key, sealed, n)
		if err != nil {
			return Playlist{}, fmt.Errorf("trailer of %s, %s/%s: %w", video, folder, s.File, err)
		}
		if err := as.storage.keep(ctx, to, prefix+s.File, open); err != nil {
			return Playlist{}, err
		}
		s.Key = -1
		part.Segments = append(part.Segments, s)
	}
	return part.renamed(prefix), nil
}

// between are the numbers of the segments that a part of the video touches, the second one beyond the last. Both are
// equal for none.
func (p Playlist) between(from, to float64) (first, end int) {
	at := 0.0
	for n, s := range p.Segments {
		begins := at
		at += s.Duration
		switch {
		case at <= from:
			first, end = n+1, n+1
		case begins < to || first == end:
			end = n + 1
		}
	}
	return first, end
}

// The playlists of a trailer. Of a video with several sounds the picture is alone, and the master playlist puts the
// default sound beside it.
const (
	trailerPicture   = "index.m3u8"
	trailerSoundList = "sound.m3u8"
	trailerSound     = "sound_" // before the names of its files
)

// TrailerFile is the playlist that plays a video's trailer.
func (a Asset) TrailerFile() string {
	if len(a.Sounds) > 0 {
		return masterFile
	}
	return trailerPicture
}

// trailerPlaylists are the playlists of a trailer by their names. The zero sound is one inside the picture.
func trailerPlaylists(r Rendition, picture, sound Playlist) map[string][]byte {
	lists := map[string][]byte{trailerPicture: picture.Bytes("", nil)}
	if sound.Init == "" {
		return lists
	}
	heard := Sound{
		Name:    soundName(0),
		Label:   "1",
		Default: true,
	}
	lists[masterFile] = Master{Renditions: []Rendition{r}, Sounds: []Sound{heard}}.at(func(folder string) string {
		if IsSound(folder) {
			return trailerSoundList
		}
		return trailerPicture
	})
	lists[trailerSoundList] = sound.Bytes("", nil)
	return lists
}

// decrypt undoes encrypt.
func decrypt(key, sealed []byte, sequence int) ([]byte, error) {
	if len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, io.ErrUnexpectedEOF
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, aes.BlockSize)
	binary.BigEndian.PutUint64(iv[8:], uint64(sequence))
	open := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(open, sealed)
	pad := int(open[len(open)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, io.ErrUnexpectedEOF
	}
	return open[:len(open)-pad], nil
}
