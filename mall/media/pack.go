package media

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/media/internal/dbsqlc"
)

// ExtrasFolder holds what goes with a film: captions, and the thumbnails' WebVTT and sheets. It is no rendition.
const (
	ExtrasFolder = "extras"
	ThumbsFile   = "thumbs.vtt"
)

const (
	// trailerSegments of 4 s make the clear trailer, from the smallest rendition.
	trailerSegments = 3
	// maxFile bounds one file of a film: a segment is a few seconds.
	maxFile = 64 << 20
	// unlockTime bounds the unlocking after a Pack whose own time may be over.
	unlockTime = 5 * time.Second
	// lockPause is how long a Pack waits before it asks again whether another one of its film is done.
	lockPause = 100 * time.Millisecond
)

var (
	prefixName   = regexp.MustCompile(`^[a-z0-9-]{1,100}$`)
	languageName = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	sheetName    = regexp.MustCompile(`^[a-z0-9_-]{1,60}\.(jpg|webp|png)$`)
)

// Pack encrypts a film in the clear form that ffmpeg writes and adds it to storage and database. src holds
//
//	master.m3u8, <lines>p/index.m3u8 with its init file and segments, and so sound-<number>/ where there are several sounds,
//	<language>.vtt, thumbs.vtt and the sheets it names (all three optional)
//
// Every keyEvery segments get a new key; renditions share keys, so that changing the picture's size costs no key. A
// prefix that was packaged before is returned as it is. A crash leaves either no film or a whole one. ErrBadPackage
// says that src is not such a film.
func (m *Media) Pack(ctx context.Context, src fs.FS, prefix string, keyEvery int) (Asset, error) {
	if !prefixName.MatchString(prefix) || keyEvery < 1 {
		return Asset{}, ErrBadPackage.Because("prefix %q with a key every %d segments", prefix, keyEvery)
	}
	if a, err := m.packed(ctx, m.pool, prefix); !errors.Is(err, ErrUnknownAsset) {
		return a, err
	}
	var asset Asset
	err := m.alone(ctx, prefix, func(conn *pgxpool.Conn) (err error) {
		asset, err = m.packAlone(ctx, conn, src, prefix, keyEvery)
		return err
	})
	if err != nil {
		return Asset{}, fmt.Errorf("pack %s: %w", prefix, err)
	}
	return asset, nil
}

// packed returns a film that can be played, or ErrUnknownAsset: a crash, or a storage that was lost, may leave rows or
// files alone.
func (m *Media) packed(ctx context.Context, q dbsqlc.DBTX, prefix string) (Asset, error) {
	row, err := m.q.AssetByPrefix(ctx, q, prefix)
	if err == nil {
		_, err = m.q.Key(ctx, q, dbsqlc.KeyParams{Prefix: prefix})
	}
	a, err := found(row, err)
	if err != nil {
		return Asset{}, err
	}
	if _, err := m.storage.size(ctx, filmsFolder+"/"+prefix+"/"+masterFile); errors.Is(err, fs.ErrNotExist) {
		return Asset{}, ErrUnknownAsset.Because("%s has rows and no files", prefix)
	} else if err != nil {
		return Asset{}, fmt.Errorf("look for %s: %w", prefix, err)
	}
	return a, nil
}

// alone does something to a film's files while nobody else does: the lock is the connection's, so that it ends with
// this process at the latest, and no transaction is open while files travel.
func (m *Media) alone(ctx context.Context, prefix string, do func(*pgxpool.Conn) error) error {
	conn, err := m.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := m.lockPrefix(ctx, conn, prefix); err != nil {
		return err
	}
	defer func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
		defer stop()
		if err := m.q.UnlockPrefix(ctx, conn, prefix); err != nil {
			_ = conn.Conn().Close(ctx) // and the lock with it
		}
	}()
	return do(conn)
}

// packAlone packs while nobody else packs this film. The order makes every crash harmless: what is there of an older
// attempt loses its keys, which is what makes it a film; then come the files, then the rows.
func (m *Media) packAlone(ctx context.Context, conn *pgxpool.Conn, src fs.FS, prefix string,
	keyEvery int) (Asset, error) {
	if a, err := m.packed(ctx, conn, prefix); !errors.Is(err, ErrUnknownAsset) { // another Pack was quicker
		return a, err
	}
	if err := m.q.DeleteKeysOf(ctx, conn, prefix); err != nil {
		return Asset{}, err
	}
	edition, err := m.storage.edition(ctx, prefix)
	if err != nil {
		return Asset{}, err
	}
	defer edition.discard()
	p := packer{
		ctx:      ctx,
		src:      src,
		out:      edition,
		keyEvery: keyEvery,
	}
	asset, err := p.film()
	if err != nil {
		return Asset{}, err
	}
	asset.Prefix = prefix
	if err := edition.publish(ctx); err != nil {
		return Asset{}, err
	}
	err = m.insertAsset(ctx, &asset, p.keys)
	return asset, err
}

// lockPrefix asks again and again: a film may take longer than PostgreSQL lets a statement wait.
func (m *Media) lockPrefix(ctx context.Context, conn *pgxpool.Conn, prefix string) error {
	for {
		if mine, err := m.q.TryLockPrefix(ctx, conn, prefix); mine || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// insertAsset makes a film of the files that are in place: without these rows nobody knows it.
func (m *Media) insertAsset(ctx context.Context, a *Asset, keys [][]byte) error {
	renditions, err := json.Marshal(a.Renditions)
	if err != nil {
		return err
	}
	captions, err := json.Marshal(a.Captions)
	if err != nil {
		return err
	}
	sounds, err := json.Marshal(slices.Concat([]Sound{}, a.Sounds)) // [] and not null
	if err != nil {
		return err
	}
	return db.InTx(ctx, m.pool, func(tx pgx.Tx) error {
		a.ID, err = m.q.UpsertAsset(ctx, tx, dbsqlc.UpsertAssetParams{
			Prefix:          a.Prefix,
			DurationSeconds: int32(a.DurationSeconds),
			Renditions:      renditions,
			Sounds:          sounds,
			Captions:        captions,
			HasThumbnails:   a.HasThumbnails,
			CreatedAt:       m.now(),
		})
		if err != nil {
			return err
		}
		numbers, wrapped := make([]int32, len(keys)), make([][]byte, len(keys))
		for i, k := range keys {
			numbers[i], wrapped[i] = int32(i), m.keys.Seal(k, place(a.ID, i))
		}
		return m.q.InsertKeys(ctx, tx, dbsqlc.InsertKeysParams{
			AssetID: a.ID,
			Numbers: numbers,
			Wrapped: wrapped,
		})
	})
}

// packer writes one film into an edition.
type packer struct {
	ctx      context.Context // of the one call that it lives for
	src      fs.FS
	out      edition
	keyEvery int
	keys     [][]byte
}

func (p *packer) film() (Asset, error) {
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

// trailer is the begin of the smallest rendition, with the sound that is heard by default.
func (p *packer) trailer(r Rendition, sounds []Sound) error {
	picture, err := p.trailerPart(r.Name, "")
	if err != nil {
		return err
	}
	var sound Playlist
	if len(sounds) > 0 {
		if sound, err = p.trailerPart(byDefault(sounds).Name, trailerSound); err != nil {
			return err
		}
	}
	for name, text := range trailerPlaylists(r, picture, sound) {
		if err := p.write("trailer/"+name, text); err != nil {
			return err
		}
	}
	return nil
}

// trailerPart copies the begin of a folder, each file's name with a prefix.
func (p *packer) trailerPart(folder, prefix string) (Playlist, error) {
	list, err := p.clear(folder)
	if err != nil {
		return Playlist{}, err
	}
	list.Segments = list.Segments[:min(trailerSegments, len(list.Segments))]
	for _, file := range append([]string{list.Init}, files(list.Segments)...) {
		if err := p.copy(folder+"/"+file, "trailer/"+prefix+file); err != nil {
			return Playlist{}, err
		}
	}
	return list.renamed(prefix), nil
}

func files(segments []Segment) []string {
	names := make([]string, len(segments))
	for i, s := range segments {
		names[i] = s.File
	}
	return names
}

func (p *packer) captions() ([]Caption, error) {
	names, err := fs.Glob(p.src, "*.vtt")
	if err != nil {
		return nil, err
	}
	captions := []Caption{}
	for _, name := range names {
		if name == ThumbsFile {
			continue
		}
		language := strings.TrimSuffix(name, ".vtt")
		if !languageName.MatchString(language) {
			return nil, ErrBadPackage.Because("%s is not <language>.vtt", name)
		}
		text, err := p.webVTT(name)
		if err != nil {
			return nil, err
		}
		if err := p.write("film/"+ExtrasFolder+"/"+name, text); err != nil {
			return nil, err
		}
		captions = append(captions, Caption{Language: language, File: name})
	}
	return captions, nil
}

// thumbnails copies thumbs.vtt and the sheets that its cues name: "sheet.jpg#xywh=0,0,160,90".
func (p *packer) thumbnails() (bool, error) {
	text, err := p.webVTT(ThumbsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	copied := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		sheet, _, ok := strings.Cut(strings.TrimSpace(line), "#xywh=")
		if !ok || copied[sheet] {
			continue
		}
		if !sheetName.MatchString(sheet) {
			return false, ErrBadPackage.Because("thumbs.vtt names %.80q", sheet)
		}
		if err := p.copy(sheet, "film/"+ExtrasFolder+"/"+sheet); err != nil {
			return false, err
		}
		copied[sheet] = true
	}
	return true, p.write("film/"+ExtrasFolder+"/"+ThumbsFile, text)
}

func (p *packer) webVTT(name string) ([]byte, error) {
	text, err := p.read(name)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("WEBVTT")) {
		return nil, ErrBadPackage.Because("%s is not WebVTT", name)
	}
	return text, nil
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
