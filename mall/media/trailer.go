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

// MaxTrailer is how many seconds of a film anybody may be shown; defaultTrailer, how many are without a word of its creator.
const (
	MaxTrailer     = 60
	defaultTrailer = trailerSegments * segmentSeconds
)

// ErrBadTrailer is a part of a film that can't be its trailer.
var ErrBadTrailer = fault.New(fault.Invalid, "bad_trailer", "This part of the film cannot be its trailer.")

// Trailer is the part of a film that anybody may see, in seconds from its begin. It is cut where segments begin: up to four seconds
// more are shown at either end.
type Trailer struct{ From, To int }

// SetTrailer chooses the trailer. Before the film is packaged the choice is kept; after that the trailer is cut anew at once.
// Errors: ErrUnknownVideo, ErrBadTrailer.
func (m *Media) SetTrailer(ctx context.Context, ownerID, videoID int64, t Trailer) error {
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
	err := db.InTx(ctx, m.pool, func(tx pgx.Tx) (err error) {
		if v, err = m.lockVideo(ctx, tx, ownerID, videoID); err != nil {
			return err
		}
		if v.DurationSeconds > 0 && t.From >= v.DurationSeconds {
			return bad.With("from", "end")
		}
		p := dbsqlc.SetTrailerParams{OwnerID: ownerID, ID: videoID, TrailerFrom: int32(t.From), TrailerTo: int32(t.To), At: m.now()}
		if _, err := m.q.SetTrailer(ctx, tx, p); err != nil {
			return fmt.Errorf("trailer of video %d: %w", videoID, err)
		}
		return nil
	})
	if err != nil || v.AssetID == nil {
		return err
	}
	asset, err := m.Asset(ctx, *v.AssetID)
	if err != nil {
		return err
	}
	return m.alone(ctx, asset.Prefix, func(*pgxpool.Conn) error {
		chosen, err := m.videoRow(ctx, m.pool, ownerID, videoID) // perhaps chosen anew while another was cut
		if err != nil {
			return err
		}
		return m.cutTrailer(ctx, asset, int(chosen.TrailerFrom), int(chosen.TrailerTo))
	})
}

// cutTrailer decrypts the segments between two moments, of the smallest rendition, and puts them in the place of the trailer.
func (m *Media) cutTrailer(ctx context.Context, a Asset, from, to int) error {
	smallest := a.Renditions[0]
	for _, r := range a.Renditions {
		if r.Lines() < smallest.Lines() {
			smallest = r
		}
	}
	list, err := m.Playlist(ctx, a.Prefix, smallest.Name)
	if err != nil {
		return err
	}
	trailer := trailersFolder + "/" + a.Prefix
	film := filmsFolder + "/" + a.Prefix + "/" + smallest.Name
	init, err := m.keptFile(ctx, film, list.Init)
	if err != nil {
		return fmt.Errorf("trailer of %s: %w", a.Prefix, err)
	}
	if err := m.keepFile(ctx, trailer, list.Init, init); err != nil {
		return err
	}
	cut, at := Playlist{Init: list.Init}, 0.0
	for n, s := range list.Segments {
		begins, ends := at, at+s.Duration
		at = ends
		if ends <= float64(from) || begins >= float64(to) && len(cut.Segments) > 0 {
			continue
		}
		sealed, err := m.keptFile(ctx, film, s.File)
		if err != nil {
			return fmt.Errorf("trailer of %s: %w", a.Prefix, err)
		}
		key, err := m.Key(ctx, a.Prefix, s.Key)
		if err != nil {
			return err
		}
		open, err := decrypt(key, sealed, n)
		if err != nil {
			return fmt.Errorf("trailer of %s, %s: %w", a.Prefix, s.File, err)
		}
		if err := m.keepFile(ctx, trailer, s.File, open); err != nil {
			return err
		}
		s.Key = -1
		cut.Segments = append(cut.Segments, s)
	}
	if len(cut.Segments) == 0 {
		return ErrBadTrailer.With("from", "end")
	}
	// A file of one name is the same in every trailer of this film, so that whoever is watching the old one is not disturbed until it is gone.
	if err := m.keepFile(ctx, trailer, "index.m3u8", cut.Bytes("", nil)); err != nil {
		return err
	}
	kept := append(files(cut.Segments), list.Init, "index.m3u8")
	for e, err := range m.storage.list(ctx, trailer) {
		if err == nil && !slices.Contains(kept, path.Base(e.name)) {
			err = m.storage.remove(ctx, e.name)
		}
		if err != nil {
			return fmt.Errorf("what was the trailer of %s: %w", a.Prefix, err)
		}
	}
	return nil
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
