package media

import (
	"context"
	"image"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// Accept makes a video of a file, as the end of an upload does.
func (pl *Pipeline) Accept(ctx context.Context, o Original) (id int64, err error) {
	err = db.InTx(ctx, pl.pool, func(tx pgx.Tx) (err error) {
		id, err = pl.acceptTx(ctx, tx, o)
		return err
	})
	return id, err
}

// WorkDir is where videos are made.
func (pl *Pipeline) WorkDir() string { return pl.work.dir }

// Join opens the clear video in dir and joins some of its segments.
func Join(dir, to, rendition, init string, segments []string) error {
	video, err := openClear(dir)
	if err != nil {
		return err
	}
	defer video.Close()
	return video.join(to, rendition, init, segments)
}

// SmallInSRGB reduces decoded pixels and converts them to sRGB, as is done before a cover is drawn.
func SmallInSRGB(p image.Image, profile []byte) image.Image {
	return inSRGB(reduce(p, 1, false), profile)
}

// SetWait sets how long a picture waits for its turn.
func (cv *Covers) SetWait(wait time.Duration) { cv.turns = newTurns(UsualCoverMemory, wait) }

// CoverTurns is how many pictures are taken in at the same time, TriesADay how many one creator may try.
const (
	CoverTurns = coverTurns
	TriesADay  = triesADay
)

// Fake has every disk say that it has as many free bytes as free returns.
func (ds *Disks) Fake(floor int64, free func() int64) {
	ds.floor = floor
	ds.free = func(string) (int64, error) { return free(), nil }
}

// PictureCodecs and SoundCodecs are the codecs that the mall takes, with their decoders.
func PictureCodecs() map[string][]string { return decodersOf(pictureCodecs()) }

// SoundCodecs is PictureCodecs for sound.
func SoundCodecs() map[string][]string { return decodersOf(soundCodecs()) }

func decodersOf(list []codec) map[string][]string {
	m := map[string][]string{}
	for _, c := range list {
		m[c.name] = c.decoders
	}
	return m
}
