package media_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image/png"
	"io"
	"testing"
	"time"

	"videomall/mall/media"
)

func TestCovers_Begin(t *testing.T) {
	t.Parallel()
	t.Run("one of each creator", func(t *testing.T) {
		t.Parallel()
		f := open(t)
		first, err := f.Covers.Begin(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Covers.Begin(t.Context(), 1); !errors.Is(err, media.ErrCoverBusy) {
			t.Fatalf("a second one beside it: %v", err)
		}
		other, err := f.Covers.Begin(t.Context(), 2)
		if err != nil {
			t.Fatalf("another creator's: %v", err)
		}
		other.End()
		first.End()
		first.End() // twice is once
		again, err := f.Covers.Begin(t.Context(), 1)
		if err != nil {
			t.Fatalf("after the first: %v", err)
		}
		again.End()
	})
	t.Run("a few of all, and none is read before its turn", func(t *testing.T) {
		t.Parallel()
		f := open(t)
		f.Covers.SetWait(time.Millisecond)
		var turns []*media.CoverTurn
		for i := range media.CoverTurns {
			turn, err := f.Covers.Begin(t.Context(), int64(i+1))
			if err != nil {
				t.Fatal(err)
			}
			turns = append(turns, turn)
		}
		unread := bytes.NewReader([]byte("not a byte of this"))
		if _, err := f.Covers.Save(t.Context(), 100, unread); !errors.Is(err, media.ErrCoversWaiting) ||
			unread.Len() != 18 {
			t.Fatalf("%v, and %d bytes are unread", err, unread.Len())
		}
		turns[0].End()
		turn, err := f.Covers.Begin(t.Context(), 100)
		if err != nil {
			t.Fatalf("after one of them: %v", err)
		}
		for _, o := range append(turns, turn) {
			o.End()
		}
	})
	t.Run("tries count, whatever becomes of them", func(t *testing.T) {
		t.Parallel()
		f := open(t)
		for range media.TriesADay {
			if _, err := f.Covers.Save(t.Context(), 1, bytes.NewReader(nil)); !errors.Is(err, media.ErrCoverKind) {
				t.Fatal(err)
			}
		}
		if _, err := f.Covers.Save(t.Context(), 1, bytes.NewReader(nil)); !errors.Is(err, media.ErrCoversMany) {
			t.Fatal(err)
		}
		if _, err := f.Covers.Save(t.Context(), 2, bytes.NewReader(nil)); !errors.Is(err, media.ErrCoverKind) {
			t.Fatalf("another creator: %v", err)
		}
	})
}

// deep is the head of a PNG of 16 bits a channel.
func deep(w, h uint32) []byte {
	raw := claims(w, h)
	raw[24] = 16
	binary.BigEndian.PutUint32(raw[29:], crc32.ChecksumIEEE(raw[12:29]))
	return raw
}

func TestCoverTurn_Save(t *testing.T) {
	t.Parallel()
	f := open(t)
	// 640 × 360
	animated := append([]byte("RIFF\x1e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00"), 0x7f, 2, 0, 0x67, 1, 0)
	whole := encoded(t, func(w io.Writer) error { return png.Encode(w, halves(640, 360)) })
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		// decoding began, and found no pixels
		"forty million of 8 bits fit":       {claims(8000, 5000), media.ErrCoverKind},
		"as many of 16 bits do not":         {deep(8000, 5000), media.ErrCoverMemory},
		"an animated WebP":                  {animated, media.ErrCoverAnimated},
		"more bytes than the request's own": {whole, media.ErrCoverSize},
	} {
		turn, err := f.Covers.Begin(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		most := int64(-1)
		if c.want == media.ErrCoverSize {
			most = 10
		}
		if stem, err := turn.Save(t.Context(), bytes.NewReader(c.raw), most); !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v", name, stem, err)
		}
		turn.End()
	}
}
