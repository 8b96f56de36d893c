package media

import (
	"context"
	"image"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// Accept is what the end of an upload does.
func (m *Media) Accept(ctx context.Context, o Original) (id int64, err error) {
	err = db.InTx(ctx, m.pool, func(tx pgx.Tx) (err error) {
		id, err = m.acceptTx(ctx, tx, o)
		return err
	})
	return id, err
}

// WorkDir is where videos are made.
func (m *Media) WorkDir() string { return m.work.Dir }

// Join opens the clear video in dir and joins some of its segments.
func Join(dir, to, rendition, init string, segments []string) error {
	video, err := openClear(dir)
	if err != nil {
		return err
	}
	defer video.Close()
	return video.join(to, rendition, init, segments)
}

// SmallInSRGB is what becomes of decoded pixels before a cover is drawn of them.
func SmallInSRGB(p image.Image, profile []byte) image.Image {
	return inSRGB(reduce(p, 1, false), profile)
}

// WaitForCovers sets how long a picture waits for its turn.
func (m *Media) WaitForCovers(wait time.Duration) { m.turns = newTurns(UsualCoverMemory, wait) }

// CoverTurns is how many pictures are taken in at the same time, TriesADay how many one creator may try.
const (
	CoverTurns = coverTurns
	TriesADay  = triesADay
)

// FakeDisk has every disk say that it has as many free bytes as free returns.
func (m *Media) FakeDisk(floor int64, free func() int64) {
	m.disk = diskFloor{
		bytes: floor,
		free:  func(string) (int64, error) { return free(), nil },
	}
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
